"""Sound files that were cut, flipped and renamed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from faults import texts
from faults.samples import MAKERS

CUTS = 6
FLIPS = 6


@dataclass(frozen=True, slots=True)
class Case:
    """A file that may be refused or read, but do no harm: its name, and what makes its bytes."""

    name: str
    make: Callable[[], bytes]


def cases() -> Iterator[Case]:
    """Return all cases of this module."""
    yield from (*cut(), *flipped(), *renamed())


def cut() -> Iterator[Case]:
    """Sound files of which only the beginning arrived, in one case of six only the end."""
    for suffix, make in MAKERS.items():
        for n in range(CUTS):
            yield Case(f"cut-{n}.{suffix}", partial(_part, make, (n + 1) / (CUTS + 1), from_end=n == 3))


def _part(make: Callable[[], bytes], share: float, *, from_end: bool) -> bytes:
    data = make()
    at = int(len(data) * share)
    return data[at:] if from_end else data[:at]


def flipped() -> Iterator[Case]:
    """Sound files with one wrong bit, with some wrong bytes, and with one byte of a hundred wrong."""
    for suffix, make in MAKERS.items():
        for n in range(FLIPS):
            yield Case(f"flipped-{n}.{suffix}", partial(_wrong, make, n))


def _wrong(make: Callable[[], bytes], number: int) -> bytes:
    data = bytearray(make())
    source = random.Random(f"{len(data)} {number}")
    count = (1, 1, 10, 10, len(data) // 100 + 1, len(data) // 20 + 1)[number]
    for at in source.sample(range(len(data)), min(count, len(data))):
        data[at] ^= 1 << source.randrange(8)
    return bytes(data)


def renamed() -> Iterator[Case]:
    """Sound files under the name of another kind."""
    kinds = list(MAKERS)
    for n, (suffix, make) in enumerate(MAKERS.items()):
        for step in (1, 4, 9):
            yield Case(f"is-{suffix}.{kinds[(n + step) % len(kinds)]}", make)
    yield Case("is-pdf-without-a-name", texts.book)
