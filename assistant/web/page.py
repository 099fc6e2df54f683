"""The chat page: the wiring of Gradio. Its markup comes from `text.turns`, its words from `text.wording`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.queueing import Queue

from assistant.assistant import Assistant
from assistant.core import limits, serialization
from assistant.core.errors import FAULT, AssistantError, NotFound
from assistant.core.scope import Scope, parse
from assistant.core.types import Answer, KeptTurn
from assistant.text import turns as render
from assistant.text.wording import ENGLISH, Wording, wanted
from assistant.users.roles import is_user
from assistant.web.access.door import owner_of
from assistant.web.access.noting import note
from assistant.web.admission import Admission, events
from assistant.web.asking import Asked, Asking
from assistant.web.conversations import UNKNOWN
from assistant.web.delivery.packing import Packing
from assistant.web.delivery.shell import Shell

TITLE = ENGLISH("name")
ANSWERING = 8
"""Pages that follow an answer, or load a conversation, concurrently."""
REST = 0.02
"""Interval in seconds at which Gradio looks for questions."""
QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Updates = list[Any]
"""Updates of the transcript, the question box and the Send button, in this order."""

_log = logging.getLogger(__name__)
_FONTS = [gr.themes.Font(name) for name in ("system-ui", "sans-serif")]
THEME = gr.themes.Base(
    font=_FONTS, font_mono=[gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
)
"""Only fonts of the user's system, so none is downloaded."""


def page(assistant: Assistant, asking: Asking) -> gr.Blocks:
    """Build the page."""
    chat = Chat(assistant, asking)
    blocks = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with blocks:
        conversation = gr.Textbox(visible="hidden", elem_id="conversation")
        # Pressed by the page's scripts alone.
        opening = gr.Button("Open", visible="hidden", elem_id="open-chat")
        following = gr.Button("Follow", visible="hidden", elem_id="follow-chat")
        transcript = gr.HTML(elem_id="transcript", apply_default_css=False)
        gr.HTML(render.suggestions_html(), apply_default_css=False, elem_id="suggestions")
        part = gr.Textbox(visible="hidden", elem_id="part")
        with gr.Row(elem_id="composer"):
            gr.HTML(render.scope_html(), apply_default_css=False, elem_id="scope")
            question = gr.Textbox(elem_id="question-box", label=ENGLISH("ask.question"), max_lines=8)
            # Disabled until the conversation is loaded, so no question is asked outside it.
            send = gr.Button(ENGLISH("ask.send"), elem_id="send", variant="primary", interactive=False)
        shown = [transcript, question, send]
        _connect(chat.answer, [question.submit, send.click], [question, conversation, part], shown, "sent")
        _connect(chat.follow, [following.click], [conversation], shown, "followed")
        opened = {"inputs": [conversation], "outputs": [conversation, *shown], "js": "() => cited.current()"}
        gr.on([blocks.load, opening.click], chat.load, **opened, concurrency_limit=ANSWERING, **QUIET)
    return blocks


def _connect(
    does: Callable[..., Any], triggers: list[Any], inputs: list[Any], shown: list[Any], js: str
) -> None:
    """Connect an event that answers; `js` is the function of the page's scripts that returns its inputs."""
    limit = {"concurrency_limit": ANSWERING, "concurrency_id": "answering"}
    event = gr.on(triggers, does, inputs, shown, js=f"(...given) => cited.{js}(...given)", **limit, **QUIET)
    # Enable the next question; a server that went away is noticed here.
    event.then(None, None, shown[2], js="() => cited.settled()", **QUIET)


class Chat:
    """The handlers of the page's events; each returns updates of the page."""

    def __init__(self, assistant: Assistant, asking: Asking) -> None:
        self._assistant = assistant
        self._asking = asking

    def load(self, conversation: str, request: gr.Request | None = None) -> Updates:
        """Return the conversation, the greeting if it is empty, or a sentence if it is another browser's."""
        say = _wording(request)
        if not self._is_own(conversation, request):
            return [conversation, *_updates(render.foreign_html(say), busy=False)]
        turns = self._turns(conversation)
        running = self._asking.running(conversation)
        if running:
            pending = render.pending_html(running.question, say)
            return [conversation, *_updates(render.transcript_html(turns, pending, say), busy=True)]
        if turns:
            return [conversation, *_updates(render.transcript_html(turns, None, say), busy=False)]
        greeting = render.welcome_html(len(self._assistant.list()), say)
        return [conversation, *_updates(greeting, busy=False)]

    def answer(
        self, question: str, conversation: str, part: str = "", request: gr.Request | None = None
    ) -> Iterator[Updates]:
        """Yield the transcript as the answer grows; `part` is the scope of the search as JSON, if any.

        The question box is cleared once the question has arrived.
        """
        if not question.strip():
            return
        say = _wording(request)
        turns: list[KeptTurn] = []
        try:
            self._require_own(conversation, request)
            turns = self._turns(conversation)
            documents = self._assistant.within(_scope(part))
            asked = self._asking.begin(conversation, serialization.asked(question), documents)
            if request is not None:
                note(request, "asked")
        except AssistantError as fault:
            yield _updates(question="", busy=True)
            failed = render.failed_html(question, fault.message)
            yield _updates(render.transcript_html(turns, failed, say))
            return
        pending = render.pending_html(question, say)
        yield _updates(render.transcript_html(turns, pending, say), question="", busy=True)
        yield from self._growing(asked, conversation, turns, say)

    def follow(self, conversation: str, request: gr.Request | None = None) -> Iterator[Updates]:
        """Yield the transcript as an answer grows that another page of this conversation asked for."""
        if not self._is_own(conversation, request):
            return
        say = _wording(request)
        turns = self._turns(conversation)
        asked = self._asking.running(conversation)
        if asked:
            yield from self._growing(asked, conversation, turns, say)
        else:
            yield _updates(render.transcript_html(turns, None, say))

    def _growing(
        self, asked: Asked, conversation: str, turns: Sequence[KeptTurn], say: Wording
    ) -> Iterator[Updates]:
        answer: Answer | None = None
        try:
            for answer in asked.follow():
                last = render.turn_html(asked.question, answer, say, growing=True)
                yield _updates(render.transcript_html(turns, last, say))
        except AssistantError as fault:
            failed = render.failed_html(asked.question, fault.message)
            yield _updates(render.transcript_html(turns, failed, say))
        except Exception:
            _log.exception("A question could not be answered.")
            failed = render.failed_html(asked.question, FAULT)
            yield _updates(render.transcript_html(turns, failed, say))
        else:
            kept = self._turns(conversation)
            # A full disk keeps nothing; the answer says so.
            is_kept = answer is None or bool(kept and kept[-1].turn.question == answer.question)
            lost = None if is_kept or answer is None else render.turn_html(asked.question, answer, say)
            yield _updates(render.transcript_html(kept, lost, say))

    def _turns(self, conversation: str) -> list[KeptTurn]:
        return self._assistant.library.ledger.conversations.kept(limits.conversation(conversation))

    def _is_own(self, conversation: str, request: gr.Request | None) -> bool:
        """True if a conversation is nobody's, or of the browser that asks. One with turns becomes its own."""
        kept = self._assistant.library.ledger.conversations
        owner = _owner(request)
        known = kept.owner(conversation)
        if known is None and owner and self._turns(conversation):
            # Where people log in, what nobody's page began may be somebody else's.
            return not is_user(owner) and kept.claim(conversation, owner)
        return known in (None, owner)

    def _require_own(self, conversation: str, request: gr.Request | None) -> None:
        owner = _owner(request)
        kept = self._assistant.library.ledger.conversations
        if not self._is_own(conversation, request) or (owner and not kept.claim(conversation, owner)):
            raise NotFound(UNKNOWN)


def _owner(request: gr.Request | None) -> str:
    return "" if request is None else owner_of(request)


def _scope(part: str) -> Scope:
    """Return the scope that the page sent.

    Raises:
        QuestionError: it is of another form.
    """
    try:
        data = json.loads(part) if part else {}
    except (ValueError, RecursionError):
        data = None
    return parse(data if isinstance(data, dict) else {"documents": None})


def _wording(request: gr.Request | None) -> Wording:
    return wanted(None if request is None else request.headers.get("accept-language"))


def _updates(transcript: str | None = None, question: str | None = None, busy: bool | None = None) -> Updates:
    """Return the updates of the page; None leaves a part unchanged."""
    return [
        gr.skip() if transcript is None else transcript,
        gr.skip() if question is None else question,
        gr.skip() if busy is None else gr.update(interactive=not busy),
    ]


def mount(served: FastAPI, assistant: Assistant, asking: Asking) -> Admission:
    """Mount the chat under `served`; return the check of what may be passed to Gradio."""
    blocks = page(assistant, asking)
    gr.mount_gradio_app(
        served,
        blocks,
        "/",
        theme=THEME,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=1,
    )
    is_secure = (assistant.settings.public_url or "").startswith("https:")
    # Gradio puts all components of a page into a column.
    kinds = {"column", *(component["type"] for component in blocks.config["components"])}
    served.add_middleware(Shell, kinds=kinds, secure=is_secure)
    served.add_middleware(Packing)
    queue = _queue(blocks)
    # By default Gradio polls a thousand times a second, which slows down answers.
    queue.sleep_when_free = REST
    queue.progress_update_sleep_when_free = 1.0
    return Admission(events(blocks.config), queue.pending_event_ids_session)


def _queue(blocks: gr.Blocks) -> Queue:
    """Return the queue of events: Gradio 6 has no public way to it, and `Blocks.queue` sets neither how often
    it polls nor says which events are pending."""
    return blocks._queue
