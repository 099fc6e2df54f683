"""Answers without a model: exact quotes of the best sentences, whatever the documents look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Hashing
from conftest import given as sources
from documents import document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.answering.extractive import CHARACTERS, RELATED, SENTENCES, Extract, extract, related
from assistant.assistant import Assistant
from assistant.core.errors import ReadError
from assistant.core.types import Citation, Document, Query, ScoredPassage, ScoredSentence
from assistant.ingest.files import source
from assistant.ingest.library import Library
from assistant.ingest.splitting import split
from assistant.retrieval.late_interaction import QUOTED
from assistant.retrieval.retriever import Retriever


def scored(document: Document, *, score: float = 1.0) -> list[ScoredPassage]:
    """All passages of a document, all equally good."""
    return [
        ScoredPassage(
            p,
            document.title,
            document.source,
            score,
            cosine=0.6,
            words=0.5,
            coverage=0.7,
            sentences=tuple(ScoredSentence(s, 0.6, 0.7, 0.8) for s in p.sentences),
        )
        for p in split(document)
    ]


def better(passages: Sequence[ScoredPassage], quote: str) -> list[ScoredPassage]:
    """The same passages, where the sentences that hold `quote` are nearer to the question."""

    def nearer(passage: ScoredPassage, sentence: ScoredSentence) -> ScoredSentence:
        start, end = sentence.span.start - passage.passage.start, sentence.span.end - passage.passage.start
        return replace(sentence, cosine=0.9) if quote in passage.passage.text[start:end] else sentence

    return [replace(p, sentences=tuple(nearer(p, s) for s in p.sentences)) for p in passages]


def are_exact(citations: Sequence[Citation], text: str) -> bool:
    return all(text[c.start : c.end] == c.quote != "" for c in citations)


# -- what is quoted ----------------------------------------------------------------------------------


def test_the_best_sentences_are_quoted_word_for_word_in_reading_order() -> None:
    kettle = document(
        "# Kettle\n\nFirst it is filled. Then it boils for 95 seconds. Last it whistles.\n\nIt is blue.\n"
    )
    found = extract("How long does it boil?", scored(kettle))
    assert [s.text for s in found.sentences] == [
        "First it is filled.",
        "Then it boils for 95 seconds.",
        "Last it whistles.",
    ]
    assert [s.citations for s in found.sentences] == [(1,), (2,), (3,)]
    assert [c.number for c in found.citations] == [1, 2, 3]
    assert are_exact(found.citations, kettle.text)


def test_one_sentence_that_stands_out_is_quoted_alone() -> None:
    kettle = document("# Kettle\n\nIt is filled. It boils for 95 seconds. It whistles.\n")
    found = extract("How long does it boil?", better(scored(kettle), "95"))
    assert "It boils for 95 seconds." in [s.text for s in found.sentences]


def test_long_sentences_are_quoted_only_as_far_as_they_fit() -> None:
    long = [f"It boils {'very ' * 40}well {word}." for word in ("today", "tomorrow", "mostly")]
    kettle = document(f"# Kettle\n\n{' '.join(long)} It whistles.\n")
    found = extract("How does it boil?", scored(kettle))
    assert sum(len(c.quote) for c in found.citations) <= CHARACTERS
    alone = document(f"# Kettle\n\nIt boils {'very ' * 200}well.\n")
    assert len(extract("How does it boil?", scored(alone)).sentences) == 1


def test_the_best_sentence_is_the_answer_and_others_are_evidence() -> None:
    one, two = (
        document("# A\n\nA kettle whistles.\n", "a.md"),
        document("# B\n\nWater boils at 100 degrees.\n", "b.md"),
    )
    found = extract("When does water boil?", better([*scored(one), *scored(two)], "100"))
    assert [c.source for c in found.citations] == ["b.md"]
    assert [c.source for c in found.evidence] == ["a.md"]


def test_what_is_said_twice_is_quoted_once() -> None:
    twice = document(
        "# Kettle\n\nThe kettle boils in 95 seconds.\n\n## More\n\nThe kettle boils in 95 seconds!\n"
    )
    assert len(extract("How long?", scored(twice)).sentences) == 1


def test_headings_answer_nothing() -> None:
    kettle = document("# Kettle\n\n## How long it boils\n\nFor 95 seconds.\n")
    assert [s.text for s in extract("How long?", scored(kettle)).sentences] == ["For 95 seconds."]
    empty = document("# Kettle\n\n## How long it boils\n\n## Why it boils\n")
    assert extract("How long?", scored(empty)).citations == ()


def test_a_row_is_spoken_by_its_column_names_and_quoted_as_it_stands() -> None:
    table = document("# Trade\n\n| Year | Volume |\n|---|---|\n| 2007 | 16.6 |\n| 2008 | 26.6 |\n")
    found = extract("How much in 2008?", better(scored(table), "2008"))
    at = [s.text for s in found.sentences].index("Year: 2008; Volume: 26.6.")
    assert found.citations[at].quote == "| 2008 | 26.6 |"
    assert not any("Year; " in s.text or s.text.startswith("Year, ") for s in found.sentences)


@pytest.mark.parametrize(
    ("row", "spoken"),
    [
        ("| 2008 | |", "Year: 2008."),
        ("| | 26.6 |", "Volume: 26.6."),
        ("| 2008 | 26.6 | more |", "2008, 26.6, more."),
        ("| 2008 |", "2008."),
    ],
)
def test_a_row_that_lacks_something_is_spoken_as_far_as_it_goes(row: str, spoken: str) -> None:
    table = document(f"# Trade\n\n| Year | Volume |\n|---|---|\n{row}\n")
    assert spoken in [s.text for s in extract("How much?", scored(table)).sentences]


def test_an_empty_row_says_nothing() -> None:
    table = document("# Trade\n\n| Year | Volume |\n|---|---|\n| | |\n| 2008 | 26.6 |\n")
    assert all(re.search(r"\w", s.text) for s in extract("How much?", scored(table)).sentences)


def test_marks_of_lists_are_not_spoken() -> None:
    listed = document("# Care\n\n- Descale it with acid.\n1. Rinse it twice.\n* Dry it well.\n")
    spoken = {s.text for s in extract("What is care?", scored(listed)).sentences}
    assert spoken == {"Descale it with acid.", "Rinse it twice.", "Dry it well."}


def test_what_is_related_is_the_best_sentence_of_each_of_the_nearest() -> None:
    documents = [document(f"# T{n}\n\nIt is {n}. It has {n} parts.\n", f"{n}.md") for n in range(5)]
    passages = [p for d in documents for p in scored(d)]
    found = related(better(passages, "parts"))
    assert [c.quote for c in found] == [f"It has {n} parts." for n in range(RELATED)]
    assert [c.number for c in found] == [1, 2, 3]


def test_without_passages_there_is_no_answer() -> None:
    assert extract("What?", []) == Extract((), (), (), 0.0, False)


# -- any document ------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        "# Head",
        "## Head",
        "### ",
        "| a | b |",
        "|---|---|",
        "| | |",
        "| x | |",
        "|",
        "||",
        "| 1 | 2 | 3 |",
        "- item",
        "1. one",
        "Text here. More of it!",
        "☃ ☃.",
        "```",
        "code | more",
        "---",
        "",
        "> quoted.",
        "a",
    ]
)


@given(
    st.lists(LINES, max_size=20).map("\n".join), st.sampled_from(["How much is a?", "head", "", "When?", "2"])
)
@settings(max_examples=300)
def test_whatever_the_document_every_quote_is_exact(text: str, question: str) -> None:
    try:
        odd = document(text)
    except ReadError:
        return
    found = extract(question, scored(odd))
    assert are_exact([*found.citations, *found.related], odd.text)
    assert [s.citations for s in found.sentences] == [(c.number,) for c in found.citations]
    assert len(found.citations) <= SENTENCES
    assert 0 <= found.confidence <= 1
    assert all(s.text.strip() for s in found.sentences)
    assert found.answered <= bool(found.citations)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(LINES, min_size=3, max_size=25).map("\n".join))
def test_whatever_the_document_it_can_be_asked_about(text: str, library: Library) -> None:
    [outcome] = library.add(sources(odd=f"{text}\nword"))
    if outcome.status == "rejected":
        return
    retriever = Retriever(library, Hashing())
    for question in ("How much is a?", "head"):
        passages = retriever.retrieve(Query(question))
        found = extract(question, passages)
        for citation in [*found.citations, *found.related]:
            assert are_exact([citation], library.ledger.document(citation.document_id).text)


# -- the corpus --------------------------------------------------------------------------------------


def test_only_the_best_passages_are_quoted(shipped: Assistant) -> None:
    passages = shipped.retriever.retrieve(Query("What does Iran export to Venezuela?"))
    found = extract("What does Iran export to Venezuela?", passages)
    assert {c.passage_id for c in found.citations} <= {p.passage.id for p in passages[:QUOTED]}
    assert found.answered


def test_a_question_about_something_else_is_not_answered(shipped: Assistant) -> None:
    for question in ("Who painted the ceiling of the Sistine Chapel?", "How do I bake sourdough bread?"):
        answer = shipped.ask(question)
        assert not answer.answered
        assert len(answer.related) == RELATED


def test_the_articles_as_scraped_can_be_asked_about(shared: Path, tmp_path: Path, e5: Hashing) -> None:
    """They have boilerplate, comment forms, a broken table and teasers for other articles."""
    library = Library(tmp_path, e5)
    files = sorted(path for path in (shared / "seeds").rglob("*") if path.is_file() and path.suffix)
    if not files:
        pytest.skip("there are no articles")
    assert any(outcome.status == "added" for outcome in library.add(map(source, files)))
    retriever = Retriever(library, e5)
    for question in ("What did Iran promise to Nicaragua?", "comment", "Related articles", "| |", "2012"):
        found = extract(question, retriever.retrieve(Query(question)))
        for citation in [*found.citations, *found.related]:
            assert are_exact([citation], library.ledger.document(citation.document_id).text)
    library.close()
