"""The commands that manage users, over the store and over the server that has it open."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from browsing import serving
from conftest import Run

from assistant.store import lock

Typed = Callable[[str], None]
SECRET = "a lamp above the table"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """What comes on the standard input of the next command."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_users_are_added_listed_changed_and_removed(run: Run, typed: Typed) -> None:
    typed(f"{SECRET}\n")
    added = run("users", "add", "Kim", "--role", "editor")
    assert (added.code, added.out) == (0, "kim can log in, with the role editor.\n")
    assert re.fullmatch(r"kim  editor  since \d{4}-\d\d-\d\d\n", run("users", "list").out)
    [told] = json.loads(run("users", "list", "--json").out)
    assert told["name"] == "kim"
    assert "argon2" not in str(told)
    typed("another lamp above it\n")
    assert run("users", "password", "kim").code == 0
    assert run("users", "remove", "KIM").out == "kim is removed.\n"
    assert "There are no users" in run("users", "list").err


def test_a_token_is_shown_once(run: Run, typed: Typed) -> None:
    typed(SECRET)
    run("users", "add", "kim", "--role", "editor")
    made = run("users", "token", "kim", "--role", "reader", "--days", "3")
    assert re.fullmatch(r"cited-[\w-]{43}\n", made.out)
    listed = run("users", "tokens", "kim")
    ident = listed.out.split()[0]
    assert ident in made.err
    assert made.out.strip() not in listed.out + run("users", "tokens", "kim", "--json").out
    assert run("users", "revoke", ident).code == 0
    assert run("users", "tokens", "kim").out == ""
    assert run("users", "revoke", ident).code == 1


def test_what_is_wrong_is_one_sentence(run: Run, typed: Typed) -> None:
    for words in (
        ("users", "add", "a b"),
        ("users", "add", "kim", "--role", "owner"),
        ("users", "remove", "nobody"),
        ("users", "token", "nobody"),
    ):
        typed(SECRET)
        told = run(*words)
        assert (told.code, told.out) == (1, "")
        assert told.err.count("\n") == 1
    typed("short\n")
    assert "12 to 1,000 characters" in run("users", "add", "kim").err


def test_a_password_is_no_argument(run: Run) -> None:
    assert run("users", "add", "kim", SECRET).code == 2
    assert run("users", "add", "kim", "--password", SECRET).code == 2


def test_an_entry_for_the_environment_is_made(
    run: Run, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(SECRET)
    entry = run("users", "hash", "Kim", "--role", "admin").out.strip()
    assert re.fullmatch(r"kim:admin:\$argon2id\$\S+", entry)
    assert run("users", "list").out == ""


def test_a_running_server_is_asked_for_users(tmp_path: Path, run: Run, typed: Typed) -> None:
    home = tmp_path / "home"
    with serving(home, ASSISTANT_CORPUS="none") as served:
        typed(SECRET)
        assert run("users", "add", "kim").code == 0
        assert run("users", "list").out.startswith("kim  reader")
        made = run("users", "token", "kim")
        assert made.out.startswith("cited-")
        ident = run("users", "tokens", "kim").out.split()[0]
        assert run("users", "revoke", ident).code == 0
        typed(f"{SECRET} too")
        assert run("users", "password", "kim").code == 0
        assert run("users", "remove", "kim").code == 0
        assert run("users", "remove", "kim").err == "assistant: There is no user kim.\n"
        # Who reaches the port without the home folder manages nobody.
        assert httpx.get(f"{served.address}/api/users").status_code == 403
        owner = lock.acquire(home, "a test")
        assert isinstance(owner, lock.Owner)
        assert len(owner.key) == 64
        assert owner.key not in repr(owner)
