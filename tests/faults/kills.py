"""One store whose process is killed at random moments, again and again, in everything that changes it.

Each time a process of its own begins a change, is killed, and another looks at what is left: all that was
told is there and answers whole, nothing is there twice or by half, and nothing that was removed answers.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Imported here, once for all children.
import chromadb  # noqa: F401
import tantivy  # noqa: F401
from faults.history import SECTIONS, Change, Expected, Journal, State, ident, lines, text, word
from faults.process import forked, opened
from stores import is_wholly_sound

from assistant.assistant import Assistant
from assistant.core.types import DocumentInfo, Source
from assistant.store.index import terms
from assistant.sync import bundles, folders
from eval.bench_figure import Figure

KILLS = 200
HELD = 60
"""Documents that the store holds about."""
OPENING = 30.0
"""Seconds after which a store must be open."""
PATIENCE = 300.0


@dataclass
class Run:
    """The state of the test: the store's content, the texts given so far, and the faults found."""

    folder: Path
    source: random.Random
    held: dict[str, int] = field(default_factory=dict)
    texts: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    lasted: dict[str, float] = field(default_factory=dict)
    """Seconds that each kind of change takes."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"


def figures(kills: int = KILLS) -> list[Figure]:
    """Kill one store so many times, and measure what was wrong afterwards."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"  the moments are those of random.Random({seed})", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), random.Random(seed))
        _round(run, "add", spared=True)
        while run.kills.total() < kills:
            if len(run.held) < HELD // 2:
                _round(run, "add", spared=True)
            _round(run, min(KINDS, key=lambda kind: (run.kills[kind], run.source.random())))
            print(f"  {run.kills.total()} kills, {len(run.held)} documents", file=sys.stderr, flush=True)
    for wrong in run.wrong[:10]:
        print(f"  {wrong}", file=sys.stderr)
    where = ", ".join(f"{number} in {kind}" for kind, number in sorted(run.kills.items()))
    return [
        Figure(f"kills: {where}", run.kills.total(), least=kills),
        Figure("texts that were given", run.texts),
        Figure("lost, doubled, halved, or back again", len(run.wrong), most=0),
        Figure("the slowest opening after a kill", run.slowest, "s", most=OPENING),
    ]


def _round(run: Run, kind: str, *, spared: bool = False) -> None:
    """Kill one change (unless `spared`), in a third of the rounds the opening too; check the store."""
    run.journal.unlink(missing_ok=True)
    seed = run.source.random()
    change = lambda: _change(run, kind, random.Random(seed))  # noqa: E731
    if spared:
        _ended(forked(change), PATIENCE)
    else:
        _killed(run, kind, change)
        if run.source.random() < 0.33:
            _killed(run, "opening", lambda: opened(run.home).close())
    expected = Expected(run.held, lines(run.journal))
    told = run.folder / "told"
    told.unlink(missing_ok=True)
    child = forked(lambda: told.write_text(json.dumps(_looked_at(run, expected))))
    if _ended(child, PATIENCE) or not told.exists():
        raise SystemExit(f"The store cannot be opened after a kill in {kind}.")
    found = json.loads(told.read_text())
    run.wrong += [f"{expected.during or 'after ' + kind}: {fault}" for fault in found["faults"]]
    run.slowest = max(run.slowest, found["seconds"])
    run.held = found["held"]
    run.texts = max([run.texts, *run.held.values(), *_given(run.journal)]) + 1


def _given(journal: Path) -> Iterator[int]:
    for line in lines(journal):
        yield from (number for number in line.get("names", {}).values() if number is not None)  # type: ignore[attr-defined]


def _killed(run: Run, kind: str, work: Callable[[], object]) -> None:
    """Begins the work in a process and kills it at a random moment of what it usually takes."""
    before = len(lines(run.journal))
    child = forked(work)
    while kind != "opening" and len(lines(run.journal)) == before and not _is_over(child):
        time.sleep(0.002)
    usual = run.lasted.get(kind, 1.0)
    moment = run.source.uniform(0, 1.1 * usual)
    began = time.monotonic()
    status = _ended(child, moment)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        run.kills[kind] += 1
        # What it takes is not known; a little longer each time that it was not over.
        run.lasted[kind] = max(usual, moment * 1.05)
        return
    if status:
        raise SystemExit(f"A process ended with {status} by itself, in {kind}.")
    run.lasted[kind] = (usual + time.monotonic() - began) / 2


_statuses: dict[int, int] = {}


def _is_over(child: int) -> bool:
    if child not in _statuses:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            _statuses[child] = os.waitstatus_to_exitcode(status)
    return child in _statuses


def _ended(child: int, seconds: float) -> int | None:
    """The exit code of the child, where it ends within so many seconds."""
    limit = time.monotonic() + seconds
    while not _is_over(child):
        if time.monotonic() > limit:
            return None
        time.sleep(0.002)
    return _statuses.pop(child)


# -- what is found -----------------------------------------------------------------------------------


def _looked_at(run: Run, expected: Expected) -> dict[str, object]:
    began = time.monotonic()
    with opened(run.home) as assistant:
        seconds = time.monotonic() - began
        numbers = {ident(number): number for number in range(run.texts + 2_000)}
        held = {name: numbers[entry.id] for entry in assistant.list() for name in entry.sources}
        faults = expected.faults(held)
        if not is_wholly_sound(assistant.library):
            faults.append(f"it is not sound: {assistant.check().problems}")
        ever = {number for may in expected.may.values() for number in may if number is not None}
        gone = ever | set(range(max(0, run.texts - 100), run.texts))
        for number in sorted(gone | set(held.values())):
            faults += half_there(assistant, number, there=number in held.values())
        return {"seconds": seconds, "held": held, "faults": faults}


def half_there(assistant: Assistant, number: int, *, there: bool) -> Iterator[str]:
    """Yield faults: each section of a stored text is found once, and none of a removed one."""
    for section in range(SECTIONS):
        sought = word(number, section)
        weights = dict.fromkeys(terms(sought), 1.0)
        keys = assistant.library.search(lambda index, w=weights: index.match(w, 10))  # type: ignore[misc]
        kept = assistant.library.ledger.stored_passages(keys).values()
        found = sum(sought in one.passage.text for one in kept)
        if len(keys) != found or found != there:
            yield f"text {number}, section {section}: found {found} times, {len(keys)} keys, there is {there}"


# -- what is done ------------------------------------------------------------------------------------


def _change(run: Run, kind: str, source: random.Random) -> None:
    with opened(run.home) as assistant:
        KINDS[kind](Doing(assistant, Journal(run.journal), run.folder, dict(run.held), run.texts, source))


@dataclass
class Doing:
    """The means by which a worker makes a change."""

    assistant: Assistant
    journal: Journal
    folder: Path
    held: dict[str, int]
    texts: int
    source: random.Random

    def new(self) -> int:
        """The number of a text that was never given."""
        self.texts += 1
        return self.texts - 1

    def some(self, least: int, most: int) -> list[str]:
        """Some of the names that are held."""
        names = sorted(self.held)
        return self.source.sample(names, min(len(names), self.source.randint(least, most)))

    def tell(self, change: Change, happening: Callable[[], Iterator[str]]) -> None:
        """Make the change, and record what is acknowledged."""
        self.journal.begin(change)
        for name in happening():
            self.journal.done([name])
        self.journal.end()


def _add(doing: Doing) -> None:
    fewer = max(4, HELD - len(doing.held))
    new = {f"/given/{number:06}.md": number for number in (doing.new() for _ in range(fewer))}
    _given_in(doing, "add", new)


def _replace(doing: Doing) -> None:
    _given_in(doing, "replace", {name: doing.new() for name in doing.some(10, 40)})


def _given_in(doing: Doing, kind: str, new: State) -> None:
    sources = [Source(name, lambda number=number: text(number)) for name, number in new.items()]  # type: ignore[misc]
    doing.tell(Change(kind, new), lambda: (outcome.source for outcome in doing.assistant.add(sources)))


def _remove(doing: Doing) -> None:
    chosen = {doing.held[name] for name in doing.some(3, 25)}
    names = {name: None for name, number in doing.held.items() if number in chosen}

    def happening() -> Iterator[str]:
        doing.assistant.remove_all([ident(number) for number in chosen])
        yield from names

    doing.tell(Change("remove", names, whole=True), happening)


def _rebuild(doing: Doing) -> None:
    def happening() -> Iterator[str]:
        doing.assistant.rebuild()
        yield from ()

    doing.tell(Change("rebuild", {}), happening)


def _sync(doing: Doing) -> None:
    """Sync a folder whose files were added, changed, removed and moved since the last sync."""
    root = doing.folder / "followed"
    root.mkdir(exist_ok=True)
    prefix = f"{root}/"
    now = {name: number for name, number in doing.held.items() if name.startswith(prefix)}
    after = dict(now)
    for name in list(now):
        chance = doing.source.random()
        if chance < 0.2:
            after[name] = doing.new()
        elif chance < 0.35:
            del after[name]
        elif chance < 0.5:
            after[f"{prefix}moved-{doing.source.randrange(10**9)}.md"] = after.pop(name)
    for _ in range(max(3, HELD // 3 - len(after))):
        number = doing.new()
        after[f"{prefix}{number:06}.md"] = number
    for path in root.iterdir():
        path.unlink()
    for name, number in after.items():
        Path(name).write_bytes(text(number))
    changes = {
        name: after.get(name) for name in now.keys() | after.keys() if now.get(name) != after.get(name)
    }

    def happening() -> Iterator[str]:
        folder = folders.FolderScanner(root)()
        plan = folders.plan_sync(folder, doing.assistant.list())
        for done in folders.apply_plan(doing.assistant, folder, plan):
            yield done.source

    doing.tell(Change("sync", changes), happening)


def _import(doing: Doing) -> None:
    """Import what another assistant exported: new texts, some of them under two names."""
    new = [doing.new() for _ in range(doing.source.randint(5, 25))]
    names = {f"/theirs/{number:06}.md": number for number in new}
    names |= {f"/theirs/again/{number:06}.md": number for number in new[::4]}
    path = doing.folder / "exported.zip"
    path.unlink(missing_ok=True)
    bundles.write(_Theirs(names), path)  # type: ignore[arg-type]

    def happening() -> Iterator[str]:
        with bundles.open_bundle(path) as sources:
            for outcome in doing.assistant.add(sources):
                yield outcome.source

    doing.tell(Change("import", names), happening)


class _Theirs:
    """The part of a store's interface that an export calls."""

    def __init__(self, names: State) -> None:
        self._names = names

    def list(self) -> list[DocumentInfo]:
        return [
            DocumentInfo(
                ident(n), "", "", "", 0, 0, "", tuple(name for name, m in self._names.items() if m == n)
            )
            for n in dict.fromkeys(self._names.values())
        ]

    def original(self, document_id: str) -> bytes:
        return next(text(number) for number in self._names.values() if ident(number) == document_id)


KINDS: dict[str, Callable[[Doing], None]] = {
    "add": _add,
    "replace": _replace,
    "remove": _remove,
    "rebuild": _rebuild,
    "sync": _sync,
    "import": _import,
}
