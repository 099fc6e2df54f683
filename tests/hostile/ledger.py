"""Files of a store emptied, missing, cut, flipped, old, of another store: no original is lost, all is told.

Each damage is done to a copy of one store and opened in a process of its own. It is told where the opening
refuses it or `check` names it, or where nothing that anybody reads is another. Then the store is repaired.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from faults.history import text
from faults.process import forked, opened, quick, waited

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.core.types import Source
from assistant.store import lock
from eval.bench_figure import Figure

DOCUMENTS = 30
CUTS, FLIPS = 20, 200
WORKERS = 4
"""Processes that try damages at the same time."""
SECONDS = 30.0
PASSAGES = 1_300
LEDGER = ("ledger.db",)
Damage = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a store with one damage."""

    what: str
    alive: bool
    kept: bool = False
    """True if all originals are there after it was opened, checked and repaired."""
    told: bool = False
    sound: bool = False
    """True if the repair restores the former content."""
    said: str = ""


def figures(cuts: int = CUTS, flips: int = FLIPS, passages: int = PASSAGES) -> list[Figure]:
    """Damage the ledger and the index with so many cuts and flips each; then time a repair."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"  the places are those of random.Random({seed})", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        results = list(_run(Path(folder), cuts, flips, random.Random(seed)))
    lost = [r.what for r in results if not r.kept]
    silent = [r.what for r in results if not r.told]
    broken = [r.what for r in results if not r.sound]
    found = [
        Figure("damaged stores", len(results), least=2 * (cuts + flips)),
        Figure("stores that were the end of their process", sum(not r.alive for r in results), most=0),
        Figure(f"stores that lost an original {lost[:4]}", len(lost), most=0),
        Figure(f"damages that nobody is told of {silent[:4]}", len(silent), most=0),
        Figure(f"stores that were not what they were after a repair {broken[:4]}", len(broken), most=0),
    ]
    return [*found, *(_timed() if passages else ())]


def _run(folder: Path, cuts: int, flips: int, places: random.Random) -> Iterator[Result]:
    """The results of all damages, which a few processes share."""
    expected = _stores(folder)
    damages = list(_damages(folder, cuts, flips, places))
    children = [
        forked(partial(_share, folder, damages[first::WORKERS], folder / f"results-{first}", expected))
        for first in range(WORKERS)
    ]
    for first, child in enumerate(children):
        os.waitpid(child, 0)
        for line in (folder / f"results-{first}").read_text("utf-8").splitlines():
            yield Result(**json.loads(line))


def _share(
    folder: Path, damages: Sequence[tuple[str, str, Damage]], results: Path, expected: dict[str, object]
) -> None:
    """Write the result of each damage as a line of JSON."""
    home = results.with_suffix(".home")
    with results.open("a", encoding="utf-8") as file:
        for what, base, damage in damages:
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(folder / base, home)
            damage(home)
            before = _originals(home)
            found = waited(partial(_looked_at, home, expected), results.with_suffix(".told"))
            kept = before <= _originals(home)
            result = Result(what, False) if found is None else Result(what, True, kept, **found)
            print(json.dumps(asdict(result)), file=file, flush=True)
            if not (result.kept and result.told and result.sound):
                print(f"  {result}", file=sys.stderr, flush=True)


def _stores(folder: Path) -> dict[str, object]:
    """Makes the stores: of yesterday, another, one whose process died with a full log, and the same of today;
    gives what the last holds."""
    waited(partial(_filled, folder / "other", range(500, 520)), folder / "made")
    waited(partial(_filled, folder / "yesterday", range(DOCUMENTS - 5)), folder / "made")
    shutil.copytree(folder / "yesterday", folder / "died")
    waited(partial(_changed, folder / "died"), folder / "made")
    shutil.copytree(folder / "died", folder / "today")
    return waited(partial(_closed, folder / "today"), folder / "made")  # type: ignore[no-any-return]


def _filled(home: Path, numbers: Iterable[int]) -> dict[str, object]:
    with opened(home) as assistant:
        list(assistant.add(map(_source, numbers)))
    return {}


def _closed(home: Path) -> dict[str, object]:
    with opened(home) as assistant:
        return _content(assistant)


def _changed(home: Path) -> dict[str, object]:
    """Add, remove, name and ask without closing: the last changes are in the log alone."""
    assistant = opened(home)
    list(assistant.add(map(_source, range(DOCUMENTS - 5, DOCUMENTS))))
    assistant.remove(next(entry.id for entry in assistant.list() if entry.source == "0.md"))
    list(assistant.add([Source("again/1.md", partial(text, 1))]))
    assistant.ask("Where does w2s0x stand?", "talk")
    return _content(assistant)


def _source(number: int) -> Source:
    return Source(f"{number}.md", partial(text, number))


def _content(assistant: Assistant) -> dict[str, object]:
    """Return everything that can be read from a store."""
    ledger = assistant.library.ledger
    documents = [(list(e.sources), e.title, e.added, e.duplicate_of, e.id) for e in assistant.list()]
    rows = hashlib.sha256()
    for *_, ident in documents:
        rows.update(repr((ledger.document(str(ident)), ledger.passages_of(str(ident)))).encode())
        kept = ledger.stored_passages(ledger.vectors_of([str(ident)]))
        rows.update(b"".join(one.sentence_vectors.tobytes() for one in kept.values()))
        rows.update(b"".join(vector.tobytes() for vector in ledger.vectors_of([str(ident)]).values()))
    turns = [turn.answer.text for turn in assistant.turns("talk")]
    return json.loads(json.dumps({"documents": documents, "rows": rows.hexdigest(), "turns": turns}))  # type: ignore[no-any-return]


def _originals(home: Path) -> set[str]:
    """The hashes of originals that are whole."""
    paths = [path for path in (home / "originals").iterdir() if path.suffix != ".json"]
    return {p.name for p in paths if hashlib.sha256(p.read_bytes()).hexdigest() == p.name}


# -- what is done ------------------------------------------------------------------------------------


def _damages(folder: Path, cuts: int, flips: int, places: random.Random) -> Iterator[tuple[str, str, Damage]]:
    """Yield each damage: its name, its store, and the function that does it."""
    yield "ledger emptied", "today", lambda home: os.truncate(home / "ledger.db", 0)
    yield "ledger missing", "today", lambda home: (home / "ledger.db").unlink()
    yield "ledger missing, log there", "died", lambda home: (home / "ledger.db").unlink()
    yield "ledger emptied, log there", "died", lambda home: os.truncate(home / "ledger.db", 0)
    yield "ledger without its log", "died", lambda home: (home / "ledger.db-wal").unlink()
    yield "log emptied", "died", lambda home: os.truncate(home / "ledger.db-wal", 0)
    yield "ledger of yesterday", "today", partial(_put, folder / "yesterday")
    yield "ledger of another store", "today", partial(_put, folder / "other")
    yield "a ledger without tables", "today", lambda home: (home / "ledger.db").write_bytes(_EMPTY)
    yield "stamp missing", "today", lambda home: (home / "originals.json").unlink()
    yield "index missing", "today", lambda home: shutil.rmtree(home / "index")
    for pattern in ("ledger.db", "index/*/**/*"):
        for at in range(cuts):
            yield f"{pattern} cut at {at}/{cuts}", "today", partial(_cut, pattern, at / cuts, places.random())
        for _ in range(flips):
            place = places.random(), places.random()
            yield f"{pattern} flipped {place}", "today", partial(_flip, pattern, place, places.randrange(8))


def _put(other: Path, home: Path) -> None:
    shutil.copy(other / "ledger.db", home / "ledger.db")


def _file(home: Path, pattern: str, share: float) -> Path:
    files = sorted(path for path in home.glob(pattern) if path.is_file() and path.stat().st_size)
    return files[int(share * len(files))]


def _cut(pattern: str, share: float, which: float, home: Path) -> None:
    path = _file(home, pattern, which)
    os.truncate(path, int(path.stat().st_size * share))


def _flip(pattern: str, place: tuple[float, float], bit: int, home: Path) -> None:
    path = _file(home, pattern, place[0])
    data = bytearray(path.read_bytes())
    data[int(place[1] * len(data))] ^= 1 << bit
    path.write_bytes(data)


def _tableless() -> bytes:
    import sqlite3

    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("VACUUM")
        db.execute("CREATE TABLE other (one)")
        return db.serialize()


_EMPTY = _tableless()


# -- what becomes of it ------------------------------------------------------------------------------


def _looked_at(home: Path, expected: dict[str, object]) -> dict[str, object]:
    told, said = _is_told(home, expected)
    try:
        with _repairing(home) as assistant:
            assistant.check(repair=True)
        with opened(home) as assistant:
            health = assistant.check()
            documents = _content(assistant)["documents"]
            sound = not health.problems and documents == expected["documents"]
            said += "" if sound else f" | {health.problems}"
    except AssistantError as fault:
        sound, said = False, f"{said} | {fault.message}"
    return {"told": told, "sound": sound, "said": said}


def _is_told(home: Path, expected: dict[str, object]) -> tuple[bool, str]:
    said: list[str] = []
    try:
        with opened(home, said.append) as assistant:
            problems = [*said, *assistant.check().problems]
            return bool(problems) or _content(assistant) == expected, " ".join(problems)
    except AssistantError as fault:
        return fault.message.endswith(".") and "\n" not in fault.message, fault.message


def _repairing(home: Path) -> Assistant:
    """Open the store as `assistant check --repair` does."""
    quick()
    held = lock.acquire(home, "a repair")
    assert isinstance(held, lock.Lock)
    return Assistant.owning(replace(config.load({}), home=home, corpus=None), held, repair=True)


# -- how long it takes -------------------------------------------------------------------------------


def _timed() -> list[Figure]:
    """A repair of the shipped corpus without its ledger, with the real embedder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(config.load({}), home=Path(folder) / "home")
        with Assistant.open(settings) as assistant:
            assistant.fill()
            before = assistant.list()
        (settings.home / "ledger.db").unlink()
        began = time.monotonic()
        held = lock.acquire(settings.home, "a repair")
        assert isinstance(held, lock.Lock)
        with Assistant.owning(settings, held, repair=True) as assistant:
            health = assistant.check(repair=True)
            took = time.monotonic() - began
            same = assistant.list() == before and not health.problems
    return [
        Figure("passages of a ledger that was made anew", health.passages),
        Figure("is what it was (1)", same, least=1),
        Figure(
            f"seconds that this takes for {PASSAGES} passages",
            took * PASSAGES / health.passages,
            "s",
            most=SECONDS,
        ),
    ]
