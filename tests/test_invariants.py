"""The invariants of the design, checked one by one over the whole shipped corpus."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import sampled
from model_server import serve, text

from assistant.answering.answers import NOT_FOUND
from assistant.answering.model import language_model
from assistant.answering.support.support_check import supported
from assistant.assistant import Assistant, Examination
from assistant.core.config import Settings
from assistant.core.types import Answer, Citation, ScoredPassage, Source
from assistant.ingest import files

ELSEWHERE = [
    "Who painted the ceiling of the Sistine Chapel?",
    "How do I bake sourdough bread?",
    "What is the boiling point of ethanol?",
    "Who won the football world cup in 1998?",
    "How tall is the Eiffel Tower?",
    "What is the capital of Mongolia?",
    "When was Microsoft founded?",
    "Which planet has the most moons?",
    "How many legs does a spider have?",
    "Who wrote Pride and Prejudice?",
]
"""Questions that no document of the corpus answers."""


@pytest.fixture(scope="module")
def questions(shipped: Assistant) -> list[str]:
    """A sample of the titles of the corpus, and of its headings."""
    titles = {entry.title for entry in shipped.list()}
    headings = {h.title for e in shipped.list() for h in shipped.show(e.id).headings} - titles
    return [*sampled(sorted(titles), 3), *sampled(sorted(headings)[::8], 3)]


@pytest.fixture(scope="module")
def examined(shipped: Assistant, questions: list[str]) -> list[Examination]:
    """Each question, and each of ELSEWHERE last: its answer and what it was made from."""
    return [shipped.examine(question) for question in [*questions, *ELSEWHERE]]


@pytest.fixture(scope="module")
def answers(examined: list[Examination]) -> list[Answer]:
    return [examination.answer for examination in examined]


@pytest.fixture
def copy(shipped: Assistant, tmp_path: Path) -> Iterator[Assistant]:
    """The same documents in a store of its own, which begins without an index."""
    home = tmp_path / "home"
    shutil.copytree(shipped.settings.home / "originals", home / "originals")
    with (
        sqlite3.connect(shipped.settings.home / "ledger.db") as held,
        sqlite3.connect(home / "ledger.db") as db,
    ):
        held.backup(db)
    held.close()
    db.close()
    with Assistant.open(replace(shipped.settings, home=home)) as opened:
        yield opened


def shipped_sources(assistant: Assistant) -> list[Source]:
    assert assistant.settings.corpus
    return files.shipped(assistant.settings.corpus)


def changed(source: Source) -> Source:
    """Another version of a document: a sentence more, and a word that only it has."""
    return Source(source.name, lambda: source.load() + b"\n\nThis is the third quokka edition.\n")


# -- 1: offsets --------------------------------------------------------------------------------------


def test_every_passage_and_every_sentence_stands_where_it_says(shipped: Assistant) -> None:
    for entry in shipped.list():
        document, end = shipped.show(entry.id), 0
        for passage in shipped.library.ledger.passages_of(entry.id):
            assert document.text[passage.start : passage.end] == passage.text
            assert not document.text[end : passage.start].strip(), "text between two passages is lost"
            assert all(passage.start <= s.start < s.end <= passage.end for s in passage.sentences)
            end = passage.end
        assert not document.text[end:].strip()


def test_every_citation_is_the_text_at_its_place(shipped: Assistant, answers: list[Answer]) -> None:
    citations = [citation for answer in answers for citation in quoted(answer)]
    assert len(citations) > len(answers)
    assert all(shipped.show(c.document_id).text[c.start : c.end] == c.quote for c in citations)


# -- 2: citations ------------------------------------------------------------------------------------


def test_every_citation_is_of_this_retrieval_and_supports_its_sentence(examined: list[Examination]) -> None:
    for examination in examined:
        answer, found = examination.answer, by_id(examination.passages)
        by_number = {citation.number: citation for citation in answer.citations}
        assert all(citation.passage_id in found for citation in quoted(answer))
        for sentence in answer.sentences if answer.answered else ():
            assert sentence.citations, f"{sentence.text!r} rests on nothing"
            for number in sentence.citations:
                citation = by_number[number]
                above = context(found[citation.passage_id])
                if citation.cells:
                    values = " ".join(cell.value for cell in citation.cells)
                    assert set(re.findall(r"\w+", values)) <= set(re.findall(r"\w+", citation.quote))
                    continue
                assert supported(sentence.text, citation.quote, context=above), (
                    sentence.text,
                    citation.quote,
                )


def by_id(passages: Sequence[ScoredPassage]) -> dict[str, ScoredPassage]:
    return {scored.passage.id: scored for scored in passages}


def context(scored: ScoredPassage) -> str:
    """Return the context of a passage: its headings, and its rows of column names."""
    rows = re.findall(r"^\|.*\|$", scored.passage.text, re.MULTILINE)
    return "\n".join([scored.title, *scored.passage.headings, scored.passage.header or "", *rows])


def test_what_a_model_makes_up_is_marked_and_its_false_citations_are_gone(
    shipped: Assistant, questions: list[str]
) -> None:
    """It copies one sentence, cites it by a wrong number, cites what was not given, and invents one."""

    def lying(prompt: str) -> str:
        given = re.search(r"passage 1\n(.*?)\nEND", prompt, re.DOTALL)
        assert given
        true = max(re.findall(r"[A-Z][^.|\n]{40,}\.", given[1]) or ["Nothing is said here."], key=len)
        false = "The moon is made of green cheese, as 17 geologists found in Wellington."
        return f"{true} [1] {false} [1] {true} [99] {false} [2]"

    shown = 0
    with serve(lambda prompt: text(lying(prompt))) as model:
        settings = replace(shipped.settings, model="m", base_url=model.url)
        liar = Assistant.__new__(Assistant)
        liar.__dict__.update(vars(shipped) | {"settings": settings, "_model": language_model.model(settings)})
        for question in sampled(questions, 4):
            examination = liar.examine(question)
            answer = examination.answer
            assert answer.mode == "model" or "bear out" in (answer.notice or "")
            assert {c.passage_id for c in quoted(answer)} <= by_id(examination.passages).keys()
            assert not any("cheese" in s.text and s.citations for s in answer.sentences)
            numbers = {n for s in answer.sentences for n in s.citations}
            assert numbers == {c.number for c in answer.citations}
            for citation in answer.citations:
                assert (
                    shipped.show(citation.document_id).text[citation.start : citation.end] == citation.quote
                )
            shown += len(answer.citations)
    assert shown


# -- 3: the ledger is the truth ----------------------------------------------------------------------


def test_an_index_that_is_gone_comes_back_and_finds_the_same(
    shipped: Assistant, copy: Assistant, answers: list[Answer]
) -> None:
    health = copy.check()
    assert health == shipped.check()
    assert health.problems == ()
    for answer in sampled(answers, 4):
        assert replace(copy.ask(answer.question), timings_ms={}) == replace(answer, timings_ms={})
    copy.close()
    shutil.rmtree(copy.settings.home / "index")
    with Assistant.open(copy.settings) as again:
        assert again.check() == health
        for answer in sampled(answers, 8):
            assert replace(again.ask(answer.question), timings_ms={}) == replace(answer, timings_ms={})


# -- 4: whole documents or none ----------------------------------------------------------------------


def test_of_every_document_only_the_present_version_is_cited(copy: Assistant, questions: list[str]) -> None:
    old = {entry.source: entry.id for entry in copy.list()}
    outcomes = list(copy.add(map(changed, shipped_sources(copy))))
    assert {outcome.status for outcome in outcomes} == {"updated"}
    assert not {entry.id for entry in copy.list()} & set(old.values())
    for question in sampled(questions, 4):
        for citation in quoted(copy.ask(question)):
            assert citation.document_id not in old.values()
            assert copy.show(citation.document_id).text[citation.start : citation.end] == citation.quote
    assert "third quokka edition" in copy.ask("Which edition does the quokka have?").text
    assert copy.check().problems == ()


def test_a_removed_document_is_cited_by_no_answer(copy: Assistant) -> None:
    asked = {entry.id for entry in sampled(copy.list(), 5)}
    for entry in copy.list():
        copy.remove(entry.id)
        if entry.id in asked:
            cited = {citation.document_id for citation in quoted(copy.ask(entry.title, "talk"))}
            assert entry.id not in cited
    assert copy.list() == []
    assert copy.check().passages == 0
    assert not list((copy.settings.home / "originals").iterdir())


def quoted(answer: Answer) -> Sequence[Citation]:
    return (*answer.citations, *answer.related)


# -- 5: the same bytes again (and SIGKILL: test_kill) ------------------------------------------------


def test_adding_the_corpus_again_changes_nothing(copy: Assistant) -> None:
    def state() -> object:
        keys = [record.key for records in copy.library.ledger.records() for record in records]
        return copy.list(), keys, copy.check()

    before = state()
    assert {outcome.status for outcome in copy.add(shipped_sources(copy))} == {"unchanged"}
    assert state() == before


# -- 6: nothing but the corpus -----------------------------------------------------------------------


def test_what_the_corpus_does_not_hold_is_not_answered(answers: list[Answer]) -> None:
    for answer in answers[-len(ELSEWHERE) :]:
        assert not answer.answered, answer.question
        assert answer.text == NOT_FOUND
        assert answer.citations == ()
        assert answer.related


def test_every_word_of_an_answer_stands_in_the_passages(examined: list[Examination]) -> None:
    answered = [examination for examination in examined if examination.answer.answered]
    assert len(answered) > len(examined) / 2
    for examination in answered:
        found, answer = by_id(examination.passages), examination.answer
        for sentence, citation in zip(answer.sentences, answer.citations, strict=True):
            columns = " ".join(cell.name for cell in citation.cells)
            there = f"{citation.quote} {columns} {context(found[citation.passage_id])}"
            assert set(re.findall(r"\w+", sentence.text)) <= set(re.findall(r"\w+", there))


def test_a_store_without_documents_answers_nothing(settings: Settings) -> None:
    with Assistant.open(settings) as empty:
        for question in ELSEWHERE[:3]:
            answer = empty.ask(question)
            assert (answer.answered, answer.citations, answer.related) == (False, (), ())
