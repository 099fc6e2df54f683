"""The store, from wherever it is owned: opened here, or asked of the server that has it open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from assistant import owner, wire
from assistant.config import Settings
from assistant.errors import AssistantError, NotFound, StoreBusy
from assistant.types import Answer, Document, Entry, Health, Outcome, Source

if TYPE_CHECKING:
    from assistant.assistant import Assistant

TIMEOUT = 600.0
"""Seconds that a server may take for one request: a large document takes its time."""
Say = Callable[[str], None]


def connect(settings: Settings, doing: str, say: Say) -> Assistant | Remote:
    """The store in `settings.home`: opened, after waiting for another command, or through its server.

    Raises:
        StoreBusy: another command holds it for too long.
        StoreError: it cannot be used.
    """

    def waiting(held: owner.Owner) -> None:
        say(f"Waiting for process {held.pid} ({held.doing}), which has the store open.")

    held = owner.wait(settings.home, doing, waiting)
    if isinstance(held, owner.Owner):
        return Remote(held)
    from assistant.assistant import Assistant

    return Assistant.owning(settings, held, say)


class Remote:
    """The same methods as `Assistant`, spoken over HTTP to the server that owns the store."""

    def __init__(self, held: owner.Owner) -> None:
        import httpx

        # A proxy from the environment must not stand between two processes of one machine.
        self._http = httpx.Client(base_url=held.url or "", timeout=TIMEOUT, trust_env=False)
        self.url = held.url
        self._owner = held

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def fill(self, told: Callable[[Outcome, int], None] = lambda outcome, of: None) -> int:
        """Nothing: the server filled its store when it started."""
        return 0

    def ask(self, question: str, conversation: str | None = None) -> Answer:
        """The answer to `question`."""
        return wire.to_answer(
            self._call("POST", "/api/ask", json={"question": question, "conversation": conversation})
        )

    def add(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """Sends each source to the server."""
        for source in sources:
            try:
                data = source.load()
            except AssistantError as fault:
                yield Outcome(source.name, "rejected", reason=fault.message)
                continue
            sent = self._call("POST", "/api/documents", params={"source": source.name}, content=data)
            yield Outcome(**sent)

    def list(self) -> list[Entry]:
        """All documents."""
        return [Entry(**entry) for entry in self._call("GET", "/api/documents")]

    def show(self, document_id: str) -> Document:
        """One document with its text."""
        return wire.to_document(self._call("GET", f"/api/documents/{document_id}"))

    def remove(self, document_id: str) -> Entry:
        """Removes a document."""
        return Entry(**self._call("DELETE", f"/api/documents/{document_id}"))

    def check(self) -> Health:
        """Verifies the store."""
        return wire.to_health(self._call("POST", "/api/check"))

    def rebuild(self) -> Health:
        """Builds the index anew."""
        return wire.to_health(self._call("POST", "/api/rebuild"))

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        import httpx

        for attempt in range(3):
            try:
                answer = self._http.request(method, path, **sent)
                break
            except httpx.ConnectError as fault:
                # It is just starting or ending.
                if attempt == 2:
                    raise StoreBusy(
                        f"The server at {self._owner.url} (process {self._owner.pid}) does not answer; "
                        "end it, then try again."
                    ) from fault
                time.sleep(0.5)
            except httpx.HTTPError as fault:
                raise StoreBusy(f"The server at {self._owner.url} broke off ({fault}); try again.") from fault
        if answer.status_code == 404:
            raise NotFound(answer.json()["error"])
        if answer.is_error:
            raise AssistantError(_told(answer))
        return answer.json()


def _told(answer: Any) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered with status {answer.status_code}; try again."
