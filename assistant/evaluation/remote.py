"""Evaluation through the server that has the store: it asks and drafts, and the rest is done here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from assistant.core.errors import AssistantError
from assistant.core.serialization import writable
from assistant.evaluation.evaluate import Told
from assistant.evaluation.golden.places import Shelf
from assistant.evaluation.golden.sets import MAX_BYTES, GoldenSet
from assistant.evaluation.runs import records
from assistant.evaluation.runs.records import Run
from assistant.ingest.files import load_text

Json = dict[str, Any]


class Server(Shelf, Protocol):
    """What speaks to the server."""

    def call(self, method: str, path: str, **sent: Any) -> Any: ...
    def follow(self, path: str) -> Iterator[tuple[str, Json]]: ...


def asked(server: Server, home: Path, sets: Sequence[GoldenSet], told: Told) -> Run:
    """The run of these sets, which the server keeps in `home`. Ctrl-C ends it there too.

    Raises:
        AssistantError: it goes wrong there, or another run goes on.
        StoreBusy: the server breaks off.
    """
    server.call("POST", "/api/eval", json={"sets": [_sent(one) for one in sets]})
    try:
        found = records.load_kept(_followed(server, told), home)
    except KeyboardInterrupt:
        server.call("DELETE", "/api/eval")
        raise
    # The server opens no path that a client names; this process keeps them, as the store is its own too.
    found = replace(found, files=tuple(golden.path for golden in sets))
    records.keep(found, home)
    return found


def _sent(golden: GoldenSet) -> Json:
    text = load_text(Path(golden.path), "golden set", MAX_BYTES)
    return {"name": writable(golden.name), "text": text}


def _followed(server: Server, told: Told) -> str:
    """The id of the run, when it has ended."""
    for event, said in server.follow("/api/eval/progress"):
        if event == "progress":
            told(said["done"], said["of"])
        if event == "fault" or said.get("fault"):
            raise AssistantError(said.get("fault") or said["error"])
        if said.get("run"):
            return str(said["run"])
    raise AssistantError("The server broke off while it measured; try again.")


def drafted(server: Server, documents: Sequence[str], number: int) -> tuple[list[Json], list[str]]:
    """Drafts in the form of `wire.suggestion`, and what is to be said of them."""
    wanted = {"documents": [*map(writable, documents)], "number": number, "again": True}
    found = server.call("POST", "/api/eval/drafts", json=wanted)
    return found["drafts"], found["notes"]
