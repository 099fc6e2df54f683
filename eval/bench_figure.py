"""A figure that a benchmark measured, and its target."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `most` and `least` are its target, where it has one."""

    what: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool | None:
        """True if the target is met; None if there is no target."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    @property
    def shown(self) -> str:
        """Return the value with its unit."""
        return _amount(self.value, self.unit)

    @property
    def target(self) -> str:
        """Return the target in words, or an empty string."""
        if self.least is not None:
            return f"at least {_amount(self.least, self.unit)}"
        return f"at most {_amount(self.most, self.unit)}" if self.most is not None else ""

    def told(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        return {
            "what": self.what,
            "value": round(self.value, 4),
            "unit": self.unit,
            "least": self.least,
            "most": self.most,
            "met": self.met,
        }


def share(values: Sequence[float], part: float) -> float:
    """Return the quantile `part` (0 to 1) of the values, interpolated linearly."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(part * 100) - 1]


def _amount(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()
