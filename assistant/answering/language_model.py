"""The OpenAI-compatible model: a prompt in, pieces of text out, its faults as our errors.

It is spoken to through LlamaIndex's `OpenAILike`, so `Model.llm` fits wherever LlamaIndex takes a model. All
calls run in one event loop on a thread of its own. There a single deadline holds for everything, the look-up
of a name and a server that trickles included, and a caller that leaves ends its call at once.
"""

from __future__ import annotations

import asyncio
import atexit
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.errors import ConfigError, ModelError, Withdrawn

if TYPE_CHECKING:
    import httpx
    import openai
    from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""What is sent where no key is set: local servers want none, but the client insists on one."""
BACKOFF = (0.3, 1.0)
"""Seconds before the second and the third try, where nothing of an answer has come yet."""
PULSE = 0.1
"""Seconds after which a caller that waits for a piece looks whether it is still to wait."""
ENDING = 1.0
"""Seconds that the thread of the calls has to end with the process."""
LONGEST = 20_000
"""Characters after which a model is taken to have lost itself."""
CONTEXT = 8192
"""Tokens that LlamaIndex may take the model to read, in what it builds on `Model.llm`."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model behind an OpenAI-compatible address. `seconds` is what one answer may take in all."""

    name: str
    url: str = OPENAI
    key: str = field(default=NO_KEY, repr=False)
    seconds: float = 60.0

    def stream(self, prompt: str, until: Deadline | None = None) -> Generator[str, None, None]:
        """The answer to `prompt` in pieces, as they come. Closing the iterator ends the call.

        `until` holds for what the caller does between the pieces too; without it, `seconds` begin now.

        Raises:
            ModelError: the model cannot be reached, refuses, breaks off, says nothing, or takes too long.
            Withdrawn: `until` was withdrawn.
        """
        self.llm()  # what it imports must not stop the loop
        until = until or Deadline(self.seconds)
        pieces = SimpleQueue[str | Exception | None]()
        call = asyncio.run_coroutine_threadsafe(self._speak(prompt, pieces, until), _loop())
        try:
            while (piece := self._next(pieces, until)) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            call.cancel()

    def complete(self, prompt: str, until: Deadline | None = None) -> str:
        """The whole answer to `prompt`. Raises as `stream` does."""
        return "".join(self.stream(prompt, until))

    def require(self, until: Deadline) -> None:
        """Nothing while there is time. Raises ModelError or Withdrawn where there is none."""
        if until.is_withdrawn:
            raise Withdrawn
        if not until.left:
            raise self._late()

    def _next(self, pieces: SimpleQueue[str | Exception | None], until: Deadline) -> str | Exception | None:
        while True:
            self.require(until)
            try:
                return pieces.get(timeout=min(PULSE, until.left + 0.001))
            except Empty:
                continue

    def llm(self, client: httpx.AsyncClient | None = None) -> OpenAILike:
        """The same model as LlamaIndex knows it; `client` is what its asynchronous calls go through."""
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

    async def _speak(self, prompt: str, pieces: SimpleQueue[str | Exception | None], until: Deadline) -> None:
        """Puts the pieces, then an error if there was one, then None."""
        try:
            async with asyncio.timeout(until.left):
                await self._try(prompt, pieces.put, until)
        except TimeoutError:
            pieces.put(self._late())
        except Exception as fault:
            pieces.put(fault)
        finally:
            pieces.put(None)

    async def _try(self, prompt: str, tell: Callable[[str], None], until: Deadline) -> None:
        for wait in (*BACKOFF, None):
            told = 0
            try:
                async with aclosing(self._pieces(prompt)) as pieces:
                    async for piece in pieces:
                        told += len(piece)
                        if told > LONGEST:
                            raise self._error("does not come to an end; choose another model")
                        tell(piece)
                return
            except ModelError as fault:
                if told or wait is None or not fault.retryable:
                    raise
                wait = max(wait, fault.wait or 0.0)
                if wait >= until.left:
                    raise
            await asyncio.sleep(wait)

    async def _pieces(self, prompt: str) -> AsyncGenerator[str, None]:
        """One try. No redirect and no proxy is followed, so that nobody but the address is talked to."""
        import httpx
        from llama_index.core.llms import ChatMessage

        # A lone surrogate, which a page can send, cannot be written as UTF-8.
        message = ChatMessage(prompt.encode("utf-8", "replace").decode("utf-8"))
        ended, said = None, False
        async with httpx.AsyncClient(verify=_trusted(), trust_env=False, follow_redirects=False) as client:
            try:
                async for part in await self.llm(client).astream_chat([message]):
                    ended = _ending(part.raw) or ended
                    if part.delta:
                        said = True
                        yield part.delta
            except Exception as fault:
                # Without its cause: what a server says may hold the key.
                raise self._told(fault) from None
        if problem := self._problem(ended, said):
            raise problem

    # -- faults ------------------------------------------------------------------------------------

    def _problem(self, ended: str | None, said: bool) -> ModelError | None:
        """What is wrong with an answer that came without an error."""
        if ended == "length":
            return self._error("ran out of room for its answer; raise its limit of tokens, or choose another")
        if ended == "content_filter":
            return self._error("withholds its answer; ask in other words")
        if not said:
            return self._error("gave an empty answer; ask again, or check ASSISTANT_MODEL", retryable=True)
        # A connection that is closed in the middle looks like an end, but for the missing reason.
        return None if ended else self._broken()

    def _told(self, fault: Exception) -> ModelError:
        import httpx
        import openai

        if isinstance(fault, openai.APITimeoutError | httpx.TimeoutException):
            return self._late()
        if isinstance(fault, openai.APIConnectionError):
            return self._error("cannot be reached; start it, or check OPENAI_BASE_URL", retryable=True)
        if isinstance(fault, openai.APIStatusError):
            refusal = self._refusal(fault)
            refusal.wait = _retry_after(fault.response.headers.get("retry-after"))
            return refusal
        if isinstance(fault, openai.APIError | httpx.HTTPError):
            return self._broken()
        return self._error("does not answer as an OpenAI-compatible server does; check OPENAI_BASE_URL")

    def _refusal(self, fault: openai.APIStatusError) -> ModelError:
        status = fault.status_code
        if status < 400:
            return self._error("sends its callers elsewhere; set OPENAI_BASE_URL to the final address")
        if status in {401, 403}:
            return self._error("refuses the key; set OPENAI_API_KEY to one that it takes")
        if status == 404:
            return self._error("is not known there; check ASSISTANT_MODEL and OPENAI_BASE_URL")
        if status == 402 or fault.code == "insufficient_quota":
            return self._error("has no credit left for this key; add some, or choose another model")
        if status == 413 or fault.code == "context_length_exceeded":
            return self._error("cannot read so much; choose a model with a larger context window")
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

    def _error(self, what: str, *, retryable: bool = False) -> ModelError:
        parts = urlsplit(self.url)  # without what may stand before the host: a password
        host = parts.netloc.rpartition("@")[2]
        return ModelError(f"The model {self.name} at {parts.scheme}://{host} {what}.", retryable=retryable)


def model(settings: Settings) -> Model | None:
    """The model that `settings` name, or None where answers are extractive. Nothing is asked of it yet.

    Raises:
        ConfigError: its address or its key cannot be one.
    """
    if settings.model is None:
        return None
    url = (settings.base_url or OPENAI).strip().rstrip("/")
    if not _is_address(url):
        raise ConfigError("OPENAI_BASE_URL is no address; give one such as http://127.0.0.1:11434/v1.")
    key = (settings.api_key or "").strip() or NO_KEY
    if not (key.isascii() and key.isprintable()):
        raise ConfigError("OPENAI_API_KEY holds characters that no key has; set it again.")
    return Model(settings.model, url, key, settings.model_timeout)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _retry_after(header: str | None) -> float | None:
    """Seconds, from a `Retry-After` of seconds or of a date (RFC 9110, 10.2.3); None where it is neither."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _ending(chunk: Any) -> str | None:
    """Why the model stopped, where the chunk says so."""
    choices = getattr(chunk, "choices", None)
    return choices[0].finish_reason if choices else None


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop in which all calls run."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="model", daemon=True)
    thread.start()
    atexit.register(_end, loop, thread)
    return loop


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """Ends the thread before the interpreter does, which would break it off in the middle."""
    loop.call_soon_threadsafe(loop.stop)
    thread.join(ENDING)


@cache
def _trusted() -> ssl.SSLContext:
    """Who is trusted to be who they say: certifi's list, or SSL_CERT_FILE."""
    import httpx

    return httpx.create_ssl_context(trust_env=True)
