"""Client of OpenAI-compatible models: streams the reply to a prompt, and maps faults to `ModelError`.

It uses LlamaIndex's `OpenAILike`, so `Model.llm` fits wherever LlamaIndex takes a model. All calls run in one
event loop on its own thread, where one deadline covers everything, name resolution and slow servers included,
and closing the iterator ends the call at once.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.answering.model import windows
from assistant.core import model_choice
from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.endpoint import NO_KEY, OPENAI, client_options, require_key, require_url, retry_after
from assistant.core.errors import ModelError, PromptTooLong, ReplyCut, Withdrawn
from assistant.core.types import Usage

if TYPE_CHECKING:
    import httpx
    import openai
    from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]

BACKOFF = (0.3, 1.0)
"""Seconds before the second and third attempt, if nothing of an answer has arrived."""
PULSE = 0.1
"""Seconds between checks of the deadline while waiting for a piece."""
ENDING = 1.0
"""Seconds to wait for the thread at the end of the process."""
LONGEST = 20_000
"""Limit on the characters of a reply."""
CONTEXT = 8192
"""The context window, in tokens, that LlamaIndex assumes for `Model.llm`."""


Piece = str | Usage | Exception | None
"""A piece of a reply, what the server counted in it, an error, or the end."""
Pieces = SimpleQueue[Piece]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """A model at an OpenAI-compatible address. `seconds` is the time limit for one answer."""

    name: str
    url: str = OPENAI
    key: str = field(default=NO_KEY, repr=False)
    seconds: float = 60.0
    count: Callable[[Usage], None] = field(default=lambda usage: None, repr=False, compare=False)
    """Called with the usage of each call, also of one that was ended early."""

    structured: bool = False
    """True if answers are asked for by a JSON schema, which this model gains by."""

    def stream(
        self, prompt: str, until: Deadline | None = None, schema: Schema | None = None
    ) -> Generator[str, None, None]:
        """Yield the reply to `prompt` in pieces as they arrive. Closing the iterator ends the call.

        The time between pieces counts towards `until`; the default is `seconds` from now. The reply is JSON
        by `schema`, a `response_format`, if there is one and the server knows of it.

        Raises:
            ModelError: the model is unreachable, refuses, breaks off, replies nothing, or takes too long.
            Withdrawn: `until` was withdrawn.
        """
        until = until or Deadline(self.seconds)
        pieces = Pieces()
        call = asyncio.run_coroutine_threadsafe(self._call(prompt, pieces, until, schema), _loop())
        try:
            yield from self._receive(pieces, until, prompt)
        finally:
            call.cancel()

    def complete(self, prompt: str, until: Deadline | None = None) -> str:
        """Return the whole reply to `prompt`; raises as `stream` does."""
        return "".join(self.stream(prompt, until))

    def require(self, until: Deadline) -> None:
        """Raise ModelError if the deadline passed, Withdrawn if it was withdrawn."""
        if until.is_withdrawn:
            raise Withdrawn
        if not until.left:
            raise self._late()

    def _receive(self, pieces: Pieces, until: Deadline, prompt: str) -> Generator[str, None, None]:
        """Yield the texts up to None; raise an error that is among them. Count what was used."""
        written, told = 0, None
        try:
            while (piece := self._next(pieces, until)) is not None:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, Usage):
                    told = piece
                    continue
                written += len(piece)
                yield piece
        finally:
            if written or told:
                self.count(told or Usage(windows.tokens(self, len(prompt)), windows.tokens(self, written)))

    def _next(self, pieces: Pieces, until: Deadline) -> Piece:
        while True:
            self.require(until)
            try:
                return pieces.get(timeout=min(PULSE, until.left + 0.001))
            except Empty:
                continue

    def llm(self, client: httpx.AsyncClient | None = None) -> OpenAILike:
        """Return the model for LlamaIndex; `client` is used for its asynchronous calls."""
        from llama_index.llms.openai_like import OpenAILike

        return OpenAILike(
            model=self.name,
            api_base=self.url,
            api_key=self.key,
            is_chat_model=True,
            context_window=CONTEXT,
            temperature=0.0,
            max_retries=0,
            timeout=self.seconds,
            async_http_client=client,
        )

    async def _call(self, prompt: str, pieces: Pieces, until: Deadline, schema: Schema | None) -> None:
        """Put the pieces, then the error if any, then None."""
        try:
            async with asyncio.timeout(until.left):
                # On a thread, as the import takes seconds: it must stop neither the loop nor the deadline.
                await asyncio.to_thread(self.llm)
                await self._try(prompt, pieces.put, until, schema)
        except TimeoutError:
            pieces.put(self._late())
        except Exception as fault:
            pieces.put(fault)
        finally:
            pieces.put(None)

    async def _try(
        self, prompt: str, put: Callable[[str | Usage], None], until: Deadline, schema: Schema | None
    ) -> None:
        for wait in (*BACKOFF, None):
            length = 0
            try:
                async with aclosing(self._pieces(prompt, schema)) as pieces:
                    async for piece in pieces:
                        length += len(piece) if isinstance(piece, str) else 0
                        if length > LONGEST:
                            raise self._cut("does not come to an end; choose another model")
                        put(piece)
                return
            except ModelError as fault:
                if length or wait is None or not fault.retryable:
                    raise
                wait = max(wait, fault.wait or 0.0)
                if wait >= until.left:
                    raise
            await asyncio.sleep(wait)

    async def _pieces(self, prompt: str, schema: Schema | None) -> AsyncGenerator[str | Usage, None]:
        """Make one attempt; yield texts, and the usage if the server counts it.

        Redirects and proxies are not followed: only the configured address is called.
        """
        import httpx
        from llama_index.core.llms import ChatMessage

        # A lone surrogate, which a page can send, cannot be encoded as UTF-8.
        message = ChatMessage(prompt.encode("utf-8", "replace").decode("utf-8"))
        reason, is_empty = None, True
        async with httpx.AsyncClient(**client_options()) as client:
            try:
                async for part in await self.llm(client).astream_chat([message], **self._options(schema)):
                    reason = _finish_reason(part.raw) or reason
                    if usage := _usage(part.raw):
                        windows.counted(self, prompt, usage.prompt)
                        yield usage
                    if part.delta:
                        is_empty = False
                        yield part.delta
            except Exception as fault:
                # Without its cause: the server's message may contain the key.
                raise self._as_model_error(fault, prompt) from None
        if problem := self._problem(reason, is_empty):
            raise problem

    def _options(self, schema: Schema | None) -> dict[str, Any]:
        """Return the limit on a reply, the wish for a count of tokens and the schema, if the server knows
        of these."""
        known = windows.of(self)
        if known.is_plain:
            return {}
        options = {"max_tokens": known.reply, "stream_options": {"include_usage": True}}
        return options | ({"response_format": schema} if schema else {})

    # -- faults ------------------------------------------------------------------------------------

    def _problem(self, reason: str | None, is_empty: bool) -> ModelError | None:
        """Return the error of a reply that ended without an exception, if any."""
        if reason == "length":
            return self._cut("ran out of room for its answer; raise its limit of tokens, or choose another")
        if reason == "content_filter":
            return self._error("withholds its answer; ask in other words")
        if is_empty:
            return self._error("gave an empty answer; ask again, or check ASSISTANT_MODEL", retryable=True)
        # A connection that is closed early looks like an end, except for the missing reason.
        return None if reason else self._broken()

    def _as_model_error(self, fault: Exception, prompt: str) -> ModelError:
        import httpx
        import openai

        if isinstance(fault, openai.APITimeoutError | httpx.TimeoutException):
            return self._late()
        if isinstance(fault, openai.APIConnectionError):
            return self._error("cannot be reached; start it, or check OPENAI_BASE_URL", retryable=True)
        if isinstance(fault, openai.APIStatusError):
            refusal = self._refusal(fault)
            if isinstance(refusal, PromptTooLong):
                windows.refused(self, prompt, _said(fault))
            refusal.wait = retry_after(fault.response.headers.get("retry-after"))
            return refusal
        if isinstance(fault, openai.APIError | httpx.HTTPError):
            return self._broken()
        return self._error("does not answer as an OpenAI-compatible server does; check OPENAI_BASE_URL")

    def _refusal(self, fault: openai.APIStatusError) -> ModelError:
        status = fault.status_code
        if status in {400, 422} and windows.is_about_options(_said(fault)) and not windows.of(self).is_plain:
            windows.make_plain(self)
            return self._error("knows not all that it was asked; ask again", retryable=True)
        if status < 400:
            return self._error("sends its callers elsewhere; set OPENAI_BASE_URL to the final address")
        if status in {401, 403}:
            return self._error("refuses the key; set OPENAI_API_KEY to one that it takes")
        if status == 404:
            return self._error("is not known there; check ASSISTANT_MODEL and OPENAI_BASE_URL")
        if status == 402 or fault.code == "insufficient_quota":
            return self._error("has no credit left for this key; add some, or choose another model")
        if status == 413 or fault.code == "context_length_exceeded" or windows.is_about_length(_said(fault)):
            what = "cannot read so much; choose a model with a larger context window"
            return PromptTooLong(self._error(what).message)
        if status == 429:
            return self._error("is asked too often; wait a minute, then ask again", retryable=True)
        if status in {408, 409, 425} or status >= 500:
            return self._error(f"failed with status {status}; ask again in a while", retryable=True)
        return self._error(f"refuses the request with status {status}; check ASSISTANT_MODEL")

    def _late(self) -> ModelError:
        what = f"did not finish within {self.seconds:g} s; ask again, or raise ASSISTANT_MODEL_TIMEOUT"
        return self._error(what, retryable=True)

    def _broken(self) -> ModelError:
        return self._error("broke off in the middle of its answer; ask again", retryable=True)

    def _cut(self, what: str) -> ReplyCut:
        return ReplyCut(self._error(what).message)

    def _error(self, what: str, *, retryable: bool = False) -> ModelError:
        parts = urlsplit(self.url)  # without a user name and password
        host = parts.netloc.rpartition("@")[2]
        return ModelError(f"The model {self.name} at {parts.scheme}://{host} {what}.", retryable=retryable)


def model(settings: Settings) -> Model | None:
    """Return the configured model, or None for extractive answers. It is not called yet.

    Raises:
        ConfigError: the address or the key is malformed.
    """
    if settings.model is None:
        return None
    url = require_url(settings.base_url or OPENAI, "OPENAI_BASE_URL")
    key = require_key(settings.api_key) or NO_KEY
    structured = model_choice.as_key(url, settings.model) in settings.structured
    return Model(settings.model, url, key, settings.model_timeout, structured=structured)


def _finish_reason(chunk: Any) -> str | None:
    """Return the reason for which the model stopped, if the chunk has one."""
    choices = getattr(chunk, "choices", None)
    return choices[0].finish_reason if choices else None


def _usage(chunk: Any) -> Usage | None:
    """Return how many tokens the server counted, if the chunk tells."""
    told = getattr(chunk, "usage", None)
    prompt, reply = getattr(told, "prompt_tokens", None), getattr(told, "completion_tokens", None)
    return Usage(int(prompt), int(reply or 0)) if prompt else None


def _said(fault: openai.APIStatusError) -> str:
    """Return all that a refusal says."""
    return f"{fault.message} {fault.body}"


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Start the event loop in which all calls run."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="model", daemon=True)
    thread.start()
    atexit.register(_end, loop, thread)
    return loop


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """End the thread before the interpreter ends, which would interrupt it."""
    loop.call_soon_threadsafe(loop.stop)
    thread.join(ENDING)
