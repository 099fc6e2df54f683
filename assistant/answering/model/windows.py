"""What is known of the context windows of models: by what they refuse, and by how many tokens they count.

It is learned while the process runs, and begun anew with it: a server may be started with another window.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

PER_TOKEN = 3.0
"""Characters of a token, on the side of caution, as long as nothing else is known."""
MOST_PER_TOKEN = 5.5
"""Characters of a token in the texts of a prompt, at most: one that counts fewer tokens was cut."""
REPLY = 1024
"""Limit on the tokens of a reply."""
SHARE = 4
"""A reply may take one part in so many of a small window."""
NEARLY = 0.85
"""The share of the expected tokens below which a prompt was cut."""
LOG = 64
"""Models that are remembered."""

# "maximum context length is 4096 tokens", "n_ctx": 4096, "must be <= 4096", "maximum model length of 4096"
_WINDOW = re.compile(
    r"(?:context (?:length|size|window)(?: is| of)?(?: only)?|maximum model length of|n_ctx\W+|must be <=)"
    r"\D{0,4}(\d{3,8})"
)
_COUNTED = re.compile(
    r"(?:n_prompt_tokens\W+|\(length |given: |has |resulted in )(\d{2,8})|(\d{2,8}) in the messages"
)
_LENGTH = re.compile(
    r"context[ _](?:length|size|window)|exceed_context|maximum (?:model |context )?length|prompt is too long"
    r"|too many tokens|max_new_tokens|input length exceeds|reduce the length"
)
_OPTIONS = re.compile(r"max_completion_tokens|stream_options|response_format|json_schema|grammar")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(b|m)(?![a-z])")
SMALL = 4.0
"""Billions of parameters up to which a model gets the short prompt."""


class Named(Protocol):
    """A model at an address."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of a window; `cut` is the last prompt that was silently cut to it."""

    tokens: int | None = None
    per_token: float | None = None
    cut: str = ""
    is_plain: bool = False
    """True if the server refuses the options for the length of a reply and the count of tokens."""

    @property
    def reply(self) -> int:
        """The limit on the tokens of a reply."""
        return min(REPLY, self.tokens // SHARE) if self.tokens else REPLY

    @property
    def characters(self) -> int | None:
        """The characters that a prompt may have; None if that is not known."""
        if self.tokens is None:
            return None
        return int((self.tokens - self.reply) * (self.per_token or PER_TOKEN))


_known: dict[tuple[str, str], Window] = {}
_lock = threading.Lock()


def of(model: Named) -> Window:
    """Return what is known of a model's window."""
    return _known.get((model.url, model.name), Window())


def tokens(model: Named, characters: int) -> int:
    """Estimate the tokens of so many characters."""
    return round(characters / (of(model).per_token or PER_TOKEN))


def is_small(name: str) -> bool:
    """Return True if the name of a model tells that it is small: qwen2.5:0.5b, gemma-3-270m."""
    sizes = [float(size) / (1000 if unit == "m" else 1) for size, unit in _SIZE.findall(name.lower())]
    return bool(sizes) and max(sizes) <= SMALL


def is_about_length(message: str) -> bool:
    """Return True if a server refuses a request for its length, in the words of any known server."""
    return _LENGTH.search(message.lower()) is not None


def is_about_options(message: str) -> bool:
    """Return True if a server refuses a request for the options that `make_plain` leaves out."""
    return _OPTIONS.search(message.lower()) is not None


def make_plain(model: Named) -> None:
    """Learn that a server refuses these options."""
    _keep(model, replace(of(model), is_plain=True))


def refused(model: Named, prompt: str, message: str) -> None:
    """Learn from a refusal for length: from the numbers that it names or else from the prompt's length."""
    text = message.lower()
    sizes, counts = _WINDOW.findall(text), [int(a or b) for a, b in _COUNTED.findall(text)]
    per_token = len(prompt) / counts[0] if counts else None
    known = of(model)
    estimate = int(len(prompt) / (per_token or known.per_token or PER_TOKEN))
    smaller = min(estimate * 2 // 3, known.tokens * 2 // 3 if known.tokens else estimate)
    tokens = int(sizes[0]) if sizes and int(sizes[0]) < (known.tokens or 10**9) else smaller
    _keep(model, replace(known, tokens=max(256, tokens), per_token=per_token or known.per_token))


def counted(model: Named, prompt: str, tokens: int) -> None:
    """Learn from the number of tokens that a server counted in a prompt; if it is too small, it was cut."""
    known = of(model)
    expected = len(prompt) / (known.per_token or MOST_PER_TOKEN)
    if tokens < expected * (NEARLY if known.per_token else 1):
        _keep(model, replace(known, tokens=tokens, cut=prompt))
    elif tokens:
        _keep(model, replace(known, per_token=len(prompt) / tokens, cut=""))


def fitting(texts: Sequence[str], characters: int | None) -> int:
    """Return how many of `texts`, in order, have room in so many characters; at least one."""
    if characters is None:
        return len(texts)
    held, total = 0, 0
    for text in texts:
        total += len(text)
        if total > characters:
            break
        held += 1
    return max(1, held)


def _keep(model: Named, window: Window) -> None:
    with _lock:
        _known[model.url, model.name] = window
        while len(_known) > LOG:
            _known.pop(next(iter(_known)))
