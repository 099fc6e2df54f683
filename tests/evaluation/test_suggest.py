"""Drafts over a store: spread over its documents, held against the others, or written by a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import opened_in
from model_server import refused, serve

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.errors import NotFound
from assistant.evaluation.drafting.suggest import suggest, to_question
from assistant.evaluation.golden import sets
from assistant.evaluation.golden.places import QuoteLookup, resolve_set

PERU = (
    "# Peru\n\n| City | Founder |\n|---|---|\n| Lima | Pizarro |\n| Cusco | Pachacuti |\n\n"
    "The Lima tram opened in 1904.\n"
)
CUBA = "# Cuba\n\nThe Havana tram opened in 1862. The Havana harbour has 14 piers.\n"
TRAMS = "# Trams\n\nThe Lima tram opened in 1904. The Quito tram opened in 1914.\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    documents = {"peru.md": PERU, "cuba.md": CUBA, "trams.md": TRAMS}
    with opened_in(tmp_path_factory.mktemp("home"), documents) as opened:
        yield opened


def test_each_document_gives_one_before_any_gives_two(store: Assistant) -> None:
    suggestions = suggest(store, ["cuba.md", "trams.md"], number=2)
    assert {item.source for item in suggestions} == {"cuba.md", "trams.md"}
    assert suggest(store, ["cuba.md", "trams.md"], number=2) == suggestions


def test_only_the_wanted_documents_are_drafted_from(store: Assistant) -> None:
    (cuba,) = [entry for entry in store.list() if entry.source == "cuba.md"]
    for wanted in (cuba.id, "cuba.md"):
        assert {item.source for item in suggest(store, [wanted])} == {"cuba.md"}
    with pytest.raises(NotFound, match=r"called absent\.md"):
        suggest(store, ["absent.md"])


def test_what_another_document_answers_as_well_comes_last_and_says_so(store: Assistant) -> None:
    suggestions = suggest(store)
    noted = {item.draft.question: item.elsewhere for item in suggestions if item.elsewhere}
    assert list(noted) == ["When did the Lima tram open?"]
    assert suggestions[-1].elsewhere
    question = to_question(suggestions[-1])
    assert set(question.documents) == {"peru.md", "trams.md"}
    assert question.passages == ()


def test_what_is_known_is_not_drafted_again(store: Assistant) -> None:
    first = suggest(store, number=2)
    again = suggest(store, known=[item.draft.id for item in first])
    assert not {item.draft.id for item in first} & {item.draft.id for item in again}


def test_a_draft_is_a_golden_question_that_the_store_can_be_asked(store: Assistant) -> None:
    lines = "\n".join(sets.to_line(to_question(item)) for item in suggest(store))
    questions = list(sets.questions(resolve_set(sets.parse_set(lines, "mine"), QuoteLookup(store))))
    assert len(questions) == len(lines.splitlines()) >= 5
    assert all(
        isinstance(fact, str) for item in questions for alternatives in item.facts for fact in alternatives
    )


# -- with a model --------------------------------------------------------------------------------------------

QUOTE = "It was dredged in 1988 by Ruiz & Sons."
LONG = f"# Harbours\n\n{'The harbour of Havana is deep and calm all year. ' * 5}{QUOTE}\n"


def drafted(settings: Settings, url: str, tmp_path: Path) -> tuple[list[str], list[str], list[str]]:
    """The questions, their facts, and what was said besides."""
    said: list[str] = []
    with Assistant.open(replace(settings, model="small", base_url=url)) as assistant:
        assistant.add_bytes(LONG.encode(), "harbours.md")
        suggestions = suggest(assistant, notify=said.append)
        facts = [text for item in suggestions for text in QuoteLookup(assistant).texts(item.draft.facts)]
        return [item.draft.question for item in suggestions], facts, said


def reply(question: str, quote: str, fact: str) -> str:
    return f"QUESTION: {question}\nQUOTE: {quote}\nFACT: {fact}"


def test_a_model_is_asked_of_each_passage_and_believed_where_it_quotes(
    settings: Settings, tmp_path: Path
) -> None:
    with serve(lambda prompt: reply("Who dredged the harbour of Havana?", QUOTE, "Ruiz & Sons")) as server:
        assert drafted(settings, server.url, tmp_path) == (
            ["Who dredged the harbour of Havana?"],
            ["Ruiz & Sons"],
            [],
        )
        assert all("BEGIN" in prompt and "Harbours" in prompt for prompt in server.prompts)


@pytest.mark.parametrize(
    "said",
    [
        "NONE",
        "",
        reply("Who dredged it?", "It was dredged in 1989.", "1989"),
        reply("What does the passage say of Havana?", QUOTE, "1988"),
        reply("It was dredged in 1988", QUOTE, "1988"),
        reply("Who <b>dredged</b> Havana's harbour?", QUOTE, "Ruiz"),
    ],
)
def test_a_quote_missing_in_the_passage_or_a_bad_question_is_dropped(
    settings: Settings, tmp_path: Path, said: str
) -> None:
    with serve(lambda prompt: said) as server:
        assert drafted(settings, server.url, tmp_path)[0] == []


def test_without_a_model_that_answers_the_rules_draft_and_it_is_said(
    settings: Settings, tmp_path: Path
) -> None:
    questions, _, said = drafted(settings, refused(), tmp_path)
    assert all(re.fullmatch(r"[A-Z].+\?", item) for item in questions)
    assert "drafted without the model" in said[0]
