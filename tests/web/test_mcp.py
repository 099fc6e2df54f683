"""The Model Context Protocol, by its official client, over standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from conftest import opened_in

from assistant.web.protocols import mcp_server

mcp = pytest.importorskip("mcp")
T = TypeVar("T")
KETTLE = "# Kettles\n\nThe Arvo kettle boils one litre in 95 seconds. It is made in Turku.\n"
LAMP = "# Lamps\n\nThe Sorsa lamp has three arms.\n"


@pytest.fixture
def home(environment: dict[str, str]) -> Path:
    """A store with two documents, where the commands of `environment` open it."""
    folder = Path(environment["ASSISTANT_HOME"])
    with opened_in(folder, {"kettle.md": KETTLE, "lamp.md": LAMP}):
        return folder


def served(environment: dict[str, str], work: Callable[[Any], Awaitable[T]], *options: str) -> T:
    """What `work` gives with a client of `assistant mcp`."""

    async def working() -> T:
        parameters = mcp.StdioServerParameters(
            command=sys.executable, args=["-m", "assistant.cli", "mcp", *options], env=environment
        )
        async with mcp.Client(parameters) as client:
            return await work(client)

    return asyncio.run(working())


def told(result: Any) -> Any:
    """The result of a tool, parsed."""
    if result.structured_content:
        content = result.structured_content
        return content.get("result", content) if set(content) == {"result"} else content
    text = "\n".join(part.text for part in result.content)
    return json.loads(text) if text[:1] in "[{" else text


@pytest.mark.slow
def test_the_tools_ask_search_list_and_read(home: Path, environment: dict[str, str]) -> None:
    async def work(client: Any) -> None:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {"ask", "search", "documents", "read"}
        answer = told(await client.call_tool("ask", {"question": "How fast does the Arvo kettle boil?"}))
        assert answer["answered"]
        assert "95 seconds" in answer["answer"]
        [citation, *_] = answer["citations"]
        place = {key: citation[key] for key in ("document_id", "start", "end")}
        exact = told(await client.call_tool("read", {**place, "around": 0}))
        assert exact == citation["quote"]
        around = told(await client.call_tool("read", place))
        assert "made in Turku" in around
        found = told(await client.call_tool("search", {"question": "lamp with arms", "limit": 1}))
        assert [passage["source"] for passage in found] == ["lamp.md"]
        listed = told(await client.call_tool("documents", {}))
        assert sorted(entry["source"] for entry in listed) == ["kettle.md", "lamp.md"]
        resource = await client.read_resource(f"document://{citation['document_id']}")
        assert "Arvo kettle" in resource.contents[0].text

    served(environment, work)


@pytest.mark.slow
def test_documents_are_added_only_where_that_is_allowed(home: Path, environment: dict[str, str]) -> None:
    async def adding(client: Any) -> None:
        ink = {"name": "ink.md", "text": "# Ink\n\nIt dries in 9 minutes.\n"}
        added = told(await client.call_tool("add", ink))
        assert added["status"] == "added"
        answer = told(await client.call_tool("ask", {"question": "How fast does ink dry?"}))
        assert "9 minutes" in answer["answer"]

    served(environment, adding, "--allow-add")


@pytest.mark.slow
def test_what_goes_wrong_is_told_in_a_sentence(home: Path, environment: dict[str, str]) -> None:
    async def work(client: Any) -> None:
        missing = await client.call_tool("read", {"document_id": "0" * 16})
        assert missing.is_error
        assert missing.content[0].text.endswith(".")
        assert (await client.call_tool("ask", {"question": "  "})).is_error
        assert (await client.call_tool("add", {"name": "a.md", "text": "A."})).is_error

    served(environment, work)


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(mcp_server.ConfigError, match=r"pip install 'cited-assistant\[mcp\]'"):
        mcp_server.make_server(None, lambda *_: [])  # type: ignore[arg-type]
