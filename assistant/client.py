"""The store, from wherever it is owned: opened here, or asked of the server that has it open."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assistant.core import limits, serialization
from assistant.core.config import Settings
from assistant.core.errors import AssistantError, NotFound, StoreBusy
from assistant.core.types import (
    AddResult,
    Answer,
    Document,
    DocumentInfo,
    Health,
    Notify,
    OnStep,
    Source,
    ignore,
)
from assistant.store import lock

if TYPE_CHECKING:
    from assistant.assistant import Assistant

TIMEOUT = 600.0
"""Seconds that a server may take for one request: a large document takes its time."""
ATTEMPTS = 20
PAUSE = 0.5
"""How often, and seconds after which, a server that does not answer is tried again."""
EVENTS = {"Accept": "text/event-stream"}
REFUSED = (400, 413, 422)
"""Statuses that speak of the one document that was sent."""
Entries = list[DocumentInfo]


def connect(settings: Settings, doing: str, notify: Notify, *, repair: bool = False) -> Assistant | Remote:
    """The store in `settings.home`: opened, after waiting for another command, or through its server.

    With `repair`, a ledger that cannot be relied on is made anew first.

    Raises:
        StoreBusy: another command holds it for too long.
        StoreError: it cannot be used.
    """

    def waiting(held: lock.Owner) -> None:
        notify(f"Waiting for process {held.pid} ({held.doing}), which has the store open.")

    for attempt in itertools.count(1):
        held = lock.wait(settings.home, doing, waiting)
        if isinstance(held, lock.Lock):
            from assistant.assistant import Assistant

            return Assistant.owning(settings, held, notify, repair=repair)
        remote = Remote(held)
        if remote.answers():
            return remote
        if attempt == ATTEMPTS:
            message = (
                f"The server at {held.url} (process {held.pid}) does not answer; end it, then try again."
            )
            raise StoreBusy(message)
        # It is just ending, or the file still names the owner before.
        time.sleep(PAUSE)
    raise AssertionError


class Remote:
    """The same methods as `Assistant`, spoken over HTTP to the server that owns the store."""

    def __init__(self, held: lock.Owner) -> None:
        import httpx

        # A proxy from the environment must not stand between two processes of one machine.
        self._http = httpx.Client(base_url=held.url or "", timeout=TIMEOUT, trust_env=False)
        self.url = held.url

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Whether the server takes requests."""
        try:
            self._call("GET", "/api/health")
        except StoreBusy:
            return False
        return True

    def fill(self, on_result: Callable[[AddResult, int], None] = lambda outcome, of: None) -> int:
        """Nothing: the server filled its store when it started."""
        return 0

    def ask(self, question: str, conversation: str | None = None, documents: Sequence[str] = ()) -> Answer:
        """The answer to `question`, from `documents` alone where there are any."""
        asked = {
            "question": serialization.writable(question),
            "conversation": limits.conversation(conversation or ""),
            "documents": [*documents],
        }
        return serialization.to_answer(self._call("POST", "/api/ask", json=asked).json())

    def add(self, sources: Iterable[Source], on_step: OnStep = ignore) -> Iterator[AddResult]:
        """Sends each source to the server; gives what becomes of it, of each document of an archive."""
        for source in sources:
            try:
                data = source.load()
            except AssistantError as fault:
                yield AddResult(source.name, "rejected", reason=fault.message)
                continue
            yield from self._added(source.name, data, on_step)

    def _added(self, name: str, data: bytes, on_step: OnStep) -> Iterator[AddResult]:
        sent: Any = {"params": {"source": serialization.writable(name)}, "content": data, "headers": EVENTS}
        with self._reaching(), self._http.stream("POST", "/api/documents", **sent) as reply:
            if reply.status_code in REFUSED:
                reply.read()
                yield AddResult(name, "rejected", reason=_message(reply))
                return
            _require_success(reply)
            for event, said in serialization.events(reply.iter_lines()):
                if event == "step":
                    on_step(serialization.to_step(said))
                elif event == "outcome":
                    yield serialization.to_add_result(said)
                elif event == "fault":
                    raise AssistantError(said["error"])
            if event != "done":
                raise StoreBusy(f"The server at {self.url} broke off within {name}; try again.")

    def list(self) -> Entries:
        """All documents."""
        return [serialization.to_document_info(entry) for entry in self._call("GET", "/api/documents").json()]

    def show(self, document_id: str) -> Document:
        """One document with its text."""
        return serialization.to_document(self._call("GET", _path(document_id)).json())

    def original(self, document_id: str) -> bytes:
        """The bytes of a document as they were added."""
        data: bytes = self._call("GET", f"{_path(document_id)}/original").content
        return data

    def remove(self, document_id: str) -> DocumentInfo:
        """Removes a document."""
        return serialization.to_document_info(self._call("DELETE", _path(document_id)).json())

    def remove_all(self, document_ids: Sequence[str]) -> Entries:
        """Removes documents, all of them or none."""
        return self._changed("/api/documents/remove", "ids", document_ids)

    def unname(self, sources: Sequence[str]) -> Entries:
        """Takes names away from their documents; gives those that had no other, which are removed."""
        return self._changed("/api/sources/unname", "sources", sources)

    def check(self, repair: bool = False) -> Health:
        """Verifies the store; with `repair`, mends what can be mended."""
        return serialization.to_health(self._call("POST", "/api/check", params={"repair": repair}).json())

    def rebuild(self) -> Health:
        """Builds the index anew."""
        return serialization.to_health(self._call("POST", "/api/rebuild").json())

    def call(self, method: str, path: str, **sent: Any) -> Any:
        """What the API says at a path that has no method here."""
        return self._call(method, path, **sent).json()

    def follow(self, path: str) -> Iterator[tuple[str, Any]]:
        """The events that the API tells at a path, until the last."""
        with self._reaching(), self._http.stream("GET", path, headers=EVENTS) as reply:
            _require_success(reply)
            yield from serialization.events(reply.iter_lines())

    def _changed(self, path: str, name: str, given: Sequence[str]) -> Entries:
        sent = {name: [serialization.writable(one) for one in given]}
        return [serialization.to_document_info(entry) for entry in self._call("POST", path, json=sent).json()]

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        with self._reaching():
            reply = self._http.request(method, path, **sent)
        _require_success(reply)
        return reply

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.HTTPError as fault:
            message = f"The server at {self.url} broke off ({type(fault).__name__}); try again."
            raise StoreBusy(message) from fault


def _path(document_id: str) -> str:
    return f"/api/documents/{quote(document_id, safe='')}"


def _require_success(reply: Any) -> None:
    if reply.is_error:
        reply.read()
        raise (NotFound if reply.status_code == 404 else AssistantError)(_message(reply))


def _message(reply: Any) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered with status {reply.status_code}; try again."
