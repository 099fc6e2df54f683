"""Limits on the time and tokens that one answer may take of a model, and a count of the tokens."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from assistant.answering.model.language_model import Model
from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.errors import StoreError
from assistant.core.types import Price, Usage

USED_UP = (
    "The limit of {limit:,} tokens a day for the model is reached, so this answer was made without it. "
    "ASSISTANT_DAILY_TOKENS is the limit."
)


class Log(Protocol):
    """Log of the tokens of models by day."""

    def add(self, model: str, spent: Usage) -> None: ...

    def tokens_today(self) -> int: ...


class Meter:
    """The sum of what the calls of a model used; each is logged as it ends. Thread-safe."""

    def __init__(self, log: Log | None = None, model: str = "", price: Price | None = None) -> None:
        self._log, self._model, self._price = log, model, price
        self._lock = threading.Lock()
        self._sum = Usage()

    def add(self, usage: Usage) -> None:
        """Add one call."""
        usage = self._price.priced(usage) if self._price else usage
        with self._lock:
            self._sum += usage
        # A full disk takes no answer away.
        with suppress(StoreError):
            if self._log:
                self._log.add(self._model, usage)

    @property
    def total(self) -> Usage:
        """All calls so far."""
        with self._lock:
            return self._sum


@dataclass(frozen=True, slots=True)
class Budget:
    """The deadline of an answer, and the model that it may call; None for an answer by quotes."""

    until: Deadline
    model: Model | None = None
    notice: str | None = None
    """Why a configured model may not be called."""
    meter: Meter = field(default_factory=Meter)

    @property
    def usage(self) -> Usage | None:
        """Tokens used so far; None if no model was called."""
        return self.meter.total if self.meter.total.tokens else None


def budget(model: Model | None, until: Deadline, settings: Settings, log: Log) -> Budget:
    """Return the budget of one answer: without a model once the tokens of the day are used up."""
    if model is None:
        return Budget(until)
    limit = settings.daily_tokens
    if limit is not None and log.tokens_today() >= limit:
        return Budget(until, notice=USED_UP.format(limit=limit))
    meter = Meter(log, model.name, settings.model_price)
    return Budget(until, replace(model, count=meter.add), meter=meter)
