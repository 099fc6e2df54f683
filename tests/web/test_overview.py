"""What the first page tells of the corpus: kinds, the newest, topics, the accuracy last measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Hashing
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.evaluation.runs import records
from assistant.evaluation.runs.runner import Result, RunQuestion
from assistant.web import server
from assistant.web.visitors.overview import kind

HERE = "http://127.0.0.1:7860"
OLD = "---\ntitle: The kettle\ndate: 2019-05-01\n---\n\n## Speed\n\nIt boils one litre in 95 seconds.\n"
NEW = "---\ntitle: The lamp\ndate: 2024-02-03\n---\n\n## Light\n\nIt shines.\n"


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    with Assistant.open(settings, embedder=Hashing()) as opened:
        opened.add_bytes(OLD.encode(), "kettle.md")
        opened.add_bytes(NEW.encode(), "lamp.md")
        opened.add_bytes(b"Salt is mined in Wieliczka.", "salt.txt")
        yield opened


@pytest.fixture
def client(assistant: Assistant) -> TestClient:
    return TestClient(server.app(assistant), base_url=HERE)


def test_it_tells_number_kinds_newest_and_topics(client: TestClient) -> None:
    told = client.get("/api/overview").json()
    assert told["documents"] == 3
    assert told["kinds"] == {"markdown": 2, "text": 1}
    assert [each["title"] for each in told["newest"]][:2] == ["The lamp", "The kettle"]
    assert told["newest"][0]["at"] == "2024-02-03"
    assert set(told["topics"]) == {"Speed", "Light"}
    assert told["measured"] is None


def test_it_follows_what_is_added(client: TestClient, assistant: Assistant) -> None:
    assert client.get("/api/overview").json()["documents"] == 3
    assistant.add_bytes(b"Ducks swim.", "ducks.txt")
    assert client.get("/api/overview").json()["kinds"] == {"markdown": 2, "text": 2}


def test_the_last_run_is_told_and_whether_the_documents_are_still_those(
    client: TestClient, assistant: Assistant
) -> None:
    question = RunQuestion("q1", "How fast?")
    result = Result(question, "own", True, 0.9, (), (), True, {"facts": 1.0, "cited": 1.0, "latency": 5.0})
    records.save(records.make_run(records.new_run_id(), [], [result], assistant), assistant.settings.home)
    measured = client.get("/api/overview").json()["measured"]
    assert measured["figure"] == "facts"
    assert (measured["written"], measured["questions"], measured["current"]) == ("100.0%", 1, True)
    assert client.get(f"/api/eval/runs/{measured['run']}").status_code == 200
    assistant.add_bytes(b"Ducks swim.", "ducks.txt")
    assert client.get("/api/overview").json()["measured"]["current"] is False


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "slides"),
        ("application/vnd.oasis.opendocument.spreadsheet", "sheet"),
        ("application/vnd.oasis.opendocument.text", "word"),
        ("text/csv", "sheet"),
        ("application/x-nothing", "other"),
    ],
)
def test_kinds_have_names(media_type: str, name: str) -> None:
    assert kind(media_type) == name
