"""A server that others reach, with a user of each role, as tests visit it: nothing listens anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal
from argon2 import PasswordHasher
from conftest import opened_in
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.users.audit import Audit
from assistant.users.login import Login
from assistant.users.passwords import Passwords
from assistant.users.people import People
from assistant.users.roles import ROLES
from assistant.web import server
from assistant.web.access.keys import Keys

HOST = "192.0.2.10"
"""An address for documentation (RFC 5737), to which no server is bound."""
PUBLIC = f"http://{HOST}:7860"
OWNER = "the key in the home folder"
KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def password(name: str) -> str:
    return f"the password of {name}"


class Public:
    """The server, its users `reader`, `editor` and `admin`, and whoever visits it."""

    def __init__(self, assistant: Assistant, **users: str) -> None:
        self.assistant = assistant
        self.login = Login(assistant.library.ledger.engine, Passwords(QUICK))
        self.people = People(self.login, 90, assistant.library.delete_conversations)
        self.portal: BlockingPortal | None = None
        for name, role in ({role: role for role in ROLES} | users).items():
            self.people.add(name, role, password(name))
        self.served: FastAPI = server.app(assistant, HOST, keys=self.keys())

    def keys(self, public_url: str | None = None) -> Keys:
        """Return how it is entered; by `public_url`, behind a proxy."""
        return Keys(self.login, OWNER, Audit(self.login.engine, 90), public_url)

    def browser(self, name: str | None = None, **options: Any) -> TestClient:
        """Return a browser that follows no redirects, logged in as a user."""
        given = {"raise_server_exceptions": False, "follow_redirects": False, "headers": {"Origin": PUBLIC}}
        made = TestClient(self.served, PUBLIC, **given | options)
        # All visit one server: the queue of Gradio belongs to one loop.
        made.portal = self.portal
        if name:
            sent = {"name": name, "password": password(name)}
            assert made.post("/login", data=sent).status_code == 303
        return made

    def program(self, name: str, role: str = "admin") -> TestClient:
        """Return a program with a token of a user."""
        token = self.people.make_token(name, role, 1)["token"]
        return self.browser(headers={"Authorization": f"Bearer {token}"})


@contextmanager
def public(home: Path, **users: str) -> Iterator[Public]:
    """A server over a new store with one document; `users` are more of them by name, with their roles."""
    with opened_in(home, {"kettle.md": KETTLE}) as assistant:
        made = Public(assistant, **users)
        with TestClient(made.served, PUBLIC) as running:
            made.portal = running.portal
            yield made
