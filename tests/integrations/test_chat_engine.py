"""Conversations as LlamaIndex's own chat engines hold them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from conftest import opened_in
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from assistant.assistant import Assistant

KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n\nIt weighs two kilograms."
BOILS = "How long does the Arvo kettle take to boil one litre?"
HEAVY = "And how heavy is it?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home"), {"kettle.md": KETTLE}) as opened:
        yield opened


def test_a_follow_up_is_answered_from_the_turns_before_it(assistant: Assistant) -> None:
    chat = assistant.as_chat_engine()
    first = chat.chat(BOILS)
    assert "95 seconds" in str(first)
    assert first.source_nodes[0].metadata["title"] == "Kettle manual"
    assert "two kilograms" in str(chat.chat(HEAVY))
    assert [message.role for message in chat.chat_history] == [MessageRole.USER, MessageRole.ASSISTANT] * 2


def test_a_conversation_begins_anew_after_it_is_reset(assistant: Assistant) -> None:
    chat = assistant.as_chat_engine()
    chat.chat(BOILS)
    chat.reset()
    assert chat.chat_history == []


def test_a_history_that_is_given_takes_the_place_of_its_own(assistant: Assistant) -> None:
    before = [ChatMessage(BOILS), ChatMessage("In 95 seconds. [1]", role=MessageRole.ASSISTANT)]
    chat = assistant.as_chat_engine()
    assert "two kilograms" in str(chat.chat(HEAVY, before))
    assert len(chat.chat_history) == 4


def test_a_stream_has_the_text_and_the_sources_of_the_whole(assistant: Assistant) -> None:
    stream = assistant.as_chat_engine().stream_chat(BOILS)
    assert "95 seconds" in "".join(stream.response_gen)
    assert stream.source_nodes[0].metadata["source"] == "kettle.md"


def test_it_can_be_awaited(assistant: Assistant) -> None:
    async def asked() -> tuple[str, str]:
        chat = assistant.as_chat_engine()
        whole = await chat.achat(BOILS)
        stream = await assistant.as_chat_engine().astream_chat(BOILS)
        return str(whole), "".join([piece async for piece in stream.async_response_gen()])

    whole, streamed = asyncio.run(asked())
    assert whole == streamed
    assert "95 seconds" in whole
