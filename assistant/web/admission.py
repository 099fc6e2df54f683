"""The requests that the page sends to Gradio, each in its exact shape. No other request reaches Gradio.

Gradio, when mounted, opens whatever path an object in an event's data names: a device or a FIFO stops the
whole server, any other file is copied. So an event is let through only with the strings that our components
hold, and it is written anew: Gradio never parses what a client wrote.
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
"""What the page gets from Gradio, and the query of each address."""
FILES = re.compile(r"/(assets|static)(/\w[\w.-]*)+", re.ASCII)
HEADERS = frozenset({b"host", b"accept", b"content-type"})
"""What Gradio hears of a request: it believes headers on where it is served, and on who asks."""

SHAPES = {
    # Names that the page makes up: nobody guesses one, and none of them is a name that was given to the API.
    "conversation": re.compile(r"[0-9a-f]{32}"),
    "only-id": re.compile(r"([0-9a-f]{16})?"),
}
"""What the components of the page with these ids hold."""
TEXT = re.compile(rf".{{0,{MAX_SENT}}}", re.DOTALL)
"""What all others hold."""
_KEYS = {"data", "fn_index", "trigger_id", "session_hash"}
MALFORMED = "This is not what the page sends; use /api/ask."
CROWDED = "The answers to earlier questions of this page have not been fetched yet; reload it."


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the page: what each of its inputs holds, and the components that trigger it."""

    inputs: tuple[re.Pattern[str], ...]
    triggers: frozenset[int]


def events(config: Mapping[str, Any]) -> dict[int, Event]:
    """The events that the page of this Gradio configuration sends, by their `fn_index`."""
    named = {component["id"]: component["props"].get("elem_id") for component in config["components"]}
    return {
        dependency["id"]: Event(
            tuple(SHAPES.get(named[component], TEXT) for component in dependency["inputs"]),
            frozenset(component for component, _ in dependency["targets"]),
        )
        for dependency in config["dependencies"]
        if dependency["backend_fn"]
    }


class Admission:
    """What is let through to Gradio. `unfetched` holds the events of each session that wait to be fetched."""

    def __init__(self, known: Mapping[int, Event], unfetched: Mapping[str, Collection[str]]) -> None:
        self._known = known
        self._unfetched = unfetched

    def rewritten(self, body: bytes) -> bytes:
        """The body of a request to `JOIN`, written anew.

        Raises:
            QuestionError: it is not what the page sends, or the page fetches nothing.
        """
        sent = _parsed(body)
        if sent is None or not self._is_known(sent):
            raise QuestionError(MALFORMED)
        if len(self._unfetched.get(sent["session_hash"], ())) >= MAX_EVENTS:
            raise QuestionError(CROWDED)
        kept = {key: sent[key] for key in _KEYS} | {"data": [*map(writable, sent["data"])]}
        return json.dumps(kept).encode()

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


def is_read(method: str, path: str, query: bytes) -> bool:
    """Whether the page gets this address from Gradio."""
    asked = READ.get(path)
    found = FILES.fullmatch(path) if asked is None else asked.fullmatch(query.decode("latin-1"))
    return method == "GET" and found is not None


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, dict) or sent.pop("event_data", None) is not None or sent.keys() != _KEYS:
        return None
    return sent


def _fits(value: object, shape: re.Pattern[str]) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None
