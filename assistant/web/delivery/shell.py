"""The frame of the page: what Gradio sends, with our files and views and under our policy."""

from __future__ import annotations

import functools
import json
import re
import secrets
from collections.abc import Collection, Sequence

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from lxml import html
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.ingest.files import ENDINGS, MAX_BYTES
from assistant.text import html as markup
from assistant.text.wording import ENGLISH, Text, Wording, wanted, wording
from assistant.users.roles import Visitor
from assistant.web import browsers
from assistant.web.delivery import gradio_styles
from assistant.web.delivery.files import STATIC, Bundle, bundle

POLICY = (
    # Gradio builds components with `Function()` and sets style attributes. Inline scripts
    # run only with the nonce of this response, so injected markup cannot run any.
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The policy of the page."""


class Shell:
    """ASGI middleware: what Gradio answers at `/`, within our page and under its policy.

    The `head_paths` and `css_paths` of Gradio 6 do not serve for this. Its script adds both to the page when
    it runs: too late for our scripts, which it calls, and for the style of the views, which would be limited
    to Gradio's own container. And nothing public gives its scripts a nonce.
    """

    def __init__(self, app: ASGIApp, kinds: Collection[str], *, secure: bool = False) -> None:
        self._app = app
        self._kinds = kinds
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
        # On a thread, as it takes a while: other requests are answered meanwhile.
        say, visitor = wanted(asked.get("accept-language")), scope.get("state", {}).get("visitor")
        whole = await run_in_threadpool(shell, body.decode(), nonce, self._kinds, say, visitor)
        await HTMLResponse(whole, headers=headers)(scope, receive, send)


EXTERNAL = (
    "//meta[starts-with(@property, 'og:') or starts-with(@name, 'twitter:')]"
    "|//link[@rel='manifest']"
    "|//script[contains(., 'iframeResizer.contentWindow')]"
)
"""XPath of the elements of Gradio's page that are for other sites."""


def shell(
    page: str,
    nonce: str,
    kinds: Collection[str] = (),
    say: Wording = ENGLISH,
    visitor: Visitor | None = None,
) -> str:
    """Return Gradio's page without what is for other sites, and with our files and views, in a language.

    Each script has the `nonce`, so a policy can forbid all others. `kinds` are those of the components. Where
    a login is demanded, what the role of the `visitor` may not do is hidden.
    """
    sheets = tuple(gradio_styles.names(page, kinds))
    document = html.document_fromstring(page)
    for link in document.xpath("//head/link[@rel='stylesheet']"):
        if link.get("href", "").rpartition("/")[2] in sheets:
            link.drop_tree()
    document.set("lang", say.language)
    document.set("dir", say.direction)
    for element in document.xpath(EXTERNAL):
        element.drop_tree()
    document.head.extend(html.fragments_fromstring(_head(bundle(sheets), sheets, say)))
    before, after = map(html.fragments_fromstring, _views(say.language))
    chat = document.body.find("gradio-app")
    for element in before:
        chat.addprevious(element)
    document.body.extend(after)
    if visitor:
        document.set("data-role", visitor.role)
        [looks] = document.xpath("//*[@id='theme']")
        looks.extend(html.fragments_fromstring(_leaving(visitor, say)))
        document.head.extend(html.fragments_fromstring(ROLES))
    for script in document.iter("script"):
        script.set("nonce", nonce)
    return str(html.tostring(document, encoding="unicode", doctype="<!doctype html>"))


ROLES = '<link rel="stylesheet" href="/page/role.css"><script type="module" src="/page/leave.js"></script>'
"""What the page has besides, where a login is demanded."""


def _leaving(visitor: Visitor, say: Wording) -> str:
    """Return the name of who is logged in, with the button to log out."""
    name = markup.element("bdi", markup.text(visitor.name))
    leave = markup.element(
        "button", markup.text(say("login.leave")), id="leave", type="button", class_="plain"
    )
    return markup.element("p", name, markup.text(" "), leave)


def _head(files: Bundle, sheets: Sequence[str], say: Wording) -> str:
    # Before Gradio, and before anything is drawn; the modules run once the page is complete.
    first = f"<script>{(STATIC / 'before.js').read_text('utf-8')}</script>"
    module = f'<script type="module" src="{files.address("page.js")}"></script>'
    style = f'<link rel="stylesheet" href="{files.address("page.css")}">'
    # Within our own style sheet: Gradio's script does not load those again that are named here.
    named = "".join(f'<link rel="stylesheet" href="./assets/{name}" disabled>' for name in sheets)
    icon = f'<link rel="icon" href="{files.address("icon.svg")}">'
    # Data, which no browser runs. No text of it can end the element.
    said = _said(files.files["page.js"].decode(), say)
    texts = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    data = f'<script type="application/json" id="texts" lang="{say.language}">{texts}</script>'
    return f"<title>{markup.text(say('name'))}</title>{icon}{style}{first}{module}{named}{data}"


def _said(script: str, say: Wording) -> dict[str, Text]:
    """Return the texts that the scripts say: by their keys, or the beginnings of keys that end in values."""
    whole, beginnings = _keys(script)
    return {key: text for key, text in say.texts.items() if key in whole or key.startswith(beginnings)}


@functools.lru_cache(maxsize=1)
def _keys(script: str) -> tuple[frozenset[str], tuple[str, ...]]:
    whole = re.findall(r'"([a-z]+\.[a-z-]+)"', script)
    return frozenset(whole), tuple(f"{name}." for name in set(re.findall(r"`([a-z]+)\.\$\{", script)))


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
