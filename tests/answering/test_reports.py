"""Small inputs that people reported of comparable tools, asked as they asked, each in a store of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import sampled

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Answer
from assistant.ingest.files import source

REFUSED = object()
Expected = str | tuple[str, ...] | object
CASES: list[tuple[str, str, Expected, tuple[str, ...]]] = [
    ("01", "Where can I empty the toilet tank?", "At the pump by the south pier.", ("?",)),
    ("01", "What does the laundry cost?", "35 kr for a wash.", ("?",)),
    ("01", "What is the price of the sauna?", "60 kr for an hour.", ("?",)),
    ("02", "What must I do before I leave?", ("Close the gas.", "Return the key.", "Take the waste"), ()),
    ("02", "How do I lift a boat?", ("1. Close the basin", "3. Lift slowly", "5. Lift to the quay."), ()),
    ("02", "What is step 3 of lifting a boat?", "3. Lift slowly by half a metre and stop.", ("slings",)),
    ("03", "When did Vomarbre come?", "2024-04-11", ()),
    ("03", "What fee did Tinasul pay?", "390", ("140 kr",)),
    ("03", "What fee did Xolofar pay?", REFUSED, ()),
    ("04", "What is the fee for a night at the north pier and at the south pier?", ("140 kr", "180 kr"), ()),
    ("04", "Which pier is cheaper, north or south?", ("140 kr", "180 kr"), ("grey", "red")),
    ("04", "What is the maximum load of the crane on the north quay?", ("12 tonnes", "16 tonnes"), ()),
    ("05", "How many accidents were there in 2023?", "No accidents were reported.", ("Two", "1,840")),
    ("07", "What is Tom Lee's phone number?", "555 0102", ("0105", "letters")),
    ("07", "Who was born in 1979?", "Ann Berg", ("Tom Lee", "Ola Dahl")),
    ("07", "What is the penalty for littering?", "1,200 kr", ("Tom Lee",)),
    (
        "11",
        "who services the crane",
        "The crane is serviced every six months by Kran & Sons AB.",
        ("manual",),
    ),
    ("13", "What is the internal price?", REFUSED, ("70 kr",)),
    ("13", "What does E042 mean?", "The error E042 means that the tank is empty, see the list.", ("*",)),
    ("13", "When is the office closed?", "The office is closed in January.", ("<",)),
    ("14", "Is swimming allowed in the harbour?", REFUSED, ("Yes",)),
    ("14", "Can I rent a boat?", REFUSED, ("Yes",)),
    ("15", "In which year were there 1840 boats?", "1,840 boats in 2022", ("2021",)),
    ("15", "In which year were there 1,840 boats?", "1,840 boats in 2022", ("2021",)),
]


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Assistant, Path]]:
    """An assistant over the files of one folder of reports."""
    [folder] = (shared / "repro").glob(f"{request.param}-*")
    kinds = {".md", ".txt", ".csv"}
    files = [
        f
        for f in sorted(folder.iterdir())
        if f.suffix in kinds and f.name not in ("README.md", "observed.txt")
    ]
    settings = replace(config.load({}), home=tmp_path_factory.mktemp("home"), corpus=None)
    with Assistant.open(settings) as assistant:
        assert all(outcome.status == "added" for outcome in assistant.add(map(source, files)))
        yield assistant, folder


@pytest.mark.parametrize(("opened", "question", "expected", "never"), CASES, indirect=["opened"])
def test_what_was_reported_is_answered_as_it_should_be(
    opened: tuple[Assistant, Path], question: str, expected: Expected, never: tuple[str, ...]
) -> None:
    answer = opened[0].ask(question)
    _is_exact(opened[0], answer)
    assert answer.answered == (expected is not REFUSED)
    wanted = expected if isinstance(expected, tuple) else (expected,) if isinstance(expected, str) else ()
    assert all(text in answer.text for text in wanted)
    assert not any(text in answer.text for text in never)


@pytest.mark.parametrize("opened", ["01", "03"], indirect=True)
def test_the_questions_that_came_with_a_report_find_their_facts(opened: tuple[Assistant, Path]) -> None:
    assistant, folder = opened
    rows = [json.loads(line) for line in (folder / "golden.jsonl").read_text("utf-8").splitlines()]
    missed = [
        row["question"]
        for row in sampled(rows, 3)
        if row["facts"][0] not in assistant.ask(row["question"]).text
    ]
    assert missed == []


def _is_exact(assistant: Assistant, answer: Answer) -> None:
    for citation in (*answer.citations, *answer.evidence, *answer.related):
        assert assistant.show(citation.document_id).text[citation.start : citation.end] == citation.quote
