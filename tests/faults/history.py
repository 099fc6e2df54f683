"""The states that a store may be in after a kill: the last one acknowledged, or a part of the change.

A worker writes a line of JSON before it begins a change and after each part that was acknowledged; the lines
survive it. They and the state before determine which text each name may have.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.ingest.parse import identity

State = Mapping[str, int]
"""The number of the text that each name stands for."""
SECTIONS = 3


@dataclass(frozen=True, slots=True)
class Change:
    """A planned change: the text that each name gets, or None if it is to be removed."""

    kind: str
    names: Mapping[str, int | None]
    whole: bool = False
    """True if all of it happens or nothing."""


# -- texts -------------------------------------------------------------------------------------------


@cache
def text(number: int) -> bytes:
    """Return a unique document: sections of random words, each with one word that occurs nowhere else."""
    source = random.Random(number)
    parts = [f"# Report {number}"]
    for section in range(SECTIONS):
        words = [_VOCABULARY[source.randrange(len(_VOCABULARY))] for _ in range(40)]
        words[source.randrange(1, 40)] = word(number, section)
        parts.append(f"## Part {section}\n\n{' '.join(words).capitalize()}.")
    return ("\n\n".join(parts) + "\n").encode()


def word(number: int, section: int) -> str:
    """The word that only this section of this text holds."""
    return f"w{number}s{section}x"


_VOCABULARY = [
    a + b + c
    for a in "bal cor dun fen gar hol kel lun mar nor pel ros sil tor val wes".split()
    for b in "a e i o u ara eni oli".split()
    for c in "bach dorn fel gast holm kin land mund rick stad".split()
]


@cache
def ident(number: int) -> str:
    """The id of the document that holds the text."""
    return identity(text(number))


# -- the worker's side -------------------------------------------------------------------------------


class Journal:
    """The lines that a worker leaves."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def begin(self, change: Change) -> None:
        """Record a change before any of it happens."""
        self._write({"kind": change.kind, "names": dict(change.names), "whole": change.whole})

    def done(self, names: Iterable[str]) -> None:
        """Record the names that were acknowledged."""
        self._write({"done": list(names)})

    def end(self) -> None:
        """Record that the whole change was acknowledged."""
        self._write({"end": True})

    def _write(self, line: dict[str, object]) -> None:
        os.write(self._file, json.dumps(line | {"at": time.monotonic()}).encode() + b"\n")


def lines(path: Path) -> list[dict[str, object]]:
    """The whole lines of a journal."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


# -- what follows ------------------------------------------------------------------------------------


class Expected:
    """The texts that each name may have, and constraints between names."""

    def __init__(self, before: State, journal: Iterable[dict[str, object]]) -> None:
        self.may: dict[str, set[int | None]] = {name: {number} for name, number in before.items()}
        self._before = dict(before)
        self._open: Change | None = None
        for line in journal:
            self._take(line)

    @property
    def during(self) -> str:
        """The kind of the change that was not over; empty where none was begun or all were over."""
        return self._open.kind if self._open else ""

    def faults(self, found: State) -> list[str]:
        """Return what is impossible about the state that was found."""
        wrong = [
            f"{name} is {found.get(name)}, but may only be {sorted(map(str, may))}"
            for name, may in self.may.items()
            if found.get(name) not in may
        ]
        wrong += [f"{name} is there, but was never given" for name in found.keys() - self.may.keys()]
        return wrong + self._faults_of(self._open, found) if self._open else wrong

    def _faults_of(self, change: Change, found: State) -> list[str]:
        after = {name for name, number in change.names.items() if found.get(name) == number}
        differ = {name for name, number in change.names.items() if self._before.get(name) != number}
        wrong = []
        if change.whole and after & differ and differ - after:
            wrong.append(f"half of a {change.kind} happened")
        # What only moves is at each moment there under one name at least.
        moved = {self._before[n] for n, to in change.names.items() if to is None and n in self._before}
        moved &= {number for number in change.names.values() if number is not None}
        wrong += [f"text {number} was lost while it moved" for number in moved - set(found.values())]
        return wrong

    def _take(self, line: dict[str, object]) -> None:
        if "kind" in line:
            self._open = Change(str(line["kind"]), dict(line["names"]), bool(line["whole"]))  # type: ignore[call-overload]
            for name, number in self._open.names.items():
                self.may.setdefault(name, {None}).add(number)
            return
        assert self._open
        over = self._open.names if "end" in line else line["done"]
        for name in over:  # type: ignore[attr-defined]
            if name in self._open.names:
                self._settle(name, self._open.names[name])
        if "end" in line:
            self._open = None

    def _settle(self, name: str, number: int | None) -> None:
        self.may[name] = {number}
        if number is None:
            self._before.pop(name, None)
        else:
            self._before[name] = number
