"""Fetching of many pages of sites that are nobody's own: as robots.txt allows, one at a time, with pauses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from assistant.core.errors import FetchError
from assistant.ingest import fetch
from assistant.ingest.fetch import Reply, Request
from assistant.sync.remote import robots
from assistant.sync.remote.robots import Robots

PAUSE = 1.0
"""Seconds between two requests to one site."""
LONGEST = 30.0
"""The longest pause that a site may ask for; with a longer one, this."""


class Visitor:
    """A visitor of sites who keeps to their rules."""

    def __init__(self, private: str) -> None:
        self._private = private
        self._rules: dict[str, Robots] = {}
        self._last: dict[str, float] = {}

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, asked_for: bool = False) -> Reply:
        """Return the reply of a page; with `asked_for`, a person named it, and robots.txt is not asked.

        Raises:
            FetchError: the address is refused, also by robots.txt, or does not answer.
        """
        site = _site(url)
        rules = robots.EVERYTHING if asked_for else self._rules_of(site)
        if not rules.allows(url):
            raise FetchError(f"The robots.txt of {urlsplit(url).hostname} does not let programs fetch {url}.")
        return self._send(site, url, headers or {}, min(max(PAUSE, rules.delay), LONGEST))

    def _send(self, site: str, url: str, headers: Mapping[str, str], pause: float) -> Reply:
        since = time.monotonic() - self._last.get(site, -pause)
        time.sleep(max(0.0, pause - since))
        try:
            return fetch.send(url, Request(headers=headers, private=self._private))
        finally:
            self._last[site] = time.monotonic()

    def _rules_of(self, site: str) -> Robots:
        if site not in self._rules:
            reply = self._send(site, f"{site}/robots.txt", {}, PAUSE)
            if reply.status >= 500 or reply.status == 429:
                fetch.require_page(reply)
            self._rules[site] = robots.parse(reply.data) if reply.status == 200 else robots.EVERYTHING
        return self._rules[site]


def _site(url: str) -> str:
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"
