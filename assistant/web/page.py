"""The chat page: the wiring of Gradio. Its markup comes from `text.turns`, its words from `text.wording`."""

from __future__ import annotations

import functools
import json
import logging
import re
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
from assistant.text import html as markup
from assistant.text import turns as render
from assistant.text.wording import ENGLISH, Wording, wanted, wording
from assistant.web import browsers
from assistant.web.admission import Admission, events
from assistant.web.asking import Asked, Asking
from assistant.web.conversations import UNKNOWN

STATIC = Path(__file__).parent / "static"
TITLE = ENGLISH("name")
STYLES = ("page", "chat", "source", "sidebar", "documents", "plots", "accuracy")
"""Our own style sheets of the page, in the order of their rules."""
SCRIPTS = tuple(sorted(path.stem for path in STATIC.glob("*.js")))
"""Our own modules; `page` imports the others."""
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
            question = gr.Textbox(elem_id="question-box", label=ENGLISH("ask.question"), max_lines=8)
            # Disabled until the conversation is loaded, so no question is asked outside it.
            send = gr.Button(ENGLISH("ask.send"), elem_id="send", variant="primary", interactive=False)
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
        self, question: str, conversation: str, only: str = "", request: gr.Request | None = None
    ) -> Iterator[Updates]:
        """Yield the transcript as the answer grows; `only` is the id of the only document to search, if any.

        The question box is cleared once the question has arrived.
        """
        if not question.strip():
            return
        say = _wording(request)
        turns = self._turns(conversation)
        try:
            self._require_own(conversation, request)
            asked = self._asking.begin(conversation, serialization.asked(question), [only] if only else [])
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
            return kept.claim(conversation, owner)
        return known in (None, owner)

    def _require_own(self, conversation: str, request: gr.Request | None) -> None:
        owner = _owner(request)
        kept = self._assistant.library.ledger.conversations
        if not (kept.claim(conversation, owner) if owner else kept.owner(conversation) is None):
            raise NotFound(UNKNOWN)


def _owner(request: gr.Request | None) -> str:
    return "" if request is None else browsers.owner(dict(request.headers))


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
        status, body = 500, bytearray()

        async def keep(message: Message) -> None:
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")

        await self._app(scope, receive, keep)
        if status != 200:
            await Response(bytes(body), status)(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        asked = Headers(scope=scope)
        cookie = browsers.set_cookie(asked, secure=self._secure)
        headers = {"Content-Security-Policy": POLICY.format(nonce=nonce), "Set-Cookie": cookie}
        whole = shell(body.decode(), nonce, wanted(asked.get("accept-language")))
        await HTMLResponse(whole, headers=headers)(scope, receive, send)


EXTERNAL = (
    "//meta[starts-with(@property, 'og:') or starts-with(@name, 'twitter:')]"
    "|//link[@rel='manifest']"
    "|//script[contains(., 'iframeResizer.contentWindow')]"
)
"""XPath of the elements of Gradio's page that are for other sites."""


def shell(page: str, nonce: str, say: Wording = ENGLISH) -> str:
    """Return Gradio's page without what is for other sites, and with our files and views, in a language.

    Each script has the `nonce`, so a policy can forbid all others.
    """
    document = html.document_fromstring(page)
    document.set("lang", say.language)
    document.set("dir", say.direction)
    for element in document.xpath(EXTERNAL):
        element.drop_tree()
    document.head.extend(html.fragments_fromstring(_head(say)))
    before, after = map(html.fragments_fromstring, _views(say.language))
    chat = document.body.find("gradio-app")
    for element in before:
        chat.addprevious(element)
    document.body.extend(after)
    for script in document.iter("script"):
        script.set("nonce", nonce)
    return str(html.tostring(document, encoding="unicode", doctype="<!doctype html>"))


def _head(say: Wording) -> str:
    styles = "".join(f'<link rel="stylesheet" href="/page/{name}.css">' for name in STYLES)
    # A classic script, since it must run before Gradio; the modules run once the page is complete.
    first = '<script src="/page/before.js"></script><script type="module" src="/page/page.js"></script>'
    others = (name for name in SCRIPTS if name not in ("before", "mark", "page"))
    ahead = "".join(f'<link rel="modulepreload" href="/page/{name}.js">' for name in others)
    icon = '<link rel="icon" href="/page/icon.svg">'
    # Data, which no browser runs. No text of it can end the element.
    texts = json.dumps(say.texts, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    data = f'<script type="application/json" id="texts">{texts}</script>'
    return f"<title>{markup.text(say('name'))}</title>{icon}{styles}{first}{ahead}{data}"


_PLACE = re.compile(r"\{([a-z]+(?:\.[a-z-]+)?)\}")


@functools.cache
def _views(language: str) -> tuple[str, str]:
    """Return the markup before the chat, and the markup after it, with the texts of a language."""
    say = wording(language)
    values = {"limit": str(MAX_BYTES), "kinds": " ".join(sorted(ENDINGS))}

    def filled(place: re.Match[str]) -> str:
        return markup.text(values[place[1]] if place[1] in values else say(place[1]))

    before, after = _PLACE.sub(filled, (STATIC / "views.html").read_text("utf-8")).split(
        "<!-- here: chat -->"
    )
    return before, after
