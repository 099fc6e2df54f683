"""The store, from wherever it is owned: opened here, or asked of the server that has it open."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assistant import owner, wire
from assistant.config import Settings
from assistant.errors import AssistantError, NotFound, StoreBusy
from assistant.types import Answer, Document, Entry, Health, Outcome, Source

if TYPE_CHECKING:
    from assistant.assistant import Assistant

TIMEOUT = 600.0
"""Seconds that a server may take for one request: a large document takes its time."""
ATTEMPTS = 20
PAUSE = 0.5
"""How often, and seconds after which, a server that does not answer is tried again."""
Say = Callable[[str], None]


def connect(settings: Settings, doing: str, say: Say) -> Assistant | Remote:
    """The store in `settings.home`: opened, after waiting for another command, or through its server.

    Raises:
        StoreBusy: another command holds it for too long.
        StoreError: it cannot be used.
    """

    def waiting(held: owner.Owner) -> None:
        say(f"Waiting for process {held.pid} ({held.doing}), which has the store open.")

    for attempt in itertools.count(1):
        held = owner.wait(settings.home, doing, waiting)
        if isinstance(held, owner.Lock):
            from assistant.assistant import Assistant

            return Assistant.owning(settings, held, say)
        remote = Remote(held)
        if remote.answers():
            return remote
        if attempt == ATTEMPTS:
            told = f"The server at {held.url} (process {held.pid}) does not answer; end it, then try again."
            raise StoreBusy(told)
        # It is just ending, or the file still names the owner before.
        time.sleep(PAUSE)
    raise AssertionError


class Remote:
    """The same methods as `Assistant`, spoken over HTTP to the server that owns the store."""

    def __init__(self, held: owner.Owner) -> None:
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

    def fill(self, told: Callable[[Outcome, int], None] = lambda outcome, of: None) -> int:
        """Nothing: the server filled its store when it started."""
        return 0

    def ask(self, question: str, conversation: str | None = None) -> Answer:
        """The answer to `question`."""
        asked = {"question": wire.writable(question), "conversation": wire.writable(conversation or "")}
        return wire.to_answer(self._call("POST", "/api/ask", json=asked))

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
        return [wire.to_entry(entry) for entry in self._call("GET", "/api/documents")]

    def show(self, document_id: str) -> Document:
        """One document with its text."""
        return wire.to_document(self._call("GET", f"/api/documents/{quote(document_id, safe='')}"))

    def remove(self, document_id: str) -> Entry:
        """Removes a document."""
        return wire.to_entry(self._call("DELETE", f"/api/documents/{quote(document_id, safe='')}"))

    def check(self) -> Health:
        """Verifies the store."""
        return wire.to_health(self._call("POST", "/api/check"))

    def rebuild(self) -> Health:
        """Builds the index anew."""
        return wire.to_health(self._call("POST", "/api/rebuild"))

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        import httpx

        try:
            answer = self._http.request(method, path, **sent)
        except httpx.HTTPError as fault:
            told = f"The server at {self.url} broke off ({type(fault).__name__}); try again."
            raise StoreBusy(told) from fault
        if answer.status_code == 404:
            raise NotFound(_told(answer))
        if answer.is_error:
            raise AssistantError(_told(answer))
        return answer.json()


def _told(answer: Any) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered with status {answer.status_code}; try again."
