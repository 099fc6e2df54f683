"""The addresses of the widget: its script for other sites, and the page within its frame.

The page within is of our own origin, so a site that embeds it can neither read nor change what is in it. Only
the origins of `ASSISTANT_WIDGET_ORIGINS` may frame it; without any there is no widget.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from assistant.assistant import Assistant
from assistant.text.html import text
from assistant.text.wording import Wording, wanted

SCRIPT, FRAME = "/widget.js", "/widget"
"""The address of the script, and of the page within the frame."""
PARTS = {"frame.js": "text/javascript", "frame.css": "text/css"}
TEXTS = (
    "name",
    "ask.question",
    "ask.hint",
    "ask.send",
    "turn.searching",
    "turn.source",
    "all.close",
    "widget.open",
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors {origins}"
)
_PLACE = re.compile(r"\{([a-z]+(?:\.[a-z]+)?)\}")
NONE = "This server has no widget; ASSISTANT_WIDGET_ORIGINS names the sites that may have it."


def router(assistant: Assistant) -> APIRouter:
    """Return the routes of the widget."""
    routes = APIRouter()
    origins = " ".join(assistant.settings.widget_origins)

    def require_origins() -> None:
        if not origins:
            raise HTTPException(404, NONE)

    @routes.get(SCRIPT)
    def script() -> Response:
        require_origins()
        # The site of the script decides whether it is there, so any may load it.
        return Response(_read("widget.js"), media_type="text/javascript")

    @routes.get(FRAME)
    def frame(request: Request) -> HTMLResponse:
        require_origins()
        say = wanted(request.headers.get("accept-language"))
        return HTMLResponse(_page(say), headers={"Content-Security-Policy": POLICY.format(origins=origins)})

    @routes.get(f"{FRAME}/{{name}}")
    def part(name: str) -> Response:
        if name not in PARTS:
            raise HTTPException(404, "There is nothing at this address.")
        return Response(_read(name), media_type=PARTS[name])

    return routes


def closed(say: Wording, origins: str) -> HTMLResponse:
    """Return the page within the frame for who is not logged in: a link to the login."""
    title, link = text(say("name")), text(say("login.heading"))
    page = (
        f'<!doctype html><html lang="{say.language}" dir="{say.direction}"><head><meta charset="utf-8">'
        f'<title>{title}</title><link rel="stylesheet" href="/page/page.css"></head>'
        f'<body><main class="view"><p><a href="/login" target="_blank">{link}</a></p></main></body></html>'
    )
    # Without sites that may have the widget, none may frame this.
    policy = POLICY.format(origins=origins or "'none'")
    return HTMLResponse(page, 401, {"Content-Security-Policy": policy, "WWW-Authenticate": "Bearer"})


def _page(say: Wording) -> str:
    # Data, which no browser runs. No text of it can end the element.
    texts = json.dumps({key: say(key) for key in TEXTS}).replace("<", "\\u003c")
    values = {"language": say.language, "direction": say.direction, "texts": texts}
    values |= {key: text(say(key)) for key in TEXTS}
    return _PLACE.sub(lambda place: values[place[1]], _read("frame.html"))


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text("utf-8")
