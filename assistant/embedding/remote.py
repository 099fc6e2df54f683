"""Embeddings of an OpenAI-compatible endpoint: POST `url`/embeddings, by the `openai` client."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from assistant.core.endpoint import NO_KEY, client_options, retry_after
from assistant.core.errors import EmbedderError
from assistant.core.types import Span
from assistant.embedding.embedders import Role, Vectors, normalize

if TYPE_CHECKING:
    import openai
    from openai.types import CreateEmbeddingResponse


class RemoteEmbedder:
    """An `Embedder` behind an OpenAI-compatible address."""

    BATCH = 64
    """Texts in one request."""
    ATTEMPTS = 6
    QUICK_ATTEMPTS = 3
    """The same for a question, whose asker waits."""
    LONGEST_WAIT = 60.0
    """Limit on the seconds before another attempt, whatever the endpoint asks for."""
    contextual = False

    def __init__(self, url: str, model: str, key: str | None = None, timeout: float = 60.0) -> None:
        """`timeout` is in seconds, for one request."""
        self._url = url.rstrip("/")
        self._model, self._key, self._timeout = model, key, timeout

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector, found by one request."""
        return int(self._embed_batch(["dimensions"], self.QUICK_ATTEMPTS).shape[1])

    @property
    def fingerprint(self) -> str:
        """The model's name and the length of its vectors."""
        return f"{self._model}-{self.dimensions}"

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return unit vectors, float32 [len(texts), dimensions], which are the same in both roles.

        Raises:
            EmbedderError: the endpoint cannot be reached, refuses the request, or sends no embeddings.
        """
        batches = [texts[at : at + self.BATCH] for at in range(0, len(texts), self.BATCH)]
        attempts = self.ATTEMPTS if role == "passage" else self.QUICK_ATTEMPTS
        rows = [self._embed_batch(batch, attempts) for batch in batches]
        return np.concatenate(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """See `Embedder.embed_spans`. Each span is embedded as a text of its own."""
        quotes = [t[s.start : s.end] for t, own in zip(texts, spans, strict=True) for s in own]
        vectors = self.embed([*texts, *quotes])
        ends = np.cumsum([len(texts), *map(len, spans)])
        return vectors[: len(texts)], np.split(vectors, ends)[1:-1]

    def count(self, text: str) -> int:
        """Estimate the number of tokens, one for three characters: the endpoint's tokenizer is unknown."""
        return len(text) // 3 + 1

    def _embed_batch(self, texts: Sequence[str], attempts: int) -> Vectors:
        """Return the vectors of one batch; of its halves where it is too much for the endpoint."""
        try:
            return self._patiently(texts, attempts)
        except _TooMuch:
            if len(texts) == 1:
                raise
            half = len(texts) // 2
            return np.concatenate(
                [self._embed_batch(part, attempts) for part in (texts[:half], texts[half:])]
            )

    def _patiently(self, texts: Sequence[str], attempts: int) -> Vectors:
        """Return the vectors; wait and try again while the endpoint is busy, as long as it asks for."""
        for attempt in range(attempts - 1):
            try:
                return self._request(texts)
            except _Busy as fault:
                time.sleep(min(max(2.0**attempt, fault.wait), self.LONGEST_WAIT))
        return self._request(texts)

    def _request(self, texts: Sequence[str]) -> Vectors:
        response = self._send(texts)
        try:
            data = sorted(response.data, key=lambda item: item.index)
            rows = np.array([item.embedding for item in data], np.float32)
        except (ValueError, TypeError, AttributeError):
            raise self._malformed() from None
        if rows.ndim != 2 or len(rows) != len(texts) or not np.isfinite(rows).all():
            raise EmbedderError(self._message(f"does not give {len(texts)} vectors for {len(texts)} texts"))
        return normalize(rows)

    def _send(self, texts: Sequence[str]) -> CreateEmbeddingResponse:
        """Send one request. Faults are raised without their cause: a server's answer may contain the key."""
        import httpx
        import openai

        # Some endpoints refuse an empty text; a lone surrogate cannot be sent as UTF-8.
        sendable = [text.encode("utf-8", "replace").decode() or " " for text in texts]
        headers = {} if self._key else {"Authorization": openai.Omit()}
        try:
            return self._client.embeddings.create(
                model=self._model, input=sendable, encoding_format="float", extra_headers=headers
            )
        except openai.APIStatusError as fault:
            wait = retry_after(fault.response.headers.get("retry-after"))
            raise self._refusal(fault.status_code, wait or 0.0) from None
        except (openai.APIConnectionError, httpx.InvalidURL) as fault:
            name = type(fault.__cause__ or fault).__name__
            reason = f"cannot be reached ({name}); check ASSISTANT_EMBEDDING_URL"
            raise EmbedderError(self._message(reason), retryable=True) from None
        except (openai.APIError, ValueError):
            raise self._malformed() from None

    @cached_property
    def _client(self) -> openai.OpenAI:
        import httpx
        import openai

        return openai.OpenAI(
            base_url=self._url,
            api_key=self._key or NO_KEY,
            timeout=self._timeout,
            max_retries=0,
            http_client=httpx.Client(timeout=self._timeout, **client_options()),
        )

    def _refusal(self, status: int, wait: float) -> EmbedderError:
        if status in (401, 403):
            return EmbedderError(self._message("refuses the key; set OPENAI_API_KEY"))
        if status == 404:
            reason = f"does not know the model {self._model}, or the address is another"
            return EmbedderError(self._message(reason))
        message = self._message(f"answers with status {status}")
        if status in (413, 422):
            return _TooMuch(message)
        is_busy = status in (408, 429) or status >= 500
        return _Busy(message, wait) if is_busy else EmbedderError(message)

    def _malformed(self) -> EmbedderError:
        return EmbedderError(self._message("does not answer as an embeddings endpoint does"))

    def _message(self, reason: str) -> str:
        # Without the user name and password of the address.
        return f"The embedding endpoint {self._url.rpartition('@')[2]}/embeddings {reason}."


class _Busy(EmbedderError):
    """The endpoint may answer the same request after so many seconds."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message, retryable=True)
        self.wait = wait


class _TooMuch(EmbedderError):
    """The endpoint may answer a smaller request."""
