"""The models that an endpoint offers, and the model servers that run on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from assistant.core.endpoint import NO_KEY, client_options
from assistant.core.errors import ModelError

SECONDS = 10.0
"""The time limit for the list of an endpoint."""
SECONDS_HERE = 0.5
"""The same for a server of this machine that may not be there."""
HERE = {
    "Ollama": "http://127.0.0.1:11434/v1",
    "llama.cpp": "http://127.0.0.1:8080/v1",
    "LM Studio": "http://127.0.0.1:1234/v1",
    "vLLM": "http://127.0.0.1:8000/v1",
}
"""The usual addresses of model servers."""
LONGEST = 2_000_000
"""Limit on the bytes of a list."""
WINDOWS = ("max_model_len", "context_length", "loaded_context_length", "max_context_length", "n_ctx")


@dataclass(frozen=True, slots=True)
class Offer:
    """A model of an endpoint; `window` is its context in tokens, if the endpoint tells."""

    name: str
    window: int | None = None


def offers(url: str, key: str | None = None, seconds: float = SECONDS) -> list[Offer]:
    """Return the models of an OpenAI-compatible endpoint, by name.

    Raises:
        ModelError: it cannot be reached, refuses the key, or has no such list.
    """
    import httpx

    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        with httpx.Client(**client_options(), timeout=seconds) as client:
            reply = client.get(f"{url}/models", headers={"Authorization": f"Bearer {key or NO_KEY}"})
    except httpx.HTTPError as fault:
        raise ModelError(f"{host} {_reason(fault)}", retryable=True) from None
    if reply.status_code in {401, 403}:
        raise ModelError(f"{host} refuses the key; set OPENAI_API_KEY to one that it takes.")
    if reply.is_error or len(reply.content) > LONGEST:
        raise ModelError(f"{host} lists no models (status {reply.status_code}); check OPENAI_BASE_URL.")
    try:
        rows = reply.json()["data"]
        return sorted((Offer(str(row["id"]), _window(row)) for row in rows), key=lambda offer: offer.name)
    except (ValueError, KeyError, TypeError):
        raise ModelError(
            f"{host} does not answer as an OpenAI-compatible server does; check its address."
        ) from None


def servers_here() -> Iterator[tuple[str, str, list[Offer]]]:
    """Yield the model servers that answer on this machine: name, address, models. None of them is used."""
    for name, url in HERE.items():
        try:
            yield name, url, offers(url, seconds=SECONDS_HERE)
        except ModelError:
            continue


def _reason(fault: Exception) -> str:
    import httpx

    text = str(fault).lower()
    if isinstance(fault, httpx.TimeoutException):
        return "does not answer in time; try again, or check OPENAI_BASE_URL."
    if "ssl" in text or "certificate" in text:
        return "cannot be spoken to over TLS; check whether its address begins with http or https."
    if any(words in text for words in ("name or service", "nodename", "getaddrinfo", "name resolution")):
        return "is a name that is not found; check OPENAI_BASE_URL."
    return "cannot be reached; start it, or check OPENAI_BASE_URL."


def _window(row: Mapping[str, Any]) -> int | None:
    """Return the context window that a row of the list tells, in the words of several servers."""
    meta = row.get("meta")
    for told in (row, meta if isinstance(meta, dict) else {}):
        for name in (*WINDOWS, "n_ctx_train"):
            if isinstance(told.get(name), int):
                return int(told[name])
    return None
