"""Questions about the documents themselves are answered from the ledger, each sentence cited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import given as sources

from assistant.answering.corpus_questions import CorpusQuestion, corpus_question
from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Answer, Source

RULES = """# Rules of the quay

## Speed

The speed limit inside the breakwater is 4 knots. It is checked by radar each day.

## Pilots

Boats longer than 20 metres must take a pilot. The pilots live in Peru during the winter.
"""
KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds and was made in Norway.\n"


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant.open(settings) as opened:
        list(opened.add(sources(rules=RULES, kettle=KETTLE)))
        yield opened


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is this about?", CorpusQuestion("about")),
        ("what topics do you cover", CorpusQuestion("about")),
        ("What documents do you have?", CorpusQuestion("list")),
        ("How many documents are there?", CorpusQuestion("list")),
        ("What was added last?", CorpusQuestion("newest")),
        ("Which documents mention Peru?", CorpusQuestion("mentions", "Peru")),
        ("In which document is the radar mentioned?", CorpusQuestion("mentions", "the radar")),
        ("Summarise rules.md", CorpusQuestion("summary", "rules.md")),
        ("summary of the Arvo kettle", CorpusQuestion("summary", "Arvo kettle")),
    ],
)
def test_a_question_about_the_documents_is_known(
    assistant: Assistant, question: str, expected: CorpusQuestion
) -> None:
    assert corpus_question(question, assistant.library) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is the speed limit about?",
        "Which pilots live in Peru?",
        "Summarise the history of Rome",
        "How do I list the documents?",
        "Which boats mention a pilot?",
    ],
)
def test_a_question_of_the_documents_is_none(assistant: Assistant, question: str) -> None:
    assert corpus_question(question, assistant.library) is None


def is_cited(assistant: Assistant, answer: Answer) -> bool:
    exact = all(assistant.show(c.document_id).text[c.start : c.end] == c.quote for c in answer.citations)
    numbers = [n for sentence in answer.sentences for n in sentence.citations]
    return answer.answered and exact and numbers == [c.number for c in answer.citations] != []


def test_which_documents_there_are_is_told_without_quoting_them(assistant: Assistant) -> None:
    answer = assistant.ask("What documents do you have?")
    assert (answer.answered, answer.citations, answer.related) == (False, (), ())
    assert "the 2 documents here: Arvo kettle (kettle.md); Rules of the quay (rules.md)" in answer.text


@pytest.mark.parametrize("question", ["What is this about?", "What was added last?"])
def test_each_document_is_told_by_its_name_and_a_sentence(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert is_cited(assistant, answer)
    assert {c.title for c in answer.citations} == {"Rules of the quay", "Arvo kettle"}


def test_a_summary_has_a_sentence_of_each_heading(assistant: Assistant) -> None:
    answer = assistant.ask("Summarise rules.md")
    assert is_cited(assistant, answer)
    assert [s.text.split(":")[0] for s in answer.sentences] == ["Speed", "Pilots"]


def test_only_documents_that_mention_it_are_named(assistant: Assistant) -> None:
    answer = assistant.ask("Which documents mention the Peruvians?")
    assert is_cited(assistant, answer)
    assert [c.quote for c in answer.citations] == ["The pilots live in Peru during the winter."]


def test_what_no_document_mentions_is_said_to_be_in_none(assistant: Assistant) -> None:
    answer = assistant.ask("Which documents mention walruses?")
    assert (answer.answered, answer.citations, answer.related) == (False, (), ())
    assert answer.text == "No document mentions “walruses”."


def test_of_a_document_that_alone_is_open_a_summary_is_given(assistant: Assistant) -> None:
    [rules] = [entry.id for entry in assistant.list() if entry.title == "Rules of the quay"]
    answer = assistant.ask("What is this about?", documents=[rules])
    assert is_cited(assistant, answer)
    assert {c.document_id for c in answer.citations} == {rules}


def test_topics_begin_with_the_folder_to_which_was_added_last(assistant: Assistant) -> None:
    newer = Source("boats/kayak.md", lambda: b"# Kayak\n\nA kayak is paddled by one person who sits in it.\n")
    list(assistant.add([newer]))
    assert assistant.ask("What is this about?").citations[0].title == "Kayak"
