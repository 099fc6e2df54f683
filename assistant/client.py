"""Access to the store: opened by this process, or through the server that has it open."""

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
from assistant.core.scope import WHOLE, Scope, form
from assistant.core.types import (
    AddResult,
    Answer,
    DailyUsage,
    Document,
    DocumentInfo,
    Health,
    Notify,
    OnStep,
    Source,
    Usage,
    ignore,
)
from assistant.store import lock

if TYPE_CHECKING:
    from assistant.assistant import Assistant

TIMEOUT = 600.0
"""Limit on the seconds of a request; a large document takes long."""
ATTEMPTS = 20
"""Attempts to reach a server."""
PAUSE = 0.5
"""Seconds between these attempts."""
EVENTS = {"Accept": "text/event-stream"}
REFUSED = (400, 413, 422)
"""Statuses that reject the document that was sent."""
Entries = list[DocumentInfo]
Days = list[DailyUsage]


def connect(settings: Settings, doing: str, notify: Notify, *, repair: bool = False) -> Assistant | Remote:
    """Open the store in `settings.home`, after waiting for other commands, or connect to its server.

    With `repair`, a damaged ledger is rebuilt first.

    Raises:
        StoreBusy: another command has it open for too long.
        StoreError: it cannot be used.
    """

    def notify_waiting(owner: lock.Owner) -> None:
        notify(f"Waiting for process {owner.pid} ({owner.doing}), which has the store open.")

    for attempt in itertools.count(1):
        owner = lock.wait_for(settings.home, doing, notify_waiting)
        if isinstance(owner, lock.Lock):
            from assistant.assistant import Assistant

            return Assistant.owning(settings, owner, notify, repair=repair)
        remote = Remote(owner)
        if remote.answers():
            return remote
        if attempt == ATTEMPTS:
            server = f"The server at {owner.url} (process {owner.pid})"
            raise StoreBusy(f"{server} does not answer; end it, then try again.")
        # The server is just ending, or the file still names the previous owner.
        time.sleep(PAUSE)
    raise AssertionError


class Remote:
    """The methods of `Assistant` over HTTP, for the server that owns the store."""

    def __init__(self, owner: lock.Owner) -> None:
        import httpx

        # Two processes of one machine use no proxy from the environment.
        headers = {"Authorization": f"Bearer {owner.key}"} if owner.key else {}
        self._http = httpx.Client(base_url=owner.url or "", timeout=TIMEOUT, headers=headers, trust_env=False)
        self.url = owner.url

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Return True if the server accepts requests."""
        try:
            self._call("GET", "/api/health")
        except StoreBusy:
            return False
        return True

    def fill(self, on_result: Callable[[AddResult, int], None] = lambda outcome, of: None) -> int:
        """Return 0: the server added the shipped corpus when it started."""
        return 0

    def ask(
        self,
        question: str,
        conversation: str | None = None,
        documents: Sequence[str] = (),
        *,
        scope: Scope = WHOLE,
    ) -> Answer:
        """Answer `question` as the next turn of `conversation`; `documents` and `scope` limit the search."""
        body = {
            "question": serialization.writable(question),
            "conversation": limits.conversation(conversation or ""),
            **form(scope),
            "documents": [*documents],
        }
        return serialization.to_answer(self._call("POST", "/api/ask", json=body).json())

    def add(self, sources: Iterable[Source], on_step: OnStep = ignore) -> Iterator[AddResult]:
        """Send each source to the server; yield its result, or those of the documents of an archive."""
        for source in sources:
            try:
                data = source.load()
            except AssistantError as fault:
                yield AddResult(source.name, "rejected", reason=fault.message)
                continue
            yield from self._upload(source.name, data, on_step)

    def _upload(self, name: str, data: bytes, on_step: OnStep) -> Iterator[AddResult]:
        sent: Any = {"params": {"source": serialization.writable(name)}, "content": data, "headers": EVENTS}
        with self._reaching(), self._http.stream("POST", "/api/documents", **sent) as reply:
            if reply.status_code in REFUSED:
                reply.read()
                yield AddResult(name, "rejected", reason=_message(reply))
                return
            _require_success(reply)
            for event, payload in serialization.events(reply.iter_lines()):
                if event == "step":
                    on_step(serialization.to_step(payload))
                elif event == "outcome":
                    yield serialization.to_add_result(payload)
                elif event == "fault":
                    raise AssistantError(payload["error"])
            if event != "done":
                raise StoreBusy(f"The server at {self.url} broke off within {name}; try again.")

    def list(self) -> Entries:
        """Return all documents, sorted by source."""
        return [serialization.to_document_info(entry) for entry in self._call("GET", "/api/documents").json()]

    def show(self, document_id: str) -> Document:
        """Return a document with its text."""
        return serialization.to_document(self._call("GET", _path(document_id)).json())

    def original(self, document_id: str) -> bytes:
        """Return the bytes of a document as they were added."""
        data: bytes = self._call("GET", f"{_path(document_id)}/original").content
        return data

    def remove(self, document_id: str) -> DocumentInfo:
        """Remove a document permanently."""
        return serialization.to_document_info(self._call("DELETE", _path(document_id)).json())

    def remove_all(self, document_ids: Sequence[str]) -> Entries:
        """Remove documents permanently, all of them or none."""
        return self._change("/api/documents/remove", "ids", document_ids)

    def unname(self, sources: Sequence[str]) -> Entries:
        """Remove names of documents; permanently remove, and return, the documents without another name."""
        return self._change("/api/sources/unname", "sources", sources)

    def tag(self, document_ids: Sequence[str], added: Sequence[str], removed: Sequence[str] = ()) -> Entries:
        """Give tags to documents, take others from them, and return the documents."""
        body = {"ids": [*document_ids], "add": [*added], "remove": [*removed]}
        rows = self._call("POST", "/api/documents/tags", json=body).json()
        return [serialization.to_document_info(entry) for entry in rows]

    def usage(self) -> Days:
        """Return what models used on each of the last days, newest first."""
        rows = self.call("GET", "/api/usage")["days"]
        return [DailyUsage(row["day"], row["model"], Usage(**row["usage"])) for row in rows]

    def check(self, repair: bool = False) -> Health:
        """Verify the store; with `repair`, repair it as far as possible."""
        return serialization.to_health(self._call("POST", "/api/check", params={"repair": repair}).json())

    def rebuild(self) -> Health:
        """Rebuild the index from the ledger."""
        return serialization.to_health(self._call("POST", "/api/rebuild").json())

    def call(self, method: str, path: str, **sent: Any) -> Any:
        """Call a path of the API that has no method here; return its JSON."""
        return self._call(method, path, **sent).json()

    def follow(self, path: str) -> Iterator[tuple[str, Any]]:
        """Yield the server-sent events of a path of the API."""
        with self._reaching(), self._http.stream("GET", path, headers=EVENTS) as reply:
            _require_success(reply)
            yield from serialization.events(reply.iter_lines())

    def _change(self, path: str, key: str, values: Sequence[str]) -> Entries:
        body = {key: list(map(serialization.writable, values))}
        return [serialization.to_document_info(entry) for entry in self._call("POST", path, json=body).json()]

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
