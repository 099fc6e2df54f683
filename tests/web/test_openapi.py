"""The description of the API is whole and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import opened_in
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.web import openapi, server

HERE = "http://127.0.0.1:7860"
KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), {"kettle.md": KETTLE}) as opened:
        yield opened


@pytest.fixture(scope="module")
def served(assistant: Assistant) -> FastAPI:
    return server.app(assistant)


@pytest.fixture(scope="module")
def client(served: FastAPI) -> Iterator[TestClient]:
    with TestClient(served, HERE, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def api(client: TestClient) -> Any:
    return client.get("/api/openapi.json").json()


def operations(api: Any) -> Iterator[tuple[str, Any]]:
    for path, own in api["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in own.items())


def test_every_route_is_told_and_no_other(served: FastAPI, api: Any) -> None:
    routes = get_openapi(title="all", version="1", routes=served.routes)
    known = {name for name, _ in operations(routes) if name.split()[1].startswith(("/api/", "/v1/"))}
    told = dict(operations(api))
    assert told.keys() == known == openapi._told().keys()
    assert len({operation["operationId"] for operation in told.values()}) == len(told) > 30


def test_each_has_a_summary_a_result_and_an_error(api: Any) -> None:
    for name, operation in operations(api):
        assert operation["summary"], name
        assert operation["tags"], name
        assert "default" in operation["responses"], name
        [status] = operation["responses"].keys() - {"default"}
        assert operation["responses"][status]["content"], name
        assert "422" not in operation["responses"], name


def test_each_body_and_each_result_in_json_has_an_example(api: Any) -> None:
    for name, operation in operations(api):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert media["example"], name
        for code, reply in operation["responses"].items():
            if code != "default" and "application/json" in reply["content"]:
                assert "example" in reply["content"]["application/json"], name


def test_every_reference_is_there(api: Any) -> None:
    text = json.dumps(api)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in api["components"]["schemas"], name


def test_it_is_a_description_in_the_form_of_openapi(api: Any) -> None:
    assert api["openapi"].startswith("3.")
    assert api["info"]["title"]


def fits(value: Any, schema: Any, api: Any) -> bool:
    """True if a value has the properties of a schema, and no others."""
    if "$ref" in schema:
        return fits(value, api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], api)
    if schema.get("type") == "array":
        return isinstance(value, list) and all(fits(item, schema.get("items", {}), api) for item in value)
    if "properties" in schema:
        known = schema["properties"]
        return value.keys() == known.keys() and all(fits(value[name], known[name], api) for name in known)
    return True


def test_examples_have_the_form_that_is_told(api: Any) -> None:
    for name, operation in operations(api):
        for code, reply in operation["responses"].items():
            media = reply["content"].get("application/json", {})
            if code != "default" and "example" in media:
                assert fits(media["example"], media["schema"], api), name


def test_results_have_the_form_that_is_told(client: TestClient, api: Any) -> None:
    asked = api["paths"]["/api/ask"]["post"]
    reply = client.post("/api/ask", json=asked["requestBody"]["content"]["application/json"]["example"])
    assert fits(reply.json(), asked["responses"]["200"]["content"]["application/json"]["schema"], api)
    for path in ("/api/documents", "/api/conversations", "/api/health", "/api/drafts"):
        operation = api["paths"].get(path, {}).get("get")
        if operation:
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert fits(client.get(path).json(), schema, api), path


def test_the_file_of_examples_is_shipped() -> None:
    assert (Path(openapi.__file__).parent / "openapi.toml").is_file()
