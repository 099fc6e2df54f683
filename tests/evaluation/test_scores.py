"""The marks of one answer, from answers and passages made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.core.types import Answer, Citation, Passage, Query, ScoredPassage, Sentence
from assistant.evaluation.golden.sets import Place, Question
from assistant.evaluation.scoring import scores
from assistant.evaluation.scoring.scores import ExaminedAnswer

OIL = "Iran ships oil to Venezuela. The trade is worth 3 billion dollars a year."
BEES = "Bees dance in circles."


def passage(text: str, source: str, number: int = 0) -> ScoredPassage:
    passage = Passage(f"{source}-{number}", source, number, 0, len(text), text)
    return ScoredPassage(passage, "Title", source, 1.0)


RETRIEVED = (
    passage(BEES, "home/corpus/bees.md"),
    passage(OIL, "home/corpus/oil.md"),
    passage("More on oil.", "home/corpus/oil.md", 1),
)


def cited(quote: str, scored: ScoredPassage, number: int = 1) -> Citation:
    passage = scored.passage
    start, end = passage.text.index(quote), passage.text.index(quote) + len(quote)
    return Citation(number, passage.document_id, passage.id, "Title", scored.source, None, start, end, quote)


def answered(*pairs: tuple[str, Citation | None]) -> ExaminedAnswer:
    sentences = tuple(Sentence(text, (c.number,) if c else ()) for text, c in pairs)
    citations = tuple(c for _, c in pairs if c)
    answer = Answer("?", "?", True, sentences, citations)
    return ExaminedAnswer(Query("?"), RETRIEVED, answer, 0.9, 12.0, " ".join(text for text, _ in pairs))


def abstained(draft: str = "") -> ExaminedAnswer:
    answer = Answer("?", "?", False, (Sentence("The documents do not answer this question."),))
    return ExaminedAnswer(Query("?"), RETRIEVED, answer, 0.1, 12.0, draft)


def likeness(_: str, others: Sequence[str]) -> list[float]:
    return [0.25] * len(others)


def score(question: Question, examined: ExaminedAnswer) -> scores.Marks:
    return scores.score_answer(question, examined, likeness)


WORTH = "The trade is worth 3 billion dollars a year."


def test_an_unanswerable_question_is_marked_for_abstention_alone() -> None:
    question = Question("q", "?", answerable=False)
    assert score(question, abstained()) == {"abstained_rightly": 1, "abstention_precision": 1, "latency": 12}


def test_answering_the_unanswerable_is_marked() -> None:
    found = score(Question("q", "?", answerable=False), answered((WORTH, cited(WORTH, RETRIEVED[1]))))
    assert found["abstained_rightly"] == 0
    assert "abstention_precision" not in found


def test_who_abstains_wrongly_has_no_facts_and_no_citation() -> None:
    question = Question("q", "?", documents=("corpus/oil.md",), facts=(("3 billion",),), reference=WORTH)
    found = score(question, abstained(draft=WORTH))
    assert found["abstained_wrongly"] == 1
    assert found["abstention_precision"] == found["facts"] == found["cited"] == found["rougeL"] == 0
    assert "citation_precision" not in found


def test_a_right_answer_has_full_marks() -> None:
    question = Question("q", "?", documents=("corpus/oil.md",), facts=(("3 billion",),), reference=WORTH)
    found = score(question, answered((WORTH, cited(WORTH, RETRIEVED[1]))))
    full = ("facts", "cited", "citation_precision", "citation_recall", "rougeL")
    assert [found[name] for name in full] == [1] * 5
    assert found["similarity"] == 0.25
    assert found["abstained_wrongly"] == 0


def test_documents_count_once_at_their_best_passage() -> None:
    found = score(Question("q", "?", documents=("oil.md", "absent.md")), abstained())
    assert (found["recall@1"], found["recall@2"], found["recall@10"]) == (0, 0.5, 0.5)
    assert (found["hit@1"], found["hit@3"], found["mrr"]) == (0, 1, 0.5)
    assert found["ndcg@10"] == pytest.approx(0.6309 / 1.6309, abs=1e-4)


def test_passages_are_looked_for_by_quote_where_the_question_gives_any() -> None:
    found = score(
        Question("q", "?", documents=("bees.md",), passages=("trade is WORTH 3  billion",)), abstained()
    )
    assert (found["recall@1"], found["recall@2"]) == (0, 1)


def test_facts_need_all_and_of_each_any_without_case_and_white_space() -> None:
    question = Question("q", "?", facts=(("3 Billion  dollars",), ("monthly", "a year")))
    assert scores.has_facts("the trade: 3\nbillion dollars A YEAR", question)
    assert not scores.has_facts("3 billion dollars", question)


def test_patterns_must_match() -> None:
    question = Question("q", "?", patterns=(r"\b3 (billion|bn)\b",))
    assert scores.has_facts("about 3 BN", question)
    assert not scores.has_facts("about 13 bnx", question)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a|aa)+c", "(.*a){20}b", "^(([a-z])+.)+[A-Z]$"])
def test_no_pattern_backtracks(pattern: str) -> None:
    # Python's engine takes longer than the universe is old for these.
    assert not scores.has_facts("a" * 5_000 + "!", Question("q", "?", patterns=(pattern,)))


def test_numbers_of_citations_are_no_part_of_an_answer() -> None:
    question = Question("q", "?", facts=(("1",),))
    assert score(question, answered((WORTH, cited(WORTH, RETRIEVED[1]))))["facts"] == 0


def test_citations_are_judged_one_by_one() -> None:
    pairs = [(WORTH, cited(WORTH, RETRIEVED[1])), (BEES, cited(BEES, RETRIEVED[0], 2))]
    found = score(Question("q", "?", documents=("oil.md",)), answered(*pairs))
    assert (found["cited"], found["citation_precision"]) == (1, 0.5)


def test_a_passage_may_be_expected_by_its_place() -> None:
    at = Place("home/corpus/oil.md", 10, len(OIL))
    found = score(Question("q", "?", passages=(at,)), answered((WORTH, cited(WORTH, RETRIEVED[1]))))
    assert (found["recall@1"], found["recall@2"], found["cited"]) == (0, 1, 1)


def test_to_rest_on_what_was_marked_wrong_and_on_nothing_else_is_the_same_fault() -> None:
    bad = Place("home/corpus/bees.md", 0, len(BEES))
    question = Question("q", "?", wrong=(bad,))
    again, more = cited(BEES, RETRIEVED[0]), cited(WORTH, RETRIEVED[1], 2)
    assert score(question, answered((BEES, again)))["repeated"] == 1
    assert score(question, answered((BEES, again), (WORTH, more)))["repeated"] == 0
    assert score(question, abstained())["repeated"] == 0


def test_a_sentence_is_supported_by_its_own_quote_only() -> None:
    pairs = [
        (WORTH, cited(WORTH, RETRIEVED[1])),
        (WORTH, cited(BEES, RETRIEVED[0], 2)),
        (WORTH, None),
        ("The trade is worth 4 billion dollars a year.", cited(WORTH, RETRIEVED[1], 3)),
    ]
    assert score(Question("q", "?"), answered(*pairs))["citation_recall"] == 0.25


@pytest.mark.parametrize(
    ("source", "name", "same"),
    [
        ("corpus/a/oil.md", "oil.md", True),
        ("corpus/a/oil.md", "corpus/a/oil.md", True),
        ("/home/me/corpus/a/oil.md", "corpus/a/oil.md", True),
        ("C:\\docs\\oil.md", "docs/oil.md", True),
        ("corpus/a/foil.md", "oil.md", False),
        ("corpus/a/oil.md.txt", "oil.md", False),
    ],
)
def test_a_document_is_named_by_how_its_source_ends(source: str, name: str, same: bool) -> None:
    assert scores.is_named(source, name) is same


def test_a_passage_is_of_a_quote_that_it_holds_half_of() -> None:
    quote = "one two three four five six seven eight"
    assert scores.contains_quote("zero one two three four five six", quote)
    assert not scores.contains_quote("seven eight nine ten eleven twelve thirteen", quote)


def test_a_draft_is_judged_even_where_it_was_not_said() -> None:
    question = Question("q", "?", facts=(("3 billion",),))
    assert scores.would_be_right(question, abstained(draft=WORTH))
    assert not scores.would_be_right(question, abstained(draft=BEES))
    assert not scores.would_be_right(Question("q", "?", answerable=False), abstained(draft=WORTH))
    assert scores.would_be_right(Question("q", "?", documents=("oil.md",)), abstained())
    assert not scores.would_be_right(Question("q", "?", documents=("absent.md",)), abstained())
