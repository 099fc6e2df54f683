"""Evaluation through the server that owns the store: it asks and drafts, this process reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from assistant.core.errors import AssistantError
from assistant.core.serialization import Json, writable
from assistant.evaluation.evaluate import OnProgress
from assistant.evaluation.golden.places import DocumentStore
from assistant.evaluation.golden.sets import MAX_SET_BYTES, GoldenSet
from assistant.evaluation.runs import records
from assistant.evaluation.runs.records import Run
from assistant.ingest.files import load_text


class Server(DocumentStore, Protocol):
    """A client of the server."""

    def call(self, method: str, path: str, **sent: Any) -> Any: ...
    def follow(self, path: str) -> Iterator[tuple[str, Json]]: ...


def run_sets(server: Server, home: Path, sets: Sequence[GoldenSet], on_progress: OnProgress) -> Run:
    """Ask these sets on the server, which saves the run in `home`. Ctrl-C cancels it there too.

    Raises:
        AssistantError: it fails there, another run is in progress, or the server closes the connection.
    """
    server.call("POST", "/api/eval", json={"sets": [_set_to_json(golden) for golden in sets]})
    try:
        run = records.load_by_id(_wait(server, on_progress), home)
    except KeyboardInterrupt:
        server.call("DELETE", "/api/eval")
        raise
    # The server opens no path that a client names; this process owns the same home folder and adds them.
    run = replace(run, files=tuple(golden.path for golden in sets))
    records.save(run, home)
    return run


def _set_to_json(golden: GoldenSet) -> Json:
    text = load_text(Path(golden.path), "golden set", MAX_SET_BYTES)
    return {"name": writable(golden.name), "text": text}


def _wait(server: Server, on_progress: OnProgress) -> str:
    """Wait for the end of the run and return its id."""
    for event, data in server.follow("/api/eval/progress"):
        if event == "progress":
            on_progress(data["done"], data["of"])
        if event == "fault" or data.get("fault"):
            raise AssistantError(data.get("fault") or data["error"])
        if data.get("run"):
            return str(data["run"])
    raise AssistantError("The server closed the connection during the run. Try again.")


def draft_questions(server: Server, documents: Sequence[str], number: int) -> tuple[list[Json], list[str]]:
    """Return drafts in the form of `suggestion_to_json`, and notes for the user."""
    body = {"documents": [*map(writable, documents)], "number": number, "again": True}
    reply = server.call("POST", "/api/eval/drafts", json=body)
    return reply["drafts"], reply["notes"]
