"""The chat page: the wiring of Gradio. Its markup comes from `text.html`."""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from gradio.queueing import Queue
from lxml import html
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.core import serialization
from assistant.core.errors import FAULT, AssistantError
from assistant.ingest.files import ENDINGS, MAX_BYTES
from assistant.text import html as render
from assistant.text.html import Html
from assistant.web.admission import Admission, events

STATIC = Path(__file__).parent / "static"
TITLE = "Cited answers"
STYLES = ("page", "documents", "plots", "accuracy")
SCRIPTS = ("page", "documents", "uploads", "accuracy", "feedback")
"""Our own files of the page, in loading order."""
HINT = "Ask the documents…"
SUGGESTED = {
    "How much does Iran export to Venezuela?": "Figures on trade, goals and influence",
    "Which countries are Iran's allies in Latin America?": (
        "Overview of Iran's partners in Latin America by country"
    ),
    "What is a citation?": "Citations and sources",
}
"""Questions about the shipped corpus, each with the title of a document that answers it."""
ANSWERING = 8
"""Questions answered concurrently, for all pages together."""
SUGGESTIONS = 3
POLICY = (
    # Gradio builds components with `Function()` and sets style attributes. Inline scripts
    # run only with the nonce of this response, so injected markup cannot run any.
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The policy of the page."""
REST = 0.02
"""Interval in seconds at which Gradio looks for questions."""
QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Suggest = Callable[[Assistant], Sequence[str]]
Updates = list[Any]
"""Updates of the transcript, the question box, the Send button and the suggestions, in this order."""

_log = logging.getLogger(__name__)
_FONTS = [gr.themes.Font(name) for name in ("system-ui", "sans-serif")]
THEME = gr.themes.Base(
    font=_FONTS, font_mono=[gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
)
"""Only fonts of the user's system, so none is downloaded."""


def suggestions(assistant: Assistant) -> Sequence[str]:
    """Return first questions: about the shipped corpus if it is loaded, else about the first titles."""
    titles = [entry.title for entry in assistant.list()]
    shipped = [question for question, title in SUGGESTED.items() if title in titles]
    return shipped or [f"What does “{title}” say?" for title in titles[:SUGGESTIONS]]


def page(assistant: Assistant, suggest: Suggest = suggestions) -> gr.Blocks:
    """Build the page; `suggest` returns first questions, of which three are shown."""
    chat = Chat(assistant, suggest)
    blocks = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with blocks:
        conversation = gr.Textbox(visible="hidden", elem_id="conversation")
        with gr.Row(elem_id="bar"):
            fresh = gr.Button("New chat", elem_id="new-chat")
        transcript = gr.HTML(elem_id="transcript", apply_default_css=False)
        with gr.Row(elem_id="suggestions"):
            suggested = [gr.Button(visible=False, elem_classes="suggestion") for _ in range(SUGGESTIONS)]
        only = gr.Textbox(visible="hidden", elem_id="only-id")
        with gr.Row(elem_id="composer"):
            gr.HTML(render.scope_html(), apply_default_css=False, elem_id="scope")
            question = gr.Textbox(elem_id="question-box", label="Question", max_lines=8, placeholder=HINT)
            # Disabled until the conversation is loaded, so no question is asked outside it.
            send = gr.Button("Send", elem_id="send", variant="primary", interactive=False)
        shown = [transcript, question, send, *suggested]
        _connect_question(chat, [question.submit, send.click], [question, conversation, only], shown)
        for button in suggested:
            _connect_question(chat, [button.click], [button, conversation, only], shown)
        _connect_conversation(chat, blocks.load, "cited.current", [conversation, *shown])
        _connect_conversation(chat, fresh.click, "cited.fresh", [conversation, *shown])
    return blocks


def _connect_question(chat: Chat, triggers: list[Any], inputs: list[Any], shown: list[Any]) -> None:
    limit = {"concurrency_limit": ANSWERING, "concurrency_id": "answering"}
    # The page's script knows the only document to search, if any.
    script = "(question, conversation) => [question, conversation, cited.scope()]"
    asking = gr.on(triggers, chat.answer, inputs, shown, js=script, **limit, **QUIET)
    # Enable the next question; a server that went away is noticed here.
    asking.then(None, None, shown[2], js="() => cited.settled()", **QUIET)


def _connect_conversation(chat: Chat, trigger: Any, script: str, shown: list[Any]) -> None:
    """Load a conversation on an event; `script` is the function of page.js that returns its name."""
    trigger(chat.load, shown[:1], shown, js=f"() => {script}()", **QUIET)


class Chat:
    """The handlers of the page's events; each returns updates of the page."""

    def __init__(self, assistant: Assistant, suggest: Suggest) -> None:
        self._assistant = assistant
        self._suggest = suggest

    def load(self, conversation: str) -> Updates:
        """Return the conversation, or the greeting and first questions if it is empty."""
        turns = self._assistant.turns(conversation)
        if turns:
            return [conversation, *_updates(render.transcript_html(turns), busy=False, suggested=())]
        greeting = render.welcome_html(len(self._assistant.list()))
        return [conversation, *_updates(greeting, busy=False, suggested=self._suggest(self._assistant))]

    def answer(self, question: str, conversation: str, only: str = "") -> Iterator[Updates]:
        """Yield the transcript as the answer grows; `only` is the id of the only document to search, if any.

        The question box is cleared once the question has arrived.
        """
        if not question.strip():
            return
        yield _updates(question="", busy=True, suggested=())
        turns = self._assistant.turns(conversation)
        try:
            for last in self._growing(question, conversation, [only] if only else []):
                yield _updates(render.transcript_html(turns, last))
        except AssistantError as fault:
            yield _updates(render.transcript_html(turns, render.failed_html(question, fault.message)))
        except Exception:
            _log.exception("A question could not be answered.")
            yield _updates(render.transcript_html(turns, render.failed_html(question, FAULT)))

    def _growing(self, question: str, conversation: str, documents: Sequence[str]) -> Iterator[Html]:
        yield render.pending_html(question)
        for answer in self._assistant.stream(serialization.asked(question), conversation, documents):
            yield render.turn_html(question, answer, growing=not answer.timings_ms)


def _updates(
    transcript: str | None = None,
    question: str | None = None,
    busy: bool | None = None,
    suggested: Sequence[str] | None = None,
) -> Updates:
    """Return the updates of the page; None leaves a part unchanged."""
    buttons = [gr.skip()] * SUGGESTIONS
    if suggested is not None:
        padded = [*suggested, *[""] * SUGGESTIONS][:SUGGESTIONS]
        buttons = [gr.update(value=text, visible=bool(text)) for text in padded]
    return [
        gr.skip() if transcript is None else transcript,
        gr.skip() if question is None else question,
        gr.skip() if busy is None else gr.update(interactive=not busy),
        *buttons,
    ]


def mount(served: FastAPI, assistant: Assistant) -> Admission:
    """Mount the chat under `served`; return the check of what may be passed to Gradio."""
    blocks = page(assistant)
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
    served.add_middleware(Shell)
    queue = _queue(blocks)
    # By default Gradio polls a thousand times a second, which slows down answers.
    queue.sleep_when_free = REST
    queue.progress_update_sleep_when_free = 1.0
    return Admission(events(blocks.config), queue.pending_event_ids_session)


def _queue(blocks: gr.Blocks) -> Queue:
    """Return the queue of events: Gradio 6 has no public way to it, and `Blocks.queue` sets neither how often
    it polls nor says which events are pending."""
    return blocks._queue


class Shell:
    """ASGI middleware: what Gradio answers at `/`, within our page and under its policy.

    The `head_paths` and `css_paths` of Gradio 6 do not serve for this. Its script adds both to the page when
    it runs: too late for our scripts, which it calls, and for the style of the views, which would be limited
    to Gradio's own container. And nothing public gives its scripts a nonce.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        status, markup = 500, bytearray()

        async def keep(message: Message) -> None:
            nonlocal status, markup
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                markup += message.get("body", b"")

        await self._app(scope, receive, keep)
        if status != 200:
            await Response(bytes(markup), status)(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        policy = {"Content-Security-Policy": POLICY.format(nonce=nonce)}
        await HTMLResponse(shell(markup.decode(), nonce), headers=policy)(scope, receive, send)


EXTERNAL = (
    "//meta[starts-with(@property, 'og:') or starts-with(@name, 'twitter:')]"
    "|//link[@rel='manifest']"
    "|//script[contains(., 'iframeResizer.contentWindow')]"
)
"""XPath of the elements of Gradio's page that are for other sites."""


def shell(markup: str, nonce: str) -> str:
    """Return Gradio's page without what is for other sites, and with our files and views.

    Each script has the `nonce`, so a policy can forbid all others.
    """
    document = html.document_fromstring(markup)
    for element in document.xpath(EXTERNAL):
        element.drop_tree()
    document.head.extend(html.fragments_fromstring(_head()))
    before, after = map(html.fragments_fromstring, _views())
    chat = document.body.find("gradio-app")
    for element in before:
        chat.addprevious(element)
    document.body.extend(after)
    for script in document.iter("script"):
        script.set("nonce", nonce)
    return str(html.tostring(document, encoding="unicode", doctype="<!doctype html>"))


def _head() -> str:
    styles = "".join(f'<link rel="stylesheet" href="/page/{name}.css">' for name in STYLES)
    # The first must run before Gradio, which calls it; the others run once the page is complete.
    first, *others = SCRIPTS
    scripts = "".join(f'<script src="/page/{name}.js" defer></script>' for name in others)
    icon = '<link rel="icon" href="/page/icon.svg">'
    return f'<title>{TITLE}</title>{icon}{styles}<script src="/page/{first}.js"></script>{scripts}'


@functools.cache
def _views() -> tuple[str, str]:
    """Return the markup before the chat, and the markup after it."""
    markup = (STATIC / "views.html").read_text("utf-8")
    markup = markup.replace("{limit}", str(MAX_BYTES)).replace("{kinds}", " ".join(sorted(ENDINGS)))
    before, after = markup.split("<!-- here: chat -->")
    return before, after
