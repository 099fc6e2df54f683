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
NAMED = 5
"""Models that are named where the one that is asked for is missing."""
LEAST = 1024
"""Tokens of a window in which a passage, a question and an answer have room."""
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


def problem(name: str, url: str, key: str | None = None) -> str | None:
    """Return what is wrong with a model at an endpoint, in a sentence; None if nothing is."""
    try:
        found = {offer.name: offer for offer in offers(url, key)}
    except ModelError as fault:
        return fault.message
    # Ollama leaves the last part of its names away.
    offer = found.get(name) or found.get(f"{name}:latest")
    if offer is None:
        host, some = urlsplit(url).netloc.rpartition("@")[2], ", ".join([*found][:NAMED]) or "none"
        return f"{host} has no model {name}; set ASSISTANT_MODEL to one that it has: {some}."
    if offer.window is not None and offer.window < LEAST:
        read = f"The model {name} reads {offer.window:,} tokens at once"
        return f"{read}, too few for passages and an answer; choose one that reads {LEAST:,}."
    return None


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
