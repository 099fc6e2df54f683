"""Evaluation over HTTP: runs are followed and cancelled, drafts decided on, bad answers become questions."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import opened_in
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.evaluation import jobs
from assistant.evaluation.runs import records
from assistant.web import server

HERE = "http://127.0.0.1:7860"
DOCUMENTS = {
    "salt.md": "# The salt mine\n\nThe salt mine of Wieliczka opened in 1280. "
    "About a million people visit the salt mine every year.\n",
    "bees.md": "# The dance of bees\n\nHoney bees dance to tell where flowers are. "
    "The dance of Honey Bees was decoded in 1944.\n",
}
HOSTILE = "<img src=x onerror=alert(1)>"
GOLDEN = [
    {
        "id": "dance",
        "question": "What do honey bees dance for?",
        "documents": ["bees.md"],
        "facts": ["where flowers are"],
    },
    {"id": "moon", "question": "Who was the first person on the moon?", "answerable": False},
    {
        "id": "wrong",
        "question": "When did the salt mine of Wieliczka open?",
        "facts": ["1999"],
        "tags": [HOSTILE],
    },
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), DOCUMENTS) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(assistant: Assistant) -> Iterator[TestClient]:
    with TestClient(server.app(assistant), HERE, raise_server_exceptions=False) as client:
        yield client


def body_of(*rows: dict[str, Any], name: str = "mine") -> dict[str, Any]:
    return {"sets": [{"name": name, "text": "\n".join(map(json.dumps, rows))}]}


def measure(client: TestClient, *rows: dict[str, Any]) -> dict[str, Any]:
    """Run these questions to the end and return the run as the page gets it."""
    assert client.post("/api/eval", json=body_of(*rows)).status_code == 202
    with client.stream("GET", "/api/eval/progress") as reply:
        events = [said for name, said in serialization.events(reply.iter_lines()) if name == "progress"]
    assert events[-1]["fault"] is None
    found: dict[str, Any] = client.get(f"/api/eval/runs/{events[-1]['run']}").json()
    return found


# -- runs ----------------------------------------------------------------------------------------------------


def test_a_run_is_followed_to_its_end_and_shown(client: TestClient) -> None:
    found = measure(client, *GOLDEN)
    assert (found["questions"], found["failures"]) == (3, 1)
    assert found["figures"]["facts"]["written"] == "50.0%"
    assert found["plots"].count("<svg") >= 2
    (failed,) = found["failed"]
    assert failed["wrong"] == ["facts are missing"]
    assert failed["retrieved"][0]["text"].startswith("# The salt mine")


def test_a_run_is_compared_with_the_one_before_of_the_same_sets(client: TestClient) -> None:
    before = measure(client, *GOLDEN)
    assert measure(client, *GOLDEN)["comparison"]["before"] == before["run"]
    history = client.get("/api/eval").json()["runs"]
    assert history[1]["run"] == before["run"]
    assert history[0]["failed"] == 1


def test_the_report_is_a_file_to_keep_with_nothing_of_others_as_markup(client: TestClient) -> None:
    reply = client.get(f"/api/eval/runs/{measure(client, *GOLDEN)['run']}/report")
    assert reply.headers["content-disposition"].startswith("attachment")
    assert reply.headers["content-security-policy"] == "sandbox"
    assert HOSTILE not in reply.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in reply.text


def test_one_run_goes_on_at_a_time_and_can_be_cancelled(client: TestClient) -> None:
    many = [{"question": f"Who is number {n}?", "answerable": False} for n in range(2_000)]
    assert client.post("/api/eval", json=body_of(*many)).json()["running"]
    try:
        while not client.get("/api/eval").json()["standing"]["done"]:
            time.sleep(0.01)
        second = client.post("/api/eval", json=body_of(*GOLDEN))
        assert (second.status_code, second.json()["error"][:18]) == (503, "A run goes on alre")
        assert client.post("/api/ask", json={"question": "Why do bees dance?"}).json()["answered"]
    finally:
        ended = client.delete("/api/eval").json()
    assert not ended["running"]
    assert ended["run"] is None
    assert "cancelled" in ended["fault"]


def test_a_wrong_line_is_named_and_no_run_begins(client: TestClient) -> None:
    reply = client.post("/api/eval", json=body_of(*GOLDEN, {"question": ""}))
    assert reply.status_code == 422
    assert reply.json()["error"].startswith("Line 4 of mine: ")
    assert not client.get("/api/eval").json()["standing"]["running"]


@pytest.mark.parametrize("path", ["/dev/zero", "/etc/hostname"])
def test_no_path_of_the_server_is_opened_for_a_client(
    client: TestClient, assistant: Assistant, path: str
) -> None:
    body = body_of({"question": "Why do bees dance?", "facts": ["where flowers are"]})
    body["sets"][0]["path"] = path
    assert client.post("/api/eval", json=body).status_code == 202
    with client.stream("GET", "/api/eval/progress") as reply:
        *_, (_, last), _ = serialization.events(reply.iter_lines())
    assert records.load_by_id(last["run"], assistant.settings.home).files == ("",)


def test_so_many_follow_a_run_and_one_more_is_refused(
    client: TestClient, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FOLLOWERS", 0)
    reply = client.get("/api/eval/progress")
    assert (reply.status_code, reply.json()["error"][:8]) == (503, "Too many")


def test_who_follows_takes_no_thread(assistant: Assistant) -> None:
    async def following() -> tuple[int, int]:
        run = jobs.EvaluationJob(assistant)
        run._progress = jobs.JobProgress(running=True)
        followed = [run.follow() for _ in range(60)]
        for one in followed:
            assert (await anext(one)).running
        waiting = [asyncio.ensure_future(anext(one)) for one in followed]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        threads = threading.active_count() - before
        run._publish(jobs.JobProgress(run="done"))
        ended = await asyncio.gather(*waiting)
        return threads, sum(progress.run == "done" for progress in ended)

    before = threading.active_count()
    assert asyncio.run(following()) == (0, 60)


def test_a_run_that_is_not_there_is_named(client: TestClient) -> None:
    for path in ("/api/eval/runs/none", "/api/eval/runs/none/report", "/api/eval/runs/..%2f..%2fledger"):
        assert client.get(path).status_code == 404


# -- drafts --------------------------------------------------------------------------------------------------


def test_drafts_wait_until_they_are_accepted_or_rejected(client: TestClient, assistant: Assistant) -> None:
    made = client.post("/api/eval/drafts", json={"number": 5}).json()["drafts"]
    assert client.get("/api/eval/drafts").json() == made
    by_question = {draft["question"]: draft for draft in made}
    accepted = by_question["When did the salt mine of Wieliczka open?"]
    assert accepted["facts"] == ["1280"]
    assert accepted["passage"]["text"] == "The salt mine of Wieliczka opened in 1280."
    for draft in made:
        body = {"accepted": draft is accepted, "question": "When was the mine of Wieliczka opened?"}
        assert client.post(f"/api/eval/drafts/{draft['id']}", json=body).status_code == 200
    assert client.get("/api/eval/drafts").json() == []
    assert client.post("/api/eval/drafts", json={"number": 5}).json()["drafts"] == []
    (stored,) = client.get("/api/eval/questions/own").json()
    assert (stored["question"], stored["gone"]) == ("When was the mine of Wieliczka opened?", False)
    assert stored["expected"] == ["“1280”", "salt.md", "“The salt mine of Wieliczka opened in 1280.”"]
    assert client.post(f"/api/eval/drafts/{accepted['id']}", json={"accepted": True}).status_code == 404


def test_the_own_questions_can_be_run_taken_along_and_removed(client: TestClient) -> None:
    (stored,) = client.get("/api/eval/questions/own").json()
    assert client.post("/api/eval", json={"names": ["own"]}).status_code == 202
    with client.stream("GET", "/api/eval/progress") as reply:
        *_, (_, last), _ = serialization.events(reply.iter_lines())
    assert client.get(f"/api/eval/runs/{last['run']}").json()["figures"]["facts"]["value"] == 1
    lines = client.get("/api/eval/questions/own/file").text.splitlines()
    assert json.loads(lines[0])["passages"] == ["The salt mine of Wieliczka opened in 1280."]
    assert client.delete(f"/api/eval/questions/own/{stored['id']}").status_code == 200
    assert client.get("/api/eval/questions/own").json() == []
    assert client.delete(f"/api/eval/questions/own/{stored['id']}").status_code == 404


# -- feedback ------------------------------------------------------------------------------------------------


def ask(client: TestClient, question: str, conversation: str) -> dict[str, Any]:
    body = {"question": question, "conversation": conversation}
    answer: dict[str, Any] = client.post("/api/ask", json=body).json()
    return answer


def test_a_bad_answer_becomes_a_question_that_fails_while_it_is_bad(client: TestClient) -> None:
    ask(client, "When did the salt mine of Wieliczka open?", "one")
    body = {
        "conversation": "one",
        "question": "When did the salt mine of Wieliczka open?",
        "turn": 0,
        "reason": "wrong",
    }
    made = client.post("/api/eval/feedback", json=body).json()
    assert made["expected"] == ["another passage than the one that was marked wrong"]
    client.post("/api/eval", json={"names": ["feedback"]})
    with client.stream("GET", "/api/eval/progress") as reply:
        *_, (_, last), _ = serialization.events(reply.iter_lines())
    (failed,) = client.get(f"/api/eval/runs/{last['run']}").json()["failed"]
    assert failed["wrong"] == ["cites again what was marked wrong"]


def test_the_right_passage_is_expected_where_the_person_names_it(client: TestClient) -> None:
    ask(client, "When did the salt mine of Wieliczka open?", "two")
    ask(client, "And who visits it?", "two")
    (found, *_) = client.get("/api/eval/passages", params={"query": "Who visits the salt mine?"}).json()
    assert found["source"] == "salt.md"
    body = {
        "conversation": "two",
        "question": "And who visits it?",
        "turn": 1,
        "reason": "source",
        "passage": found["place"],
    }
    made = client.post("/api/eval/feedback", json=body).json()
    assert made["earlier"] == ["When did the salt mine of Wieliczka open?"]
    assert made["expected"][0] == "salt.md"
    assert found["text"] in made["expected"][1]


def test_what_the_documents_do_not_answer_is_expected_to_be_refused(client: TestClient) -> None:
    ask(client, "What do honey bees dance for?", "three")
    body = {
        "conversation": "three",
        "question": "What do honey bees dance for?",
        "turn": 0,
        "reason": "unanswerable",
    }
    assert client.post("/api/eval/feedback", json=body).json()["expected"] == ["that it abstains"]


def test_a_turn_is_found_again_when_one_before_it_went_with_its_document(client: TestClient) -> None:
    ask(client, "What do honey bees dance for?", "six")
    body = {"conversation": "six", "question": "What do honey bees dance for?", "turn": 3, "reason": "wrong"}
    assert client.post("/api/eval/feedback", json=body).json()["earlier"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"question": "Why?"}, 404),
        ({"conversation": "none"}, 404),
        ({"reason": "ugly"}, 422),
        ({"turn": -1}, 422),
        ({"passage": {"document": "none", "start": 0, "end": 4}}, 404),
    ],
)
def test_feedback_on_what_is_not_there_is_refused(
    client: TestClient, change: dict[str, Any], status: int
) -> None:
    ask(client, "What do honey bees dance for?", "four")
    body = {
        "conversation": "four",
        "question": "What do honey bees dance for?",
        "turn": 0,
        "reason": "wrong",
    } | change
    assert client.post("/api/eval/feedback", json=body).status_code == status


def test_of_a_removed_document_nothing_is_left_and_the_question_says_so(
    client: TestClient, assistant: Assistant
) -> None:
    ask(client, "When was the dance of Honey Bees decoded?", "five")
    body = {
        "conversation": "five",
        "question": "When was the dance of Honey Bees decoded?",
        "turn": 0,
        "reason": "wrong",
    }
    client.post("/api/eval/drafts", json={"documents": ["bees.md"]})
    measure(client, *GOLDEN)
    (bees,) = [entry for entry in assistant.list() if entry.source == "bees.md"]
    (found, *_) = client.get("/api/eval/passages", params={"query": "bees dance"}).json()
    client.post("/api/eval/feedback", json=body | {"passage": found["place"]})
    assistant.remove(bees.id)
    home = assistant.settings.home
    stored = [path for path in home.rglob("*") if path.is_file() and path.is_relative_to(home / "golden")]
    stored += (home / "evaluation").glob("*.json")
    for path in stored:
        assert b"tell where flowers" not in path.read_bytes()
        assert b"decoded in 1944" not in path.read_bytes()
    gone = {row["question"]: row["gone"] for row in client.get("/api/eval/questions/feedback").json()}
    assert gone["When was the dance of Honey Bees decoded?"]
    assert all(draft["source"] != "bees.md" for draft in client.get("/api/eval/drafts").json())
    overview = client.get("/api/eval").json()
    assert {one["name"]: one["gone"] for one in overview["sets"]}["feedback"] >= 1


def test_a_run_of_before_is_shown_with_what_is_left(client: TestClient, assistant: Assistant) -> None:
    oldest = records.list_ids(assistant.settings.home)[0]
    run = client.get(f"/api/eval/runs/{oldest}").json()
    assert run["questions"] == 3
    assert any(quote["gone"] for failed in run["failed"] for quote in failed["retrieved"])


def test_a_damaged_file_of_drafts_is_named(client: TestClient, assistant: Assistant) -> None:
    path = assistant.settings.home / "golden" / "drafts.jsonl"
    before = path.read_bytes()
    path.write_text("no json\n")
    reply = client.get("/api/eval/drafts")
    path.write_bytes(before)
    assert (reply.status_code, Path("drafts.jsonl").name in reply.json()["error"]) == (422, True)
