"""Work reported by events: in order, to the end, and cancelled when nobody listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from assistant.core import serialization
from assistant.core.errors import FAULT, ModelError
from assistant.core.serialization import Json
from assistant.web import events as stream


def told(work: stream.Work) -> list[tuple[str, Json]]:
    """All events of a reply that somebody listens to."""

    async def listening() -> str:
        return "".join([str(event) async for event in stream.reply(work).body_iterator])

    return list(serialization.events(asyncio.run(listening()).splitlines()))


def test_events_come_in_order_and_end_with_done() -> None:
    def counting(tell: stream.Tell) -> None:
        for number in range(100):
            tell("step", {"number": number})

    events = told(counting)
    assert [said["number"] for name, said in events if name == "step"] == list(range(100))
    assert events[-1] == ("done", {})


def test_events_of_several_threads_all_arrive() -> None:
    def counting(tell: stream.Tell) -> None:
        threads = [threading.Thread(target=tell, args=("step", {"number": number})) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(said["number"] for name, said in told(counting) if name == "step") == list(range(20))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(ModelError("The model is away."), "The model is away."), (KeyError("secret"), FAULT)],
)
def test_a_fault_is_the_last_event_and_one_sentence(fault: Exception, sentence: str) -> None:
    def failing(tell: stream.Tell) -> None:
        tell("step", {})
        raise fault

    assert told(failing) == [("step", {}), ("fault", {"error": sentence})]


def test_who_leaves_ends_the_work_at_its_next_word_and_frees_its_place() -> None:
    left, freed = threading.Event(), threading.Event()
    reached: list[int] = []

    def working(tell: stream.Tell) -> None:
        for number in range(3):
            tell("step", {})
            reached.append(number)
            assert left.wait(60)

    @asynccontextmanager
    async def place() -> AsyncIterator[None]:
        yield
        freed.set()

    async def leaving() -> None:
        events = stream.reply(working, place()).body_iterator
        await anext(aiter(events))
        await events.aclose()  # type: ignore[attr-defined]
        assert not freed.is_set()
        left.set()
        await asyncio.to_thread(freed.wait, 60)

    asyncio.run(leaving())
    assert freed.is_set()
    assert reached == [0]


def test_who_never_listens_does_not_keep_the_place() -> None:
    freed = threading.Event()

    @asynccontextmanager
    async def place() -> AsyncIterator[None]:
        yield
        freed.set()

    async def leaving() -> None:
        stream.reply(lambda tell: tell("step", {}), place())
        await asyncio.to_thread(freed.wait, 60)

    asyncio.run(leaving())
    assert freed.is_set()
