"""The Model Context Protocol, by its official client, over standard input and output and over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import loopback
import pytest
from conftest import opened_in

from assistant.assistant import Assistant
from assistant.core.types import Answer, Sentence, Turn
from assistant.web import server
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


# -- over HTTP -------------------------------------------------------------------------------------

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), {"kettle.md": KETTLE, "lamp.md": LAMP}) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with loopback.listening(server.app(assistant)) as port:
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_server_speaks_it_too(address: str, mode: str) -> None:
    async def working() -> None:
        async with mcp.Client(address, mode=mode) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {
                "ask", "search", "documents", "read",
            }  # fmt: skip
            answer = told(await client.call_tool("ask", {"question": "How fast does the Arvo kettle boil?"}))
            assert "95 seconds" in answer["answer"]
            [citation, *_] = answer["citations"]
            place = {key: citation[key] for key in ("document_id", "start", "end")}
            assert "made in Turku" in told(await client.call_tool("read", place))
            resource = await client.read_resource(f"document://{citation['document_id']}")
            assert "Arvo kettle" in resource.contents[0].text
            assert (await client.call_tool("add", {"name": "a.md", "text": "A."})).is_error

    asyncio.run(working())


def test_a_conversation_of_a_browser_is_not_gone_on_with(assistant: Assistant, address: str) -> None:
    kept = assistant.library.ledger.conversations
    kept.append("theirs", Turn("Q?", "Q?", Answer("Q?", "Q?", True, (Sentence("A."),))))
    kept.claim("theirs", "a browser")

    async def working() -> None:
        async with mcp.Client(address) as client:
            for name, is_refused in (("theirs", True), ("mine", False)):
                asked = {"question": "How many arms has the Sorsa lamp?", "conversation": name}
                assert (await client.call_tool("ask", asked)).is_error is is_refused

    asyncio.run(working())
    assert [len(kept.turns(name)) for name in ("theirs", "mine")] == [1, 1]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_nobody_holds_a_stream_open(address: str, method: str) -> None:
    reply = httpx.request(method, address, headers=ACCEPT, trust_env=False, timeout=60)
    assert reply.status_code == 405
    assert reply.json()["error"].endswith(".")


def test_pages_of_others_and_forged_hosts_are_refused(address: str) -> None:
    for header, status in (({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
        reply = httpx.post(address, json=INITIALIZE, headers=ACCEPT | header, trust_env=False, timeout=60)
        assert reply.status_code == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"jsonrpc": "2.0", "id": 1, "method": 7}'])
def test_what_is_no_message_is_refused(address: str, body: bytes) -> None:
    headers = ACCEPT | {"Content-Type": "application/json"}
    reply = httpx.post(address, content=body, headers=headers, trust_env=False, timeout=60)
    assert 400 <= reply.status_code < 500


def test_nothing_is_below_its_address(address: str) -> None:
    assert httpx.post(f"{address}/other", json={}, trust_env=False).status_code == 404


def test_without_the_package_the_server_says_what_to_install(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    reply = httpx.post(address, json=INITIALIZE, headers=ACCEPT, trust_env=False, timeout=60)
    assert (reply.status_code, reply.json()["error"]) == (501, mcp_server.MISSING)
