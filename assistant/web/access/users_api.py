"""The HTTP API by which users are managed. The command line asks it where a server has the store open."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field

from assistant.assistant import Assistant
from assistant.core.serialization import Json
from assistant.users.passwords import MOST
from assistant.users.people import People
from assistant.web.access.keys import Keys, bearer
from assistant.web.access.noting import about

OWNERS = (
    "Users are managed by `assistant users` on the machine of the server, or by an admin who is logged in."
)
Name = Annotated[str, Field(max_length=64)]
Password = Annotated[str, Field(max_length=MOST)]


class NewUser(BaseModel):
    """The body of POST /api/users."""

    name: Name
    role: Name = "reader"
    password: Password


class NewPassword(BaseModel):
    """The body of PUT /api/users/{name}/password."""

    password: Password


class NewToken(BaseModel):
    """The body of POST /api/users/{name}/tokens: the role that it has at most, and the days that it lasts."""

    role: Name = "reader"
    days: int = 90


def router(assistant: Assistant, keys: Keys, *, is_private: bool) -> APIRouter:
    """Return the routes below /api/users and /api/tokens, and that of the log."""

    def require_owner(request: Request) -> None:
        # Where a login is demanded, the door lets only admins through to here.
        if is_private and not keys.is_owners(bearer(request.headers)):
            raise HTTPException(403, OWNERS)

    routes = APIRouter(prefix="/api", dependencies=[Depends(require_owner)])
    people = People(keys.login, assistant.settings.log_days, assistant.library.delete_conversations)

    @routes.get("/users")
    def listed() -> list[Json]:
        return people.listed()

    @routes.post("/users")
    def add(request: Request, body: NewUser) -> Json:
        about(request, body.name)
        return people.add(body.name, body.role, body.password)

    @routes.delete("/users/{name}")
    def remove(name: str) -> Json:
        return people.remove(name)

    @routes.put("/users/{name}/password")
    def set_password(name: str, body: NewPassword) -> Json:
        return people.set_password(name, body.password)

    @routes.get("/users/{name}/export")
    def export(name: str) -> Json:
        return people.export(name)

    @routes.get("/log")
    def log(name: str = "") -> list[Json]:
        return people.log(name)

    @routes.get("/users/{name}/tokens")
    def tokens(name: str) -> list[Json]:
        return people.tokens(name)

    @routes.post("/users/{name}/tokens")
    def make_token(name: str, body: NewToken) -> Json:
        return people.make_token(name, body.role, body.days)

    @routes.delete("/tokens/{ident}")
    def revoke(ident: str) -> Json:
        return people.revoke(ident)

    return routes
