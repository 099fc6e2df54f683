"""Passages ranked again by an endpoint: POST /rerank, as TEI, Infinity, vLLM, Jina and Cohere have it.

There are two forms of it: `documents` with `results` (Infinity, vLLM, Jina, Cohere), and `texts` with a bare
list (TEI). The first is tried first, and what the endpoint takes is remembered.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from assistant.core.config import Settings
from assistant.core.endpoint import client_options, require_key, require_url
from assistant.core.errors import EmbedderError

SECONDS = 10.0
"""The time limit of one request: a question waits for it."""
FORMS = ("documents", "texts")
_log = logging.getLogger(__name__)


class Reranker:
    """An endpoint that says how well each of some texts fits a question."""

    def __init__(self, url: str, model: str | None = None, key: str | None = None) -> None:
        """`url` may end in /rerank, or be the address above it."""
        self._url = url if urlsplit(url).path.endswith("/rerank") else f"{url}/rerank"
        self._model, self._key = model, key
        self._forms: tuple[str, ...] = FORMS

    def ranked(self, question: str, texts: Sequence[str]) -> list[int] | None:
        """Return the places of the texts, best first; None, with a warning, if the endpoint fails."""
        try:
            scores = self.scores(question, texts) if texts else []
        except EmbedderError as fault:
            _log.warning("%s", fault.message)
            return None
        return sorted(range(len(texts)), key=lambda at: -scores[at])

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score for each text; only their order means anything.

        Raises:
            EmbedderError: the endpoint cannot be reached, refuses the request, or sends no scores.
        """
        for form in self._forms:
            status, rows = self._posted(form, question, texts)
            if status in (400, 422) and form != self._forms[-1]:
                continue
            if status != 200:
                raise self._error(_refusal(status))
            self._forms = (form,)
            return self._read(rows, len(texts))
        raise AssertionError

    def _posted(self, form: str, question: str, texts: Sequence[str]) -> tuple[int, Any]:
        """Return the status and the body. Faults are raised without their cause, which may hold the key."""
        import httpx

        sent: dict[str, Any] = {"query": _sendable(question), form: [*map(_sendable, texts)]}
        sent |= {"model": self._model} if self._model else {}
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            with httpx.Client(**client_options(), timeout=SECONDS) as client:
                reply = client.post(self._url, json=sent, headers=headers)
                return reply.status_code, reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            reason = f"cannot be reached ({type(fault).__name__}); check ASSISTANT_RERANK_URL"
            raise self._error(reason, retryable=True) from None
        except ValueError:
            raise self._malformed() from None

    def _read(self, body: Any, count: int) -> list[float]:
        try:
            rows = body["results"] if isinstance(body, dict) else body
            found = {int(row["index"]): float(row.get("relevance_score", row.get("score"))) for row in rows}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._malformed() from None
        if found.keys() != set(range(count)) or not all(map(math.isfinite, found.values())):
            raise self._error(f"does not give {count} scores for {count} texts")
        return [found[at] for at in range(count)]

    def _malformed(self) -> EmbedderError:
        return self._error("does not answer as a reranker does")

    def _error(self, reason: str, *, retryable: bool = False) -> EmbedderError:
        # Without the user name and password of the address.
        place = self._url.rpartition("@")[2]
        return EmbedderError(f"The reranker {place} {reason}.", retryable=retryable)


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "refuses the key; set ASSISTANT_RERANK_KEY"
    if status == 404:
        return "is not there; check ASSISTANT_RERANK_URL and ASSISTANT_RERANK_MODEL"
    return f"answers with status {status}"


def _sendable(text: str) -> str:
    """Return a text that can be sent as UTF-8, and is not empty, which some endpoints refuse."""
    return text.encode("utf-8", "replace").decode() or " "


def create_reranker(settings: Settings) -> Reranker | None:
    """Return the configured reranker, if any. It is not asked yet.

    Raises:
        ConfigError: its address or its key is malformed.
    """
    if settings.rerank_url is None:
        return None
    url = require_url(settings.rerank_url, "ASSISTANT_RERANK_URL")
    return Reranker(url, settings.rerank_model, require_key(settings.rerank_key, "ASSISTANT_RERANK_KEY"))
