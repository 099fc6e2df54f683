"""A few of the slow clients of `make hostile`, so that each run of the tests meets every kind of them."""

from __future__ import annotations

import pytest
from hostile import slow

pytestmark = [pytest.mark.faults, pytest.mark.slow]

FEW = (
    "uploads of a byte",
    "headers of a byte",
    "patterns that backtrack",
    "readers of a run",
)
TIMED = ("times as long", "health", "SIGTERM")


def test_honest_clients_are_served_beside_slow_ones() -> None:
    missed = [figure for figure in slow.figures(FEW, rounds=1) if figure.met is False]
    # How long it takes says nothing on a machine that does other things too.
    assert [figure.what for figure in missed if not any(word in figure.what for word in TIMED)] == []
