"""Files of the index, damaged in twenty ways: noticed at opening, built anew, and no answer is another."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.process import opened, waited

from assistant.assistant import Assistant
from assistant.core.types import Source
from assistant.store.index import seal
from eval.bench_figure import Figure

DOCUMENTS = 1_300
"""From a thousand passages on, Chroma writes its graph to files."""
QUESTIONS = 12
SECONDS = 30.0
KINDS = {
    "the list of vectors": ("chroma/chroma.sqlite3",),
    "the vectors": ("chroma/*/data_level0.bin",),
    "their neighbours": ("chroma/*/[hl]*.bin", "chroma/*/*.pickle"),
    "the words": ("words/*.*",),
    "what lies where": ("*.json", "words/*.json"),
}
"""The kinds of files that an index is of, by pattern."""
Change = Callable[[Path, random.Random], None]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a store with one damaged file."""

    what: str
    alive: bool
    noticed: bool = False
    whole: bool = False
    wrong: int = 0
    seconds: float = 0.0


def figures(some: Callable[[Sequence[str]], Sequence[str]] = lambda ways: ways) -> list[Figure]:
    """Measure all kinds of files, damaged in all ways, or in those that `some` selects."""
    with tempfile.TemporaryDirectory() as folder:
        results = run(Path(folder), some(list(WAYS)))
    silent = [result.what for result in results if not result.noticed]
    return [
        Figure("damaged files", len(results)),
        Figure("stores that were the end of their process", sum(not r.alive for r in results), most=0),
        Figure(f"damages that were not noticed at opening {silent[:4]}", len(silent), most=0),
        Figure("stores that were not whole after it", sum(not r.whole for r in results), most=0),
        Figure("answers that were others than before", sum(r.wrong for r in results), most=0),
        Figure("the slowest opening", max(r.seconds for r in results), "s", most=SECONDS),
    ]


def run(folder: Path, ways: Sequence[str]) -> list[Result]:
    """One store a damage, all in `folder`."""
    waited(lambda: _made(folder, FOREIGN in ways), folder / "made")
    results = []
    for kind in KINDS:
        for number, way in enumerate(ways):
            results.append(_damaged(folder, kind, way, number))
            print(f"  {results[-1]}", file=sys.stderr, flush=True)
    return results


def _made(folder: Path, foreign: bool) -> dict[str, object]:
    """Make a store, and another of the same size if `foreign`; return the answers of the first."""
    if foreign:
        with opened(folder / "another") as assistant:
            list(assistant.add(_source(number) for number in range(DOCUMENTS, 2 * DOCUMENTS)))
    with opened(folder / "store") as assistant:
        list(assistant.add(_source(number) for number in range(DOCUMENTS)))
        return {"answers": _answers(assistant)}


def _source(number: int) -> Source:
    text = f"# Kettle {number}\n\nThe kettle n{number}x was made in the year y{number % 97}x, of copper.\n"
    return Source(f"{number:04}.md", text.encode)


def _answers(assistant: Assistant) -> list[list[str]]:
    """Return the quotes cited for each of some questions."""
    asked = range(5, DOCUMENTS, DOCUMENTS // QUESTIONS)
    answers = [assistant.ask(f"When was the kettle n{number}x made?") for number in asked]
    return [[citation.quote for citation in answer.citations] for answer in answers]


def _damaged(folder: Path, kind: str, way: str, number: int) -> Result:
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(folder / "store", home)
    index = next((home / "index").iterdir())
    files = _files(index, KINDS[kind])
    file = files[number % len(files)]
    what = f"{file.relative_to(index)} {way}"
    _change(file, way, folder / "another" / "index")
    expected = json.loads((folder / "made").read_text())["answers"]
    told = waited(lambda: _looked_at(home), folder / "told")
    if told is None:
        return Result(what, alive=False)
    wrong = sum(now != before for now, before in zip(told["answers"], expected, strict=True))
    return Result(what, True, told["noticed"], told["whole"], wrong, told["seconds"])


def _files(index: Path, patterns: Sequence[str]) -> list[Path]:
    found = {file for pattern in patterns for file in index.glob(pattern) if file.is_file()}
    return sorted(
        file for file in found if file.suffix != ".lock" and (file.suffix != ".json" or len(patterns) > 1)
    )


def _looked_at(home: Path) -> dict[str, object]:
    said: list[str] = []
    began = time.monotonic()
    with opened(home, said.append) as assistant:
        seconds = time.monotonic() - began
        noticed, answers, health = bool(said), _answers(assistant), assistant.check()
    whole = not health.problems and health.passages == health.vectors == health.words == DOCUMENTS
    return {"noticed": noticed, "answers": answers, "whole": whole, "seconds": seconds}


# -- ways to damage a file ---------------------------------------------------------------------------


def _cut(share: float, less: int = 0) -> Change:
    def cut(path: Path, _: random.Random) -> None:
        os.truncate(path, int(path.stat().st_size * share) - less)

    return cut


def _flipped(share: float | None, count: int = 1) -> Change:
    def flipped(path: Path, source: random.Random) -> None:
        data = bytearray(path.read_bytes())
        for _ in range(count):
            at = source.randrange(len(data)) if share is None else int((len(data) - 1) * share)
            data[at] ^= 1 << source.randrange(8)
        path.write_bytes(data)

    return flipped


def _filled(fill: Callable[[int], bytes], block: int | None = None) -> Change:
    """The whole file, or a block in its middle, holds something else."""

    def filled(path: Path, _: random.Random) -> None:
        data = bytearray(path.read_bytes())
        begin, end = (
            (0, len(data)) if block is None else (len(data) // 2, min(len(data) // 2 + block, len(data)))
        )
        data[begin:end] = fill(end - begin)
        path.write_bytes(data)

    return filled


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _longer(path: Path, _: random.Random) -> None:
    with path.open("ab") as file:
        file.write(b"\1" * 4_096)


def _swapped(path: Path, _: random.Random) -> None:
    """Swap the file with another of the index: the next in its folder, if there is one."""
    files = sorted(file for file in path.parent.iterdir() if file.is_file() and file.stat().st_size)
    alone = (
        path.parent / "chroma" / "chroma.sqlite3"
        if path.name == seal.FILE
        else path.parent.parent / seal.FILE
    )
    other = files[(files.index(path) + 1) % len(files)] if len(files) > 1 else alone
    beside = path.with_name("beside")
    path.rename(beside)
    other.rename(path)
    beside.rename(other)


NOISE = random.Random(7).randbytes
FOREIGN = "is that of another store"
WAYS: dict[str, Change | None] = {
    "is emptied": _cut(0),
    "has its first byte alone": lambda path, _: os.truncate(path, 1),
    "is cut to a quarter": _cut(0.25),
    "is cut to half": _cut(0.5),
    "is cut to three quarters": _cut(0.75),
    "lacks its last byte": _cut(1, less=1),
    "has a wrong bit at its beginning": _flipped(0),
    "has a wrong bit at a quarter": _flipped(0.25),
    "has a wrong bit in the middle": _flipped(0.5),
    "has a wrong bit at its end": _flipped(1),
    "has a wrong bit somewhere": _flipped(None),
    "has wrong bytes": _flipped(None, count=16),
    "is all zeros": _filled(bytes),
    "is noise": _filled(NOISE),
    "has lost a block": _filled(NOISE, block=4_096),
    "is removed": lambda path, _: path.unlink(),
    "is a folder": _folder,
    "is longer": _longer,
    "is another": _swapped,
    FOREIGN: None,
}
"""The twenty ways; a file of another store stands for a backup that was put back in part."""


def _change(file: Path, way: str, another: Path) -> None:
    """Damages the file; `another` is the index of another store."""
    before, source = file.read_bytes(), random.Random(f"{file.name} {way}")
    change = WAYS[way]
    if change is not None:
        change(file, source)
    else:
        files = [*another.rglob(file.name), *another.rglob(f"*{file.suffix}")]
        shutil.copy(files[0], file)
    if file.is_file() and file.read_bytes() == before:
        # Both are empty, say.
        file.write_bytes(before + b"\0")
