"""A site with a feed or a sitemap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from place import Breaking, Handler, served

PAGE = (
    "<html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
)


class Site(Breaking):
    """Pages with ETags, listed by a sitemap."""

    environment: ClassVar[dict[str, str]] = {}
    wrong: ClassVar[dict[str, str]] = environment
    forgets = True
    renames = False
    listing = "/sitemap.xml"

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self.pages: dict[str, str] = {}
        self.robots = b""
        self.files: dict[str, bytes] = {}
        """What is sent as it is."""
        self.broken: set[str] = set()
        self.validators = True
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.home}{self.listing}"

    def name(self, path: str) -> str:
        return f"{self.home}/{path}"

    def put(self, path: str, text: str) -> None:
        title, _, rest = text.removeprefix("# ").partition("\n")
        self.pages[f"/{path}"] = PAGE.format(title=title, text=rest.strip())

    def delete(self, path: str) -> None:
        del self.pages[f"/{path}"]

    def listed(self) -> str:
        urls = (f"<url><loc>{self.home}{path}</loc></url>" for path in self.pages)
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(urls)}</urlset>'

    def serve(self, request: Handler) -> None:
        self.requests.append((request.path, dict(request.headers.items())))
        if request.path == self.listing:
            request.reply(200, self.listed().encode(), Content_Type="application/xml")
        elif request.path == "/robots.txt":
            request.reply(200 if self.robots else 404, self.robots)
        elif request.path in self.broken:
            request.reply(500)
        elif request.path in self.files:
            request.reply(200, self.files[request.path])
        elif request.path not in self.pages:
            request.reply(404)
        else:
            self.send_page(request, self.pages[request.path].encode())

    def send_page(self, request: Handler, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        if self.validators and request.headers.get("If-None-Match") == tag:
            request.reply(304, ETag=tag)
        elif self.may_send():
            named = {"ETag": tag} if self.validators else {}
            request.reply(200, body, Content_Type="text/html; charset=utf-8", **named)


class Feed(Site):
    """The same pages, listed by an Atom feed that does not say when they changed."""

    forgets = False
    listing = "/feed.xml"

    def listed(self) -> str:
        entries = (f'<entry><title>x</title><link href="{path}"/></entry>' for path in self.pages)
        return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}</feed>'


@contextmanager
def sitemap_place(folder: Path) -> Iterator[Site]:
    place = Site()
    with served(place) as place.port:
        yield place


@contextmanager
def feed_place(folder: Path) -> Iterator[Feed]:
    place = Feed()
    with served(place) as place.port:
        yield place
