"""Slow clients, slow servers and heavy load: nobody blocks others, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from conftest import opened_in
from fastapi import HTTPException
from starlette.requests import Request

from assistant.assistant import Assistant
from assistant.core.errors import FetchError
from assistant.core.types import AddResult, ProgressStep, Source, ignore
from assistant.ingest import fetch
from assistant.web import server, uploads
from assistant.web.uploads import Limits, Uploads, while_there

QUICK = Limits(least=100, window=0.05, whole=0.5, held=1_000, adding=1, fetching=8, site=1)
FOREVER = 3_600.0
Message = dict[str, object]


def request(
    *chunks: bytes, pause: float = 0.0, then: Callable[[], Awaitable[Message]] | None = None
) -> Request:
    """A request whose body comes in these chunks, each after a pause; then `then`, or its end."""
    waiting = list(chunks)

    async def receive() -> Message:
        if waiting:
            await asyncio.sleep(pause)
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting or then)}
        return await then() if then else {"type": "http.disconnect"}

    return Request(
        {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, receive
    )


async def never() -> Message:
    await asyncio.sleep(FOREVER)
    raise AssertionError


async def received(arriving: Uploads, sent: Request) -> bytes:
    async with arriving.received(sent, "a.md") as source:
        return source.load()


def refusal(sent: Request, limits: Limits = QUICK) -> int:
    with pytest.raises(HTTPException) as caught:
        asyncio.run(received(Uploads(limits), sent))
    return caught.value.status_code


# -- bodies ------------------------------------------------------------------------------------------


def test_a_body_arrives_as_it_was_sent() -> None:
    assert asyncio.run(received(Uploads(QUICK), request(b"one ", b"two"))) == b"one two"


def test_a_body_that_stops_or_drips_is_given_up() -> None:
    assert refusal(request(b"a", then=never)) == 408
    assert refusal(request(*[b"a"] * 10_000, pause=0.01)) == 408


def test_a_body_that_never_ends_is_given_up_although_it_comes_fast_enough() -> None:
    limits = replace(QUICK, least=1, window=FOREVER, whole=0.1)
    assert refusal(request(*[b"a"] * 10_000, pause=0.001), limits) == 408


def test_a_body_is_never_held_beyond_the_limit() -> None:
    assert refusal(request(b"a" * 1_001)) == 503


def test_where_memory_runs_short_the_slowest_leaves_and_the_new_one_is_taken() -> None:
    async def crowded() -> tuple[object, object]:
        arriving = Uploads(replace(QUICK, window=FOREVER, whole=FOREVER))
        slow = asyncio.create_task(received(arriving, request(b"a" * 800, then=never)))
        await asyncio.sleep(0.3)
        fresh = await received(arriving, request(b"b" * 900))
        return (await asyncio.gather(slow, return_exceptions=True))[0], fresh

    left, taken = asyncio.run(crowded())
    assert isinstance(left, HTTPException)
    assert (left.status_code, taken) == (503, b"b" * 900)


def test_what_was_held_is_given_back() -> None:
    async def again_and_again() -> int:
        arriving = Uploads(QUICK)
        for _ in range(5):
            await received(arriving, request(b"a" * 800))
            with pytest.raises(HTTPException):
                await received(arriving, request(b"a" * 800, then=never))
        return arriving._held

    assert asyncio.run(again_and_again()) == 0


# -- turns -------------------------------------------------------------------------------------------


def test_what_takes_seconds_does_not_wait_for_what_takes_hours() -> None:
    async def both() -> None:
        arriving = Uploads(QUICK)
        long, short = Source("a.zip", lambda: b"PK\x03\x04"), Source("b.md", lambda: b"# B")
        async with arriving.turn(long), arriving.turn(short):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), arriving.turn(long):
                    pass

    asyncio.run(both())


def test_who_goes_is_noticed_while_waiting_and_by_threads() -> None:
    async def waiting() -> bool:
        async with while_there(request()) as gone:
            await asyncio.sleep(FOREVER)
        return gone.is_set()

    assert asyncio.run(waiting())


def test_who_stays_is_not_disturbed() -> None:
    async def working() -> bool:
        async with while_there(request(then=never)) as gone:
            await asyncio.sleep(0.01)
        return gone.is_set()

    assert not asyncio.run(working())


# -- addresses ---------------------------------------------------------------------------------------


def test_a_site_that_drips_holds_no_place_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def load(url: str) -> bytes:
        if "slow" in url:
            gate.wait(60)
        return url.encode()

    monkeypatch.setattr(fetch, "_load", load)

    async def both() -> bytes:
        arriving = Uploads(QUICK)

        async def fetched(url: str) -> bytes:
            async with arriving.fetched(url) as source:
                return source.load()

        slow = [asyncio.create_task(fetched(f"http://{n}.slow.example/")) for n in range(20)]
        await asyncio.sleep(0.05)
        found = await fetched("http://quick.example/")
        gate.set()
        await asyncio.gather(*slow)
        return found

    assert asyncio.run(both()) == b"http://quick.example/"


def test_a_fault_of_an_address_is_told_when_the_source_is_read() -> None:
    async def fetched() -> None:
        async with Uploads(QUICK).fetched("http://127.0.0.1/") as source:
            with pytest.raises(FetchError, match="private network"):
                source.load()

    asyncio.run(fetched())


@pytest.mark.parametrize(
    ("url", "site"),
    [("http://a.b.example.org/x", "example.org"), ("https://1.2.3.4:80/", "1.2.3.4"), ("http://[::1", ""),
     ("http://example.org./", "example.org")],
)  # fmt: skip
def test_addresses_of_one_site_are_known_by_it(url: str, site: str) -> None:
    assert fetch.site(url) == site


# -- the server --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home")) as opened:
        yield opened


async def called(
    assistant: Assistant, query: bytes, messages: Callable[[], Awaitable[Message]], limits: Limits = QUICK
) -> list[Message]:
    """Return the messages of the whole app for a POST to /api/documents."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
             "scheme": "http", "path": "/api/documents", "raw_path": b"/api/documents", "query_string": query,
             "headers": [(b"host", b"localhost")], "server": ("localhost", 80), "root_path": ""}  # fmt: skip
    await server.app(assistant, limits=limits)(scope, messages, send)  # type: ignore[arg-type]
    return sent


def test_a_slow_upload_is_refused_in_a_sentence(assistant: Assistant) -> None:
    sent = asyncio.run(called(assistant, b"source=a.md", request(b"# A", then=never).receive))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408
    assert uploads.TOO_SLOW.encode() in sent[1]["body"]  # type: ignore[operator]


def test_who_goes_while_a_document_is_taken_in_ends_that(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(
        sources: Iterable[Source], told: Callable[[ProgressStep], None] = ignore
    ) -> Iterator[AddResult]:
        try:
            while True:
                begun.set()
                told(ProgressStep("a.md", "embedding"))
                yield AddResult("a.md", "added")
        finally:
            ended.set()

    async def leaving() -> Message:
        await asyncio.to_thread(begun.wait, 60)
        return {"type": "http.disconnect"}

    monkeypatch.setattr(assistant, "add", endless, raising=False)
    body = [{"type": "http.request", "body": b"# A", "more_body": False}]

    async def receive() -> Message:
        return body.pop() if body else await leaving()

    asyncio.run(called(assistant, b"source=a.md", receive))
    assert ended.is_set()
