"""The HTTP API of the language model: which one answers, and the choice of another."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from assistant.answering.model import offers
from assistant.assistant import Assistant
from assistant.core.endpoint import OPENAI, require_key, require_url
from assistant.core.errors import ModelError
from assistant.core.limits import MAX_SOURCE
from assistant.core.model_choice import ModelChoice
from assistant.core.serialization import Json
from assistant.users.roles import may
from assistant.web.access.door import visitor_of


class ModelForm(BaseModel):
    """The body of PUT /api/model and POST /api/model/test. Without an address, answers are quotes."""

    url: str = Field("", max_length=MAX_SOURCE)
    name: str = Field("", max_length=MAX_SOURCE)
    key: str | None = Field(None, max_length=MAX_SOURCE)
    """None for the key that is kept, which is sent to the address that it was given for only."""


def router(assistant: Assistant, is_private: bool) -> APIRouter:
    """Return the routes below /api/model, which change something where `is_private`."""
    routes = APIRouter(prefix="/api/model")

    @routes.get("")
    def model(request: Request) -> Json:
        settings, visitor = assistant.settings, visitor_of(request)
        is_managed = visitor is None or may(visitor.role, "admin")
        return {
            "name": settings.model,
            "url": settings.base_url if is_managed else None,
            "has_key": settings.api_key is not None,
            "changeable": is_private and is_managed and not settings.model_is_fixed,
        }

    @routes.put("")
    def choose(request: Request, body: ModelForm) -> Json:
        _require_private(is_private)
        assistant.use_model(_choice(assistant, body))
        return model(request)

    @routes.post("/test")
    def test(body: ModelForm) -> Json:
        """Say what is wrong with a model, before it is chosen, and what else is offered there."""
        _require_private(is_private)
        choice = _choice(assistant, body)
        url, key = (
            require_url(choice.base_url or OPENAI, "The address"),
            require_key(choice.api_key, "The key"),
        )
        try:
            names = [offer.name for offer in offers.offers(url, key)]
        except ModelError as fault:
            return {"problem": fault.message, "offered": []}
        problem = offers.problem(choice.model, url, key) if choice.model else None
        return {"problem": problem, "offered": names}

    @routes.get("/servers")
    def servers() -> list[Json]:
        """List the model servers of this machine, which are never used unasked."""
        _require_private(is_private)
        found = offers.servers_here()
        return [{"name": name, "url": url, "offered": [o.name for o in some]} for name, url, some in found]

    return routes


def _require_private(is_private: bool) -> None:
    if not is_private:
        raise HTTPException(403, "The model of a server that others can reach is set where it is started.")


def _choice(assistant: Assistant, body: ModelForm) -> ModelChoice:
    """Return the choice of a form. A kept key goes to no other address."""
    settings = assistant.settings
    url = require_url(body.url, "The address") if body.url.strip() else None
    is_same = url == settings.base_url
    key = require_key(body.key, "The key") if body.key is not None else settings.api_key if is_same else None
    return ModelChoice(url, body.name.strip() or None, key, settings.structured)
