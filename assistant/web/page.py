"""The chat page: the wiring of Gradio. Its markup comes from `text.turns`."""

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
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.core import limits, serialization
from assistant.core.errors import FAULT, AssistantError, NotFound
from assistant.core.types import Answer, KeptTurn
from assistant.ingest.files import ENDINGS, MAX_BYTES
from assistant.text import turns as render
from assistant.web import browsers
from assistant.web.admission import Admission, events
from assistant.web.asking import Asked, Asking
from assistant.web.conversations import UNKNOWN

STATIC = Path(__file__).parent / "static"
TITLE = "Cited answers"
STYLES = ("page", "chat", "source", "sidebar", "documents", "plots", "accuracy")
"""Our own style sheets of the page, in the order of their rules."""
SCRIPTS = tuple(sorted(path.stem for path in STATIC.glob("*.js")))
"""Our own modules; `page` imports the others."""
HINT = "Ask the documents…"
ANSWERING = 8
"""Pages that follow an answer, or load a conversation, concurrently."""
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
        only = gr.Textbox(visible="hidden", elem_id="only-id")
        with gr.Row(elem_id="composer"):
            gr.HTML(render.scope_html(), apply_default_css=False, elem_id="scope")
            question = gr.Textbox(elem_id="question-box", label="Question", max_lines=8, placeholder=HINT)
            # Disabled until the conversation is loaded, so no question is asked outside it.
            send = gr.Button("Send", elem_id="send", variant="primary", interactive=False)
        shown = [transcript, question, send]
        _connect(chat.answer, [question.submit, send.click], [question, conversation, only], shown, "sent")
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
        if not self._is_own(conversation, request):
            return [conversation, *_updates(render.foreign_html(UNKNOWN), busy=False)]
        turns = self._turns(conversation)
        running = self._asking.running(conversation)
        if running:
            pending = render.pending_html(running.question)
            return [conversation, *_updates(render.transcript_html(turns, pending), busy=True)]
        if turns:
            return [conversation, *_updates(render.transcript_html(turns), busy=False)]
        greeting = render.welcome_html(len(self._assistant.list()))
        return [conversation, *_updates(greeting, busy=False)]

    def answer(
        self, question: str, conversation: str, only: str = "", request: gr.Request | None = None
    ) -> Iterator[Updates]:
        """Yield the transcript as the answer grows; `only` is the id of the only document to search, if any.

        The question box is cleared once the question has arrived.
        """
        if not question.strip():
            return
        turns = self._turns(conversation)
        try:
            self._require_own(conversation, request)
            asked = self._asking.begin(conversation, serialization.asked(question), [only] if only else [])
        except AssistantError as fault:
            yield _updates(question="", busy=True)
            yield _updates(render.transcript_html(turns, render.failed_html(question, fault.message)))
            return
        yield _updates(render.transcript_html(turns, render.pending_html(question)), question="", busy=True)
        yield from self._growing(asked, conversation, turns)

    def follow(self, conversation: str, request: gr.Request | None = None) -> Iterator[Updates]:
        """Yield the transcript as an answer grows that another page of this conversation asked for."""
        if not self._is_own(conversation, request):
            return
        turns = self._turns(conversation)
        asked = self._asking.running(conversation)
        if asked:
            yield from self._growing(asked, conversation, turns)
        else:
            yield _updates(render.transcript_html(turns))

    def _growing(self, asked: Asked, conversation: str, turns: Sequence[KeptTurn]) -> Iterator[Updates]:
        answer: Answer | None = None
        try:
            for answer in asked.follow():
                last = render.turn_html(asked.question, answer, growing=True)
                yield _updates(render.transcript_html(turns, last))
        except AssistantError as fault:
            yield _updates(render.transcript_html(turns, render.failed_html(asked.question, fault.message)))
        except Exception:
            _log.exception("A question could not be answered.")
            yield _updates(render.transcript_html(turns, render.failed_html(asked.question, FAULT)))
        else:
            kept = self._turns(conversation)
            # A full disk keeps nothing; the answer says so.
            is_kept = answer is None or bool(kept and kept[-1].turn.question == answer.question)
            lost = None if is_kept or answer is None else render.turn_html(asked.question, answer)
            yield _updates(render.transcript_html(kept, lost))

    def _turns(self, conversation: str) -> list[KeptTurn]:
        return self._assistant.library.ledger.conversations.kept(limits.conversation(conversation))

    def _is_own(self, conversation: str, request: gr.Request | None) -> bool:
        """True if a conversation is nobody's, or of the browser that asks. One with turns becomes its own."""
        kept = self._assistant.library.ledger.conversations
        owner = _owner(request)
        known = kept.owner(conversation)
        if known is None and owner and self._turns(conversation):
            return kept.claim(conversation, owner)
        return known in (None, owner)

    def _require_own(self, conversation: str, request: gr.Request | None) -> None:
        owner = _owner(request)
        kept = self._assistant.library.ledger.conversations
        if not (kept.claim(conversation, owner) if owner else kept.owner(conversation) is None):
            raise NotFound(UNKNOWN)


def _owner(request: gr.Request | None) -> str:
    return "" if request is None else browsers.owner(dict(request.headers))


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
    served.add_middleware(Shell, secure=is_secure)
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

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app = app
        self._secure = secure

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
        cookie = browsers.set_cookie(Headers(scope=scope), secure=self._secure)
        headers = {"Content-Security-Policy": POLICY.format(nonce=nonce), "Set-Cookie": cookie}
        await HTMLResponse(shell(markup.decode(), nonce), headers=headers)(scope, receive, send)


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
    # A classic script, since it must run before Gradio; the modules run once the page is complete.
    first = '<script src="/page/before.js"></script><script type="module" src="/page/page.js"></script>'
    others = (name for name in SCRIPTS if name not in ("before", "mark", "page"))
    ahead = "".join(f'<link rel="modulepreload" href="/page/{name}.js">' for name in others)
    icon = '<link rel="icon" href="/page/icon.svg">'
    return f"<title>{TITLE}</title>{icon}{styles}{first}{ahead}"


@functools.cache
def _views() -> tuple[str, str]:
    """Return the markup before the chat, and the markup after it."""
    markup = (STATIC / "views.html").read_text("utf-8")
    markup = markup.replace("{limit}", str(MAX_BYTES)).replace("{kinds}", " ".join(sorted(ENDINGS)))
    before, after = markup.split("<!-- here: chat -->")
    return before, after
