"""Commands that serve the documents to other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.store import fill, open_store

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote
    from assistant.web.protocols.mcp_server import Search

app = typer.Typer()


@app.command(epilog="Example: assistant mcp --allow-add")
def mcp(
    allow_add: Annotated[bool, typer.Option("--allow-add", help="Let programs add documents.")] = False,
) -> None:
    """Serve the documents to a program that speaks MCP, over standard input and output."""
    from assistant.web.protocols import mcp_server

    with open_store("assistant mcp") as store:
        fill(store)
        mcp_server.make_server(store, _search(store), allow_add=allow_add).run("stdio")


def _search(store: Assistant | Remote) -> Search:
    from assistant.client import Remote

    if isinstance(store, Remote):
        return lambda question, limit: store.call(
            "GET", "/api/search", params={"question": question, "limit": limit}
        )
    from assistant.web.protocols.searching import search

    return lambda question, limit: search(store, question, limit)
