"""The chat page: Gradio wiring, and nothing else. What it shows comes from `render`."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI, Request, Response

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
"""The files of the page beside Gradio's own, in the order in which they are read."""
HINT = "Ask the documents…"
SUGGESTED = {
    "How much does Iran export to Venezuela?": "Figures on trade, goals and influence",
    "Which countries are Iran's allies in Latin America?": (
        "Overview of Iran's partners in Latin America by country"
    ),
    "What is a citation?": "Citations and sources",
}
"""Questions about the shipped corpus, and the title of the document that answers each."""
ANSWERING = 8
"""Questions answered at the same time, of all pages together."""
SUGGESTIONS = 3
REST = 0.02
"""Seconds that a question may wait until Gradio looks for it."""
QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Suggest = Callable[[Assistant], Sequence[str]]
Updates = list[Any]
"""What becomes of the transcript, the question box, the Send button and the suggestions, in this order."""

_log = logging.getLogger(__name__)
_FONTS = [gr.themes.Font(name) for name in ("system-ui", "sans-serif")]
THEME = gr.themes.Base(
    font=_FONTS, font_mono=[gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
)
"""Fonts of the reader's own machine: none is fetched."""


def suggestions(assistant: Assistant) -> Sequence[str]:
    """Questions to begin with: about the shipped corpus where it is loaded, else from the first titles."""
    titles = [entry.title for entry in assistant.list()]
    shipped = [question for question, title in SUGGESTED.items() if title in titles]
    return shipped or [f"What does “{title}” say?" for title in titles[:SUGGESTIONS]]


def page(assistant: Assistant, suggest: Suggest = suggestions) -> gr.Blocks:
    """The page as Gradio blocks; `suggest` gives questions to begin with, of which three are shown."""
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
            # Until the conversation is open: what is asked earlier would be asked outside of it.
            send = gr.Button("Send", elem_id="send", variant="primary", interactive=False)
        shown = [transcript, question, send, *suggested]
        _asks(chat, [question.submit, send.click], [question, conversation, only], shown)
        for button in suggested:
            _asks(chat, [button.click], [button, conversation, only], shown)
        _opens(chat, blocks.load, "cited.current", [conversation, *shown])
        _opens(chat, fresh.click, "cited.fresh", [conversation, *shown])
    return blocks


def _asks(chat: Chat, triggers: list[Any], inputs: list[Any], shown: list[Any]) -> None:
    limit = {"concurrency_limit": ANSWERING, "concurrency_id": "answering"}
    # The page's script knows which document alone is asked.
    script = "(question, conversation) => [question, conversation, cited.scope()]"
    asking = gr.on(triggers, chat.answered, inputs, shown, js=script, **limit, **QUIET)
    # Only now a new question is taken, and if the server itself went away, this is where it is noticed.
    asking.then(None, None, shown[2], js="() => cited.settled()", **QUIET)


def _opens(chat: Chat, trigger: Any, script: str, shown: list[Any]) -> None:
    """`script` is the function of page.js that knows, or makes up, the name of the conversation."""
    trigger(chat.opened, shown[:1], shown, js=f"() => {script}()", **QUIET)


class Chat:
    """What the page's events do: each gives what is to be shown from now on."""

    def __init__(self, assistant: Assistant, suggest: Suggest) -> None:
        self._assistant = assistant
        self._suggest = suggest

    def opened(self, conversation: str) -> Updates:
        """A conversation as it was left, or the greeting and some questions where nothing was asked yet."""
        turns = self._assistant.turns(conversation)
        if turns:
            return [conversation, *_updates(render.transcript_html(turns), busy=False, suggested=())]
        greeting = render.welcome_html(len(self._assistant.list()))
        return [conversation, *_updates(greeting, busy=False, suggested=self._suggest(self._assistant))]

    def answered(self, question: str, conversation: str, only: str = "") -> Iterator[Updates]:
        """The transcript as the answer grows, from the document `only` alone where it has an id.

        The box is emptied only when the question has arrived.
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
    """None leaves a part as it is."""
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


# -- the page's HTML ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mounted:
    """The chat: `shell` gives the page's HTML for a request and the nonce of its reply."""

    shell: Callable[[Request, str], str]
    admitted: Admission


def mount(served: FastAPI, assistant: Assistant) -> Mounted:
    """Puts the chat's Gradio app under `served`, which sends the page itself by what is given back."""
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
    # Gradio would look for one a thousand times a second, at the cost of those that are being answered.
    blocks._queue.sleep_when_free = REST
    blocks._queue.progress_update_sleep_when_free = 1.0
    home = _home(served.routes[-1])
    admitted = Admission(events(blocks.config), blocks._queue.pending_event_ids_session)
    made = lambda request, nonce: shell(bytes(home(request, user=None).body).decode(), nonce)  # noqa: E731
    return Mounted(made, admitted)


def _home(mounted: Any) -> Callable[..., Response]:
    """Gradio's own function for its page."""
    routes = [route for route in mounted.app.routes if getattr(route, "path", None) == "/"]
    home: Callable[..., Response] = next(route.endpoint for route in routes if "GET" in route.methods)
    return home


_EXTERNAL = re.compile(
    r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>"
    r"|<link rel=\"manifest\"[^>]*>"
    r"|<script>(?:(?!</script>).)*iframeResizer\.contentWindow(?:(?!</script>).)*</script>",
    re.DOTALL,
)

_ROOT = re.compile(r'"root":"[^"]*"(\};</script>)')


def shell(html: str, nonce: str) -> str:
    """The HTML that Gradio makes for the page, without what points to other places, with our files and views.

    Each script in it bears `nonce`, so that a policy can forbid all others. Its addresses are those that the
    browser knows: behind a proxy it reaches the server by another one than the server does.
    """
    html = _ROOT.sub(r'"root":location.origin\1', _EXTERNAL.sub("", html))
    html = html.replace("<script", f'<script nonce="{nonce}"')
    before, after = _views()
    html = html.replace("</head>", f"{_head()}</head>", 1).replace("</body>", f"{after}</body>", 1)
    return html.replace("<gradio-app", f"{before}<gradio-app", 1)


def _head() -> str:
    styles = "".join(f'<link rel="stylesheet" href="/page/{name}.css">' for name in STYLES)
    # The first is there before Gradio, which calls it; the others run when the whole page is there.
    first, *others = SCRIPTS
    scripts = "".join(f'<script src="/page/{name}.js" defer></script>' for name in others)
    icon = '<link rel="icon" href="/page/icon.svg">'
    return f'<title>{TITLE}</title>{icon}{styles}<script src="/page/{first}.js"></script>{scripts}'


@functools.cache
def _views() -> tuple[str, str]:
    """What stands before the chat, and what after it."""
    markup = (STATIC / "views.html").read_text("utf-8")
    markup = markup.replace("{limit}", str(MAX_BYTES)).replace("{kinds}", " ".join(sorted(ENDINGS)))
    before, after = markup.split("<!-- here: chat -->")
    return before, after
