"""What is done on a server that others reach is in the log: who, when, to what; no text of questions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import visiting
from test_conversations_of_users import CALLED, QUESTION, Page
from visiting import Public, password

from assistant.users.audit import Audit
from assistant.web.access import permissions

SECRET = "a turnip in the cellar"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with visiting.public(tmp_path_factory.mktemp("home"), ann="reader", eve="editor") as made:
        yield made


def deeds(site: Public, name: str = "") -> list[tuple[str, str, str]]:
    return [(each["name"], each["deed"], each["about"]) for each in reversed(site.people.log(name))]


def test_deeds_are_noted_with_who_and_what(site: Public) -> None:
    eve = site.browser("eve")
    added = eve.post("/api/documents", params={"source": "lamp.md"}, content=f"# Lamp\n\n{SECRET}\n").json()
    ident = added["document_id"]
    assert eve.get(f"/api/documents/{ident}/original").status_code == 200
    assert eve.post("/api/documents/tags", json={"ids": [ident], "add": ["light"]}).is_success
    assert eve.post("/api/ask", json={"question": f"Where is {SECRET}?"}).is_success
    assert eve.delete(f"/api/documents/{ident}").is_success
    assert eve.post("/api/users", json={"name": "x", "password": password("x")}).status_code == 403
    assert eve.post("/logout").is_success
    assert deeds(site) == [
        ("eve", "logged in", ""),
        ("eve", "added", "lamp.md"),
        ("eve", "exported a document", "lamp.md"),
        ("eve", "tagged", "lamp.md"),
        ("eve", "asked", ""),
        ("eve", "removed", "lamp.md"),
        ("eve", "logged out", ""),
    ]


def test_questions_are_noted_at_every_door_and_their_text_at_none(site: Public) -> None:
    ann, question = site.program("ann"), f"How much is {SECRET}?"
    chat = {"model": "assistant", "messages": [{"role": "user", "content": question}]}
    assert ann.post("/v1/chat/completions", json=chat | {"stream": True}).is_success
    assert ann.post("/v1/responses", json={"model": "assistant", "input": question}).is_success
    call = {"name": "ask", "arguments": {"question": question}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    has_mcp = ann.post("/mcp", json=body, headers=CALLED).status_code == 200
    page = Page(site.browser("ann"), "one")
    page.ask(question, "a" * 32)
    assert ann.get("/api/search", params={"question": question}).is_success
    told = deeds(site, "ann")
    assert [deed for _, deed, _ in told].count("asked") == (4 if has_mcp else 3)
    assert ("ann", "searched", "") in told
    assert not any("turnip" in part for deed in told for part in deed)


def test_what_is_refused_is_not_noted_but_logins_of_users_are(site: Public) -> None:
    stranger = site.browser()
    for name in ("ann", "nobody", SECRET):
        stranger.post("/login", data={"name": name, "password": "wrong"})
    site.browser("ann").post("/api/documents", params={"source": "a.md"}, content=b"# A")
    assert deeds(site) == [("ann", "was refused", ""), ("ann", "logged in", "")]


def test_managing_is_noted_and_the_log_is_for_admins(site: Public) -> None:
    admin = site.browser("admin")
    assert admin.post("/api/users", json={"name": "bo", "password": password("bo")}).is_success
    token = admin.post("/api/users/bo/tokens", json={"days": 1}).json()
    assert admin.delete(f"/api/tokens/{token['id']}").is_success
    assert admin.delete("/api/users/bo").is_success
    told = admin.get("/api/log").json()
    assert [(each["deed"], each["about"]) for each in told[:4]] == [
        ("removed a user", "bo"),
        ("revoked a token", token["id"]),
        ("made a token", "bo"),
        ("added a user", "bo"),
    ]
    assert admin.get("/api/log").json()[0]["deed"] == "read the log"
    assert site.browser("eve").get("/api/log").status_code == 403


def test_the_commands_of_the_machine_are_noted_without_a_name(site: Public) -> None:
    owner = site.browser(headers={"Authorization": f"Bearer {visiting.OWNER}"})
    assert owner.post("/api/rebuild").is_success
    assert deeds(site) == [("", "rebuilt the index", "")]


def test_what_is_noted_is_a_route_and_takes_a_role() -> None:
    known = permissions.operations()
    for operation in permissions._table()["noted"]:
        assert known[operation] != "open"


def test_what_is_older_than_is_kept_goes(site: Public) -> None:
    now = [1_800_000_000.0]
    audit = Audit(site.login.engine, 30, lambda: now[0])
    audit.note(None, "old")
    now[0] += 29 * 86_400
    audit.note(None, "new")
    assert [each["deed"] for each in audit.listed()] == ["new", "old"]
    now[0] += 2 * 86_400
    assert [each["deed"] for each in audit.listed()] == ["new"]
    audit.note(None, "newest")
    # Gone, not hidden.
    assert [each["deed"] for each in Audit(site.login.engine, 9_999, lambda: now[0]).listed()] == [
        "newest",
        "new",
    ]


# -- all that is known of a person ---------------------------------------------------------------------------


def test_all_that_is_known_of_a_person_is_exported(site: Public) -> None:
    ann, admin = site.browser("ann"), site.browser("admin")
    ann.post("/api/ask", json={"question": QUESTION, "conversation": "trip"})
    site.people.make_token("ann", "reader", 3)
    told = admin.get("/api/users/ann/export").json()
    assert told["user"]["name"] == "ann"
    assert [len(told[key]) for key in ("sessions", "tokens", "conversations")] == [1, 1, 1]
    assert [turn["question"] for turn in told["conversations"][0]["turns"]] == [QUESTION]
    assert [each["deed"] for each in told["log"]] == ["asked", "logged in"]
    text = admin.get("/api/users/ann/export").text
    assert "argon2" not in text
    assert ann.cookies["cited-session"] not in text


def test_a_person_who_is_removed_leaves_nothing(site: Public) -> None:
    ann, admin = site.browser("ann"), site.browser("admin")
    ann.post("/api/ask", json={"question": f"Where is {SECRET}?", "conversation": "trip"})
    ident = ann.get("/api/conversations").json()[0]["id"]
    link = ann.post(f"/api/conversations/{ident}/share").json()["shared"]
    assert SECRET in admin.get(f"/shared/{link}").text
    assert admin.delete("/api/users/ann").is_success
    assert ann.get("/api/documents").status_code == 401
    assert admin.get(f"/shared/{link}").status_code == 404
    assert site.assistant.turns(ident) == []
    assert all(each["name"] != "ann" for each in admin.get("/api/log").json())
    home = site.assistant.settings.home
    assert not [path for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    # Who gets the name next gets nothing else.
    site.people.add("ann", "reader", password("ann"))
    again = site.browser("ann")
    assert again.get("/api/conversations").json() == []
    assert [deed for _, deed, _ in deeds(site, "ann")] == ["logged in"]
