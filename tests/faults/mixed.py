"""Sound files with damage of a random kind, as many as are asked for. They are the same each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from faults.damaged import Case
from faults.samples import MAKERS

_Damage = Callable[[bytearray, random.Random], object]


def cases(count: int) -> Iterator[Case]:
    """Return so many cases, of all formats in turn."""
    kinds, damages = list(MAKERS), list(_DAMAGES)
    for n in range(count):
        chance = random.Random(f"mixed {n}")
        suffix, name = kinds[n % len(kinds)], damages[n // len(kinds) % len(damages)]
        shown = chance.choice(kinds) if chance.random() < 0.15 else suffix
        yield Case(f"{name}-{n}-{suffix}.{shown}", partial(_made, suffix, name, n))


def _made(suffix: str, name: str, number: int) -> bytes:
    data, chance = bytearray(MAKERS[suffix]()), random.Random(number)
    for _ in range(chance.choice((1, 1, 2, 5))):
        _DAMAGES[name](data, chance)
    return bytes(data)


def _span(data: bytearray, chance: random.Random) -> slice:
    """A part of the data, most often a short one."""
    start = chance.randrange(len(data) + 1)
    return slice(start, start + int(len(data) * chance.random() ** 4) + 1)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _emptied(data: bytearray, chance: random.Random) -> None:
    part = _span(data, chance)
    data[part] = bytes(len(data[part]))


def _left_out(data: bytearray, chance: random.Random) -> None:
    del data[_span(data, chance)]


def _repeated(data: bytearray, chance: random.Random) -> None:
    part = data[_span(data, chance)][:50_000]
    at = chance.randrange(len(data) + 1)
    data[at:at] = part * chance.choice((1, 2, 20))


def _flipped(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3, 30)) if data else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _numbered(data: bytearray, chance: random.Random) -> None:
    """A number that is at an end of what its bytes can hold."""
    at = chance.randrange(len(data) + 1) & ~3
    data[at : at + 4] = chance.choice((bytes(4), b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"))


def _spliced(data: bytearray, chance: random.Random) -> None:
    """A part of a file of another format."""
    other = MAKERS[chance.choice(list(MAKERS))]()
    at = chance.randrange(len(data) + 1)
    data[at:at] = other[chance.randrange(len(other)) :]


def _swapped(data: bytearray, chance: random.Random) -> None:
    one, two = data[_span(data, chance)], data[_span(data, chance)]
    data[_span(data, chance)] = two + one


_DAMAGES: dict[str, _Damage] = {
    "cut": _cut,
    "emptied": _emptied,
    "left-out": _left_out,
    "repeated": _repeated,
    "bits": _flipped,
    "numbers": _numbered,
    "spliced": _spliced,
    "swapped": _swapped,
}
