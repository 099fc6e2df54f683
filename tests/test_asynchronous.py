"""The assistant for asyncio gives what the other gives, and lets the loop go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from model_server import Reply, serve

from assistant import AsyncAssistant, NotFound, StoreBusy
from assistant.core import config
from assistant.core.config import Settings
from assistant.core.types import Source

KETTLE = b"# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n\nIt weighs two kilograms.\n"
BOILS = "How long does the Arvo kettle take to boil one litre?"


def opened(settings: Settings, work: Callable[[AsyncAssistant], Awaitable[None]]) -> None:
    async def working() -> None:
        async with await AsyncAssistant.open(settings) as assistant:
            await assistant.add_bytes(KETTLE, "kettle.md")
            await work(assistant)

    asyncio.run(working())


def test_it_asks_lists_shows_and_removes(settings: Settings) -> None:
    async def work(assistant: AsyncAssistant) -> None:
        answer = await assistant.ask(BOILS, "a")
        assert "95 seconds" in answer.text
        assert "two kilograms" in (await assistant.ask("And how heavy is it?", "a")).text
        drafts = [draft async for draft in assistant.stream(BOILS)]
        assert drafts[-1].text == answer.text
        [entry] = await assistant.list()
        assert "Arvo" in (await assistant.show(entry.id)).text
        lamp = Source("lamp.md", lambda: b"# Lamps\n\nThe Sorsa lamp has three arms.\n")
        assert [result.status async for result in assistant.add([lamp])] == ["added"]
        assert (await assistant.remove(entry.id)).id == entry.id
        with pytest.raises(NotFound):
            await assistant.show(entry.id)
        assert (await assistant.check()).problems == ()

    opened(settings, work)


def test_a_store_is_open_once_and_free_again_after_it_was_closed(settings: Settings) -> None:
    async def work(assistant: AsyncAssistant) -> None:
        with pytest.raises(StoreBusy):
            await AsyncAssistant.open(settings)

    opened(settings, work)
    opened(settings, lambda assistant: assistant.list())  # type: ignore[arg-type,return-value]


def test_a_question_that_is_cancelled_is_withdrawn_from_the_model(tmp_path: Path) -> None:
    with serve(Reply(["The "], fault="trickle")) as model:
        settings = replace(
            config.load({}), home=tmp_path / "home", corpus=None, model="m", base_url=model.url
        )

        async def work(assistant: AsyncAssistant) -> None:
            asking = asyncio.create_task(assistant.ask(BOILS))
            while not model.prompts:
                await asyncio.sleep(0.02)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await asyncio.to_thread(model.left.wait, 20)

        opened(settings, work)
