"""Conversations are of the user who had them: another neither sees nor guesses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import visiting
from fastapi.testclient import TestClient
from visiting import Public

QUESTION = "How long does the Arvo kettle take to boil one litre?"
SECRET = "Does the Arvo kettle whistle in the night train?"
CALLED = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with visiting.public(tmp_path_factory.mktemp("home"), ann="reader", ben="admin") as made:
        yield made


def ask(client: TestClient, question: str, conversation: str) -> None:
    assert client.post("/api/ask", json={"question": question, "conversation": conversation}).is_success


def listed(client: TestClient) -> list[str]:
    return [each["name"] for each in client.get("/api/conversations").json()]


def idents(client: TestClient) -> list[str]:
    return [each["id"] for each in client.get("/api/conversations").json()]


class Page:
    """The page of a visitor, as its scripts speak to Gradio."""

    def __init__(self, client: TestClient, session: str) -> None:
        self.client, self.session = client, session
        [text] = re.findall(r"window\.gradio_config = (\{.*?\});</script>", client.get("/").text, re.DOTALL)
        self._events = json.loads(text)["dependencies"]

    def send(self, kind: str, data: list[str]) -> int:
        """Send the first event of a kind that takes so many inputs; return the status."""
        [(event, trigger), *_] = [
            (found["id"], component)
            for found in self._events
            for component, name in found["targets"]
            if name == kind and len(found["inputs"]) == len(data)
        ]
        sent = {"data": data, "fn_index": event, "trigger_id": trigger, "session_hash": self.session}
        return self.client.post("/gradio_api/queue/join", json=sent).status_code

    def told(self) -> str:
        return self.client.get("/gradio_api/queue/data", params={"session_hash": self.session}).text

    def open(self, conversation: str) -> str:
        assert self.send("load", [conversation]) == 200
        return self.told()

    def ask(self, question: str, conversation: str) -> str:
        assert self.send("submit", [question, conversation, ""]) == 200
        return self.told()


def test_one_name_is_a_conversation_of_its_own_for_each_user(site: Public) -> None:
    ann, ben = site.program("ann"), site.program("ben")
    ask(ann, SECRET, "trip")
    ask(ben, QUESTION, "trip")
    ask(ann, QUESTION, "trip")
    assert listed(ann) == [SECRET]
    assert listed(ben) == [QUESTION]
    [mine] = ann.get("/api/conversations").json()
    assert mine["turns"] == 2
    for method, path, body in (
        ("GET", "/export", None),
        ("DELETE", "", None),
        ("PATCH", "", {"name": "mine"}),
        ("POST", "/share", None),
        ("DELETE", "/share", None),
        ("POST", "/stop", None),
        ("POST", "/turns/1/verdict", {"verdict": "good"}),
    ):
        there = ben.request(method, f"/api/conversations/{mine['id']}{path}", json=body)
        nowhere = ben.request(method, f"/api/conversations/{'0' * 32}{path}", json=body)
        assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text) != 200
    assert SECRET in ann.get(f"/api/conversations/{mine['id']}/export").text


def test_nobody_goes_on_with_the_conversation_of_another(site: Public) -> None:
    ann, ben = site.program("ann"), site.program("ben")
    ask(ann, SECRET, "whistles")
    [mine] = [each for each in ann.get("/api/conversations").json() if each["name"] == SECRET][:1]
    ask(ben, "And in the day train?", mine["id"])
    assert [each["turns"] for each in ann.get("/api/conversations").json() if each["id"] == mine["id"]] == [
        mine["turns"]
    ]
    suggested = ben.get("/api/suggestions", params={"conversation": mine["id"]})
    unknown = ben.get("/api/suggestions", params={"conversation": "f" * 32})
    assert (suggested.status_code, suggested.json().keys()) == (unknown.status_code, unknown.json().keys())


def test_in_the_page_another_is_shown_nothing(site: Public) -> None:
    ident = "a" * 32
    ann = Page(site.browser("ann"), "anns")
    assert "95 seconds" in ann.ask(QUESTION, ident)
    assert "95 seconds" in ann.open(ident)
    # The cookie of a browser is no user: the same browser, logged in anew.
    other = site.browser("ben")
    other.cookies.set("cited-browser", ann.client.cookies["cited-browser"])
    ben = Page(other, "bens")
    for told in (ben.open(ident), ben.ask("And two litres?", ident)):
        assert "95 seconds" not in told
        assert "Arvo" not in told
    assert ident not in idents(ben.client)
    # Her own browser elsewhere has it.
    assert ident in idents(ann.client) == idents(site.browser("ann"))


def test_the_answers_of_a_page_go_to_its_user_alone(site: Public) -> None:
    ann, ben = Page(site.browser("ann"), "s1"), Page(site.browser("ben"), "s1")
    assert ann.send("load", ["b" * 32]) == 200
    assert ben.client.get("/gradio_api/queue/data", params={"session_hash": "s1"}).status_code == 404
    assert ben.send("load", ["c" * 32]) == 404
    assert "process_completed" in ann.told()


def test_what_was_asked_before_there_were_users_is_nobodys(site: Public) -> None:
    ident = "d" * 32
    site.assistant.ask(SECRET, ident)
    ann = Page(site.browser("ann"), "s2")
    assert "whistle" not in ann.open(ident)
    assert "whistle" not in ann.ask("And then?", ident)


def test_over_mcp_names_are_of_the_user_too(site: Public) -> None:
    pytest.importorskip("mcp")
    ann, ben = site.program("ann"), site.program("ben")
    ask(ann, SECRET, "night")
    arguments = {"question": "And in the morning?", "conversation": "night"}
    call = {"name": "ask", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    assert ben.post("/mcp", json=body, headers=CALLED).is_success
    before = {each["id"]: each["turns"] for each in ann.get("/api/conversations").json()}
    assert ann.post("/mcp", json=body, headers=CALLED).is_success
    after = {each["id"]: each["turns"] for each in ann.get("/api/conversations").json()}
    assert sum(after.values()) == sum(before.values()) + 1
    assert "And in the morning?" in listed(ben)


def test_the_home_folders_own_commands_keep_their_names(site: Public) -> None:
    owner = site.browser(headers={"Authorization": f"Bearer {visiting.OWNER}"})
    ask(owner, QUESTION, "plans")
    assert [turn.question for turn in site.assistant.turns("plans")] == [QUESTION]
