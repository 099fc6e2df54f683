"""The description of the HTTP API in the form of OpenAPI, at /api/openapi.json.

Addresses, parameters and bodies are read off the routes, forms of results off the core types; summaries,
examples and kinds of files are data beside this module, `openapi.toml`.
"""

from __future__ import annotations

import functools
import json
import tomllib
from importlib import metadata, resources

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from assistant.core import types
from assistant.core.config import NAME
from assistant.core.serialization import Json

TITLE = "Cited answers"
ABOUT = (
    "Questions, documents and measurements of the assistant. Where this machine alone reaches it, who "
    "reaches the port can do all but manage users. Elsewhere each request takes a token of a user, as in "
    "`Authorization: Bearer`, whose role says what it may do. What goes wrong is one sentence, `error`."
)
ERROR: Json = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
    "example": {"error": "The question is empty. Type a question."},
}
THEIRS: Json = {
    "type": "object",
    "properties": {"error": {"type": "object", "properties": {"message": {"type": "string"}}}},
    "required": ["error"],
    "description": "An error in the form of OpenAI's API.",
}
FORMS = {
    "Answer": types.Answer,
    "Document": types.Document,
    "DocumentInfo": types.DocumentInfo,
    "AddResult": types.AddResult,
    "Health": types.Health,
    "ConversationInfo": types.ConversationInfo,
}
"""The forms of results, by the name that the data has for them."""
REF = "#/components/schemas/{model}"


def router(served: FastAPI) -> APIRouter:
    """Return the route of the description of `served`."""
    routes = APIRouter(prefix="/api")

    @functools.cache
    def described() -> Json:
        return describe(served)

    @routes.get("/openapi.json", include_in_schema=False)
    def openapi() -> Json:
        return described()

    return routes


def describe(served: FastAPI) -> Json:
    """Return the description of the API of an app."""
    api: Json = get_openapi(
        title=TITLE, version=metadata.version(NAME), description=ABOUT, routes=served.routes
    )
    api["paths"] = {path: _operations(path, own) for path, own in api["paths"].items() if _is_told(path)}
    schemas = api["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    api["components"]["schemas"] = schemas | _forms() | {"Error": ERROR, "ErrorOfOpenAI": THEIRS}
    return api


def _is_told(path: str) -> bool:
    return path.startswith(("/api/", "/v1/"))


def _operations(path: str, own: Json) -> Json:
    told = _told()
    named = {method: f"{method.upper()} {path}" for method in own}
    return {method: _operation(own[method], name, told[name]) for method, name in named.items()}


@functools.cache
def _told() -> dict[str, Json]:
    """Operation, as `GET /api/health` -> summary, kind and form of its result, examples."""
    return tomllib.loads(resources.files(__package__).joinpath("openapi.toml").read_text("utf-8"))


def _forms() -> Json:
    found: Json = {}
    for name, form in FORMS.items():
        schema = TypeAdapter(form).json_schema(mode="serialization", ref_template=REF)
        found |= schema.pop("$defs", {})
        found[name] = schema
    found["Answer"]["properties"]["answer"] = {
        "type": "string",
        "description": "The sentences, each followed by the numbers of its citations.",
    }
    return found


def _operation(operation: Json, name: str, known: Json) -> Json:
    """Return an operation with its description and examples."""
    operation["summary"], operation["tags"] = known["summary"], [known["tag"]]
    operation["operationId"] = known["id"]
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in known.get("parameters", {}):
            parameter["example"] = known["parameters"][parameter["name"]]
    if "request" in known:
        operation["requestBody"] = _body(operation.get("requestBody"), known)
    status = known.get("status", "200")
    error = "ErrorOfOpenAI" if "/v1/" in name else "Error"
    operation["responses"] = {
        status: {"description": known.get("result", "Done."), "content": _content(known)},
        "default": {
            "description": "What went wrong, in one sentence.",
            "content": {"application/json": {"schema": {"$ref": REF.format(model=error)}}},
        },
    }
    return operation


def _body(body: Json | None, known: Json) -> Json:
    if body is None:
        binary = {"schema": {"type": "string", "format": "binary"}, "example": known["request"]}
        return {"required": True, "content": {"application/octet-stream": binary}}
    body["content"]["application/json"]["example"] = json.loads(known["request"])
    return body


def _content(known: Json) -> Json:
    media = known.get("media", ["application/json"])
    return {kind: _result(known, kind) for kind in media}


def _result(known: Json, kind: str) -> Json:
    if kind != "application/json":
        # Of events, some take the schema as that of each, others as that of the whole.
        return {"schema": {} if kind == "text/event-stream" else {"type": "string"}}
    form = {"$ref": REF.format(model=known["form"])} if "form" in known else {"type": "object"}
    is_list = known.get("list", False)
    schema = {"type": "array", "items": form} if is_list else form
    return {"schema": schema, "example": json.loads(known["response"])}
