"""The pages of a PDF as they are, with what an answer quotes marked on them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from assistant.assistant import Assistant
from assistant.core.errors import NotFound
from assistant.core.types import Document, Span
from assistant.ingest.readers.pdf.picture import Box, Picture
from assistant.ingest.sandbox import picture_safely
from assistant.text.blocks import page_of
from assistant.text.html import Html, element, text
from assistant.text.wording import Wording, wanted

PDF = "application/pdf"
Also = Annotated[str, Query(max_length=4_000, pattern=r"^(\d{1,9}-\d{1,9}(,\d{1,9}-\d{1,9})*)?$")]
"""Other ranges to mark, as `12-40,60-80`."""


def spans(also: str) -> list[Span]:
    """Return the ranges that an address names."""
    return [Span(*map(int, span.split("-"))) for span in also.split(",") if span]


def router(assistant: Assistant) -> APIRouter:
    """Return the route of a page: 0 is the one on which the quote begins."""
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/source/{document_id}/pages/{number}")
    def sheet(
        request: Request, document_id: str, number: int, start: int = 0, end: int = 0, also: Also = ""
    ) -> HTMLResponse:
        say = wanted(request.headers.get("accept-language"))
        try:
            document = assistant.show(document_id)
        except NotFound as fault:
            raise NotFound(say("source.removed")) from fault
        if document.media_type != PDF or not document.pages:
            raise NotFound(say("source.fault"))
        marks = [Span(max(0, start), min(end, len(document.text))), *spans(also)]
        shown = number or page_of(document, marks[0].start)
        quotes = [_on_page(document, shown, mark) for mark in marks]
        drawn = picture_safely(assistant.original(document_id), document.source, shown, quotes)
        return HTMLResponse(sheet_html(drawn, shown, say))

    return routes


def _on_page(document: Document, number: int, mark: Span) -> str:
    """Return what a page holds of a quote."""
    for place, page in enumerate(document.pages):
        if page.number == number:
            following = document.pages[place + 1 : place + 2]
            end = following[0].start if following else len(document.text)
            return document.text[max(mark.start, page.start) : min(mark.end, end)]
    return ""


def sheet_html(drawn: Picture, number: int, say: Wording) -> Html:
    """Render the picture of a page, with boxes over what is quoted; the first quote is the current one."""
    source = f"data:image/png;base64,{base64.b64encode(drawn.png).decode()}"
    size = {"width": str(drawn.width), "height": str(drawn.height)}
    image = element("img", src=source, alt=say("source.page", page=number), **size)
    current, others = drawn.boxes[:1], drawn.boxes[1:]
    boxes = [box for quote in others for box in _boxes(quote, "also")]
    boxes += [box for quote in current for box in _boxes(quote, "current")]
    return element("figure", image, *boxes, class_="sheet", data_page=str(number))


def _boxes(lines: Sequence[Box], kind: str) -> list[Html]:
    return [element("span", text(""), class_=f"box {kind}", style=_place(line)) for line in lines]


def _place(box: Box) -> str:
    left, top, right, bottom = (100 * side for side in box)
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
