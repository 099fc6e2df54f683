"""OpenAI's API and the Model Context Protocol, by their official clients in JavaScript."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import javascript
import loopback
import numpy as np
import pytest
from conftest import opened_in

from assistant.assistant import Assistant
from assistant.web import server

KETTLE = "# Kettles\n\nThe Arvo kettle boils one litre in 95 seconds. It is made in Turku.\n"
BOILS = "How fast does the Arvo kettle boil?"
INSPECTOR = "@modelcontextprotocol/inspector-cli"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), {"kettle.md": KETTLE}) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with loopback.listening(server.app(assistant)) as port:
        yield f"http://127.0.0.1:{port}"


def printed(*command: str, **options: Any) -> Any:
    """What a command prints, parsed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# -- openai ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(address: str) -> Any:
    """What the client got; see openai.mjs."""
    script = str(javascript.FOLDER / "openai.mjs")
    return printed(javascript.node("openai"), script, f"{address}/v1", BOILS)


def test_completions_have_sources_and_are_streamed_alike(told: Any) -> None:
    message = told["completion"]
    assert message["content"].startswith("The Arvo kettle boils one litre in 95 seconds. [1]")
    place = message["annotations"][0]["url_citation"]
    assert message["content"][place["start_index"] : place["end_index"]] == "[1]"
    assert told["streamed"] == message["content"]
    assert told["usage"]["total_tokens"] > 10


def test_responses_have_sources_and_are_streamed_alike(told: Any) -> None:
    assert told["response"]["status"] == "completed"
    assert told["response"]["text"] == told["responseStreamed"] == told["completion"]["content"]
    [item] = told["response"]["output"]
    assert item["content"][0]["annotations"][0]["type"] == "url_citation"
    assert [told["events"][0], told["events"][-1]] == ["response.created", "response.completed"]


def test_models_vectors_and_refusals_are_understood(told: Any, assistant: Assistant) -> None:
    assert told["models"] == ["assistant", "assistant-embedding"]
    assert np.allclose(told["vectors"], assistant.embedder.embed(["Fish.", "Oil."]), atol=1e-6)
    assert told["refusal"]["status"] == 400
    assert told["refusal"]["message"].endswith(".")


# -- the inspector of MCP --------------------------------------------------------------------------


def inspected(*words: str, **options: Any) -> Any:
    """What the inspector's command line prints."""
    script = javascript.FOLDER / "node_modules" / INSPECTOR / "build" / "cli.js"
    return printed(javascript.node(INSPECTOR), str(script), "--cli", *words, **options)


def called(tool: str, *given: str) -> list[str]:
    """The words that call a tool with arguments, each as name=value."""
    return ["--method", "tools/call", "--tool-name", tool, *(w for one in given for w in ("--tool-arg", one))]


def test_the_inspector_lists_and_calls_the_tools_over_http(address: str) -> None:
    place = [f"{address}/mcp", "--transport", "http"]
    tools = inspected(*place, "--method", "tools/list")["tools"]
    assert {tool["name"] for tool in tools} == {"ask", "search", "documents", "read"}
    assert all(tool["description"] and tool["inputSchema"]["type"] == "object" for tool in tools)
    result = inspected(*place, *called("ask", f"question={BOILS}"))
    assert "95 seconds" in json.dumps(result["content"])


@pytest.mark.slow
def test_the_inspector_starts_and_asks_the_command(environment: dict[str, str]) -> None:
    with opened_in(Path(environment["ASSISTANT_HOME"]), {"kettle.md": KETTLE}):
        pass
    command = [sys.executable, "-m", "assistant.cli", "mcp"]
    passed = [
        w for name in ("ASSISTANT_HOME", "ASSISTANT_CORPUS") for w in ("-e", f"{name}={environment[name]}")
    ]
    result = inspected(*passed, *command, *called("search", "question=kettle"), env=environment)
    assert "kettle.md" in json.dumps(result["content"])
