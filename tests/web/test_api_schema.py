"""Requests made from the description of the API are answered as it says, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import loopback
import pytest
import schemathesis
from conftest import opened_in
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as forms

from assistant.assistant import Assistant
from assistant.web import openapi, server

KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
CHECKED = [
    checks.not_a_server_error,
    forms.status_code_conformance,
    forms.content_type_conformance,
    forms.response_schema_conformance,
]
ENDLESS = "GET /api/eval/progress"
"""Answered for as long as a run takes."""
OPERATIONS = sorted(openapi._told().keys() - {ENDLESS})


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), {"kettle.md": KETTLE}) as opened:
        yield opened


@pytest.fixture(scope="module")
def description(assistant: Assistant) -> Iterator[Any]:
    with loopback.listening(server.app(assistant)) as port:
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/api/openapi.json")


def require_answered(description: Any, name: str, examples: int) -> None:
    """Send requests to one address, as they are described and otherwise."""
    method, path = name.split()
    operation = description[path][method]
    kinds = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    described, others = (operation.as_strategy(generation_mode=kind) for kind in kinds)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(described | others)
    def asked(case: Any) -> None:
        # Without the address of a page: nothing is fetched here.
        case.query.pop("url", None)
        case.call_and_validate(checks=CHECKED, timeout=120)

    asked()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_few_requests_are_answered_as_told(description: Any, name: str) -> None:
    require_answered(description, name, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_many_requests_are_answered_as_told(description: Any, name: str) -> None:
    require_answered(description, name, 25)
