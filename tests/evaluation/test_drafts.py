"""Drafts of golden questions: worded as a person would ask, with the right places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core.types import Document
from assistant.evaluation.drafting.drafts import Draft, draft_questions
from assistant.ingest.parse import read

CORPUS = sorted((Path(__file__).parents[2] / "corpus").rglob("*.md"))


def document(text: str) -> Document:
    return read(text.encode(), "given.md")


def ask(text: str) -> dict[str, list[str]]:
    """Each question with the words that its answer must hold."""
    found = document(f"# A title\n\n{text}\n")
    return {
        d.question: [found.text[fact.start : fact.end] for fact in d.facts] for d in draft_questions(found)
    }


@pytest.mark.parametrize(
    ("sentence", "question", "fact"),
    [
        ("The salt mine of Wieliczka opened in 1280.", "When did the salt mine of Wieliczka open?", "1280"),
        (
            "The Blue Bridge was built by monks in May 1851.",
            "When was the Blue Bridge built by monks?",
            "May 1851",
        ),
        ("In 1998, Acme opened a plant in Lyon.", "When did Acme open a plant in Lyon?", "1998"),
        (
            "Iran's exports to Cuba amount to 3 billion dollars.",
            "How much do Iran's exports to Cuba amount to?",
            "3 billion",
        ),
        (
            "Ms Ito writes that Iran's exports amounted to 20%.",
            "How much did Iran's exports amount to?",
            "20%",
        ),
        ("The Salt Museum has 14 guides.", "How many guides does the Salt Museum have?", "14"),
        ("Lake Zug has a depth of 198 metres.", "What is the depth of Lake Zug?", "198"),
        ("The Acme plant employs about 300 workers.", "How many workers does the Acme plant employ?", "300"),
        ("A visit to Wieliczka takes 3 hours.", "How long does a visit to Wieliczka take?", "3 hours"),
        ("The population of Peru is 34 million.", "What is the population of Peru?", "34 million"),
        (
            "A golden question is a question whose answer is known.",
            "What is a golden question?",
            "question whose answer is known",
        ),
        ("The capital of Peru is Lima.", "What is the capital of Peru?", "Lima"),
        ("The mayor of Lima is Ana Ruiz.", "Who is the mayor of Lima?", "Ana Ruiz"),
        ("Ana Ruiz is a Peruvian economist, says the paper.", "Who is Ana Ruiz?", "Peruvian economist"),
    ],
)
def test_a_statement_becomes_the_question_that_it_answers(sentence: str, question: str, fact: str) -> None:
    found = ask(f"{sentence} She came late.")
    if question not in found:
        pytest.fail(f"asked: {found}")
    assert found[question] == [fact]


@pytest.mark.parametrize(
    "sentence",
    [
        "It opened in 1280, long before the others.",
        "The mine opened in 1280 and nobody knows why.",
        "This was a large and heavy book.",
        "There were 300 workers, and some of them were tired.",
        "Here is a list of things that we have found.",
        "The height of their power was a great surprise.",
        "Your own plan is a plan that you have made.",
        "The best reason is the one that nobody gives.",
        "He has 14 guides in the mine every day.",
    ],
)
def test_what_cannot_be_asked_by_itself_is_left_out(sentence: str) -> None:
    assert ask(sentence) == {}


def test_rows_are_asked_for_by_name_or_by_kind() -> None:
    text = """
| Country | Capital | Trade with Iran in 2020 |
|---|---|---|
| Peru | Lima | 3 million |
| Cuba | Havana | none |

| Command | What it does |
|---|---|
| `make test` | runs the tests |
| `make lint` | checks the style |
"""
    assert ask(text) == {
        "What is the capital of Peru?": ["Lima"],
        "What is the capital of Cuba?": ["Havana"],
        "What is Peru’s trade with Iran in 2020?": ["3 million"],
        "What does the command “make test” do?": ["runs the tests"],
        "What does the command “make lint” do?": ["checks the style"],
    }


def test_rows_that_say_nothing_of_their_own_are_left_out() -> None:
    assert ask("| Name | Notes |\n|---|---|\n| Peru | fine |\n| Cuba | well |\n") == {}
    assert ask("| Country | Tax |\n|---|---|\n| Peru | low |\n| Cuba | low |\n| Chile | low |\n") == {}
    assert ask("| Country | Capital |\n|---|---|\n| Peru | Lima |\n| Peru | Cusco |\n") == {}


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("How do bees find their way home?", "How do bees find their way home?"),
        ("3.1 How to clean the filter", "How do I clean the filter?"),
        ("How the filter works", "How does the filter work?"),
        ("When a document is rejected", "When is a document rejected?"),
        ("Files that can be added", "Which files can be added?"),
        ("Adding your files", "How do I add my files?"),
        ("Bolivia's main exports to Iran", "What are Bolivia's main exports to Iran?"),
        ("Introduction", None),
        ("Table of figures", None),
        ("See also", None),
        ("Why?", None),
        ("Results and discussion", None),
    ],
)
def test_a_heading_becomes_a_question_where_it_names_one(heading: str, question: str | None) -> None:
    section = "You add a file by its name, and then you wait until all is done, as told above."
    assert list(ask(f"## {heading}\n\n{section}")) == ([question] if question else [])


def test_drafts_of_the_shipped_corpus_lie_in_it() -> None:
    found = [draft for path in CORPUS for draft in checked(read(path.read_bytes(), path.name))]
    assert len(found) > 80
    assert len({draft.id for draft in found}) == len(found)
    assert {draft.kind for draft in found} == {"figure", "table", "definition", "heading"}


def checked(document: Document) -> list[Draft]:
    """The drafts of a document, of which holds what must of all."""
    found = draft_questions(document)
    for draft in found:
        assert draft.question.endswith("?")
        assert not re.search(r"[|`*<>\[\]]|\b[Yy]our?\b", draft.question)
        for fact in draft.facts:
            assert fact.document == draft.passage.document == document.id
            assert draft.passage.start <= fact.start < fact.end <= draft.passage.end
    assert draft_questions(document) == found
    return found


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "# Bees\n",
                "## How it works\n",
                "| Key | Value |\n",
                "|---|---|\n",
                "| `a` | 3 |\n",
                "| Peru | Lima | x |\n",
                "A bee is a fly that hums.\n",
                "In 1998, Acme opened 3 plants.\n",
                "\n",
                "```\n",
                "|",
                "The ",
                "\u2028",
                "<b>",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_whatever_a_document_holds_drafts_are_well_formed(text: str) -> None:
    checked(Document("d", "Bees", "given.md", "text/markdown", text))
