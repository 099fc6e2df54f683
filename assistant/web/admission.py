"""Admits only the exact requests of our page to Gradio.

A mounted Gradio opens any path ids by an object in the data of an event: a device or a FIFO blocks the whole
server, any other file is copied. So events are admitted only with the strings of our components, and are
serialized again: Gradio never parses the bytes of a client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.core.errors import QuestionError
from assistant.core.limits import MAX_EVENTS, MAX_SENT
from assistant.core.serialization import writable

JOIN = "/gradio_api/queue/join"
STREAM = "/gradio_api/queue/data"
SESSION = re.compile(r"[0-9a-z]{1,32}")
READ = {
    "/": re.compile(".*", re.DOTALL),
    "/theme.css": re.compile(r"(v=[0-9a-f]{1,64})?"),
    "/gradio_api/app_id": re.compile(""),
    STREAM: re.compile(rf"session_hash={SESSION.pattern}"),
}
"""The addresses that the page fetches from Gradio, with the query of each."""
FILES = re.compile(r"/(assets|static)(/\w[\w.-]*)+", re.ASCII)
HEADERS = frozenset({b"host", b"accept", b"accept-encoding", b"accept-language", b"content-type"})
"""The headers passed to Gradio, which trusts others on its address and its caller."""

SHAPES = {
    # Random names of the page: nobody can guess one, and none is a name given to the API.
    "conversation": re.compile(r"[0-9a-f]{32}"),
}
"""The values of the components with these ids."""
TEXT = re.compile(rf".{{0,{MAX_SENT}}}", re.DOTALL)
"""The values of all other components."""
_KEYS = {"data", "fn_index", "trigger_id", "session_hash"}
MALFORMED = "The page does not send such requests; use /api/ask."
CROWDED = "The answers to earlier questions of this page have not been fetched yet; reload it."


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the page: the shapes of its inputs, and the components that trigger it."""

    inputs: tuple[re.Pattern[str], ...]
    triggers: frozenset[int]


def events(config: Mapping[str, Any]) -> dict[int, Event]:
    """Return the events of a Gradio configuration by their `fn_index`."""
    ids = {component["id"]: component["props"].get("elem_id") for component in config["components"]}
    return {
        dependency["id"]: Event(
            tuple(SHAPES.get(ids[component], TEXT) for component in dependency["inputs"]),
            frozenset(component for component, _ in dependency["targets"]),
        )
        for dependency in config["dependencies"]
        if dependency["backend_fn"]
    }


class Admission:
    """The check of requests for Gradio. `unfetched` has the pending events of each session."""

    def __init__(self, known: Mapping[int, Event], unfetched: Mapping[str, Collection[str]]) -> None:
        self._known = known
        self._unfetched = unfetched

    def rewritten(self, body: bytes) -> bytes:
        """Return the body of a request to `JOIN`, serialized again.

        Raises:
            QuestionError: the page does not send it, or does not fetch its results.
        """
        sent = _parse(body)
        if sent is None or not self._is_known(sent):
            raise QuestionError(MALFORMED)
        if len(self._unfetched.get(sent["session_hash"], ())) >= MAX_EVENTS:
            raise QuestionError(CROWDED)
        return json.dumps(sent | {"data": [*map(writable, sent["data"])]}).encode()

    def _is_known(self, sent: Mapping[str, Any]) -> bool:
        event = self._known.get(sent["fn_index"]) if type(sent["fn_index"]) is int else None
        return (
            event is not None
            and type(sent["trigger_id"]) is int
            and sent["trigger_id"] in event.triggers
            and _fits(sent["session_hash"], SESSION)
            and isinstance(sent["data"], list)
            and len(sent["data"]) == len(event.inputs)
            and all(map(_fits, sent["data"], event.inputs))
        )


def session(query: bytes) -> str:
    """Return the session that a request to `STREAM` names."""
    return query.decode("latin-1").partition("=")[2]


def is_read(method: str, path: str, query: bytes) -> bool:
    """True if the page fetches this address from Gradio."""
    pattern = READ.get(path)
    match = FILES.fullmatch(path) if pattern is None else pattern.fullmatch(query.decode("latin-1"))
    return method == "GET" and match is not None


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, dict) or sent.pop("event_data", None) is not None or sent.keys() != _KEYS:
        return None
    return sent


def _fits(value: object, shape: re.Pattern[str]) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None
