"""Killed at any moment, a store keeps all that it acknowledged, holds nothing twice, and repairs itself."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import killed
import pytest
from conftest import Hashing, given, sampled
from servers import Chroma, Postgres
from stores import is_wholly_sound
from test_near_duplicates import ARTICLE

from assistant.embedding.embedders import Embedder
from assistant.ingest.library import Library
from assistant.ingest.parse import identity
from assistant.ingest.sharing import open_library
from assistant.store.index import terms

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROUNDS = 2
ON_SERVERS = ("put", *killed.SERVED, "words", "seal", "acknowledge", "remove", "generation", "generations")
"""The steps at which a process is killed whose stores are on servers."""
SAMPLED = sampled(ON_SERVERS, 3)
SHARED = sampled(
    ("put", "served vectors", "words", "acknowledge", "served vectors removed", "rewrite", "remove"), 3
)
"""The same where another process has the store open too; a rebuild is then another function."""
FILES = 80
"""More than one batch, so that some are acknowledged while others are not."""
OLD = {
    "a": "# About a\n\nThe first edition of apples.\n",
    "b": "# About b\n\nThe first edition of berries.\n",
    "d": ARTICLE,
    "e": f"{ARTICLE}\n\nRead more\n",
}


def is_found(library: Library, word: str) -> bool:
    """Return True if an answerable passage has the word, by the index and by the ledger."""
    keys = library.search(lambda index: index.match(dict.fromkeys(terms(word), 1.0), 10))
    return any(word in kept.passage.text for kept in library.ledger.stored_passages(keys).values())


# -- at each step ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes in which a process died, each named after the step at which it did."""
    folder = tmp_path_factory.mktemp("killed")
    begin(folder / "begun")
    homes = [folder / f"{what}-{when}" for what in killed.STEPS for when in killed.WHEN]
    for home in homes:
        shutil.copytree(folder / "begun", home)
    kill(homes)
    return folder


@pytest.fixture(scope="module")
def stopped_on_servers(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, chroma: Chroma) -> Path:
    """The same with all stores on servers, each home with a database and collections of its own."""
    folder = tmp_path_factory.mktemp("killed-on-servers")
    homes = [folder / f"{what}-{when}" for what in SAMPLED for when in killed.WHEN]
    for home in homes:
        begin(home, f"{postgres.empty()}\n{chroma.server.url}\n")
    kill(homes)
    return folder


@pytest.fixture(scope="module")
def survived(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, chroma: Chroma
) -> Iterator[dict[Path, Library]]:
    """The same with stores that several processes have open, of which another lives on."""
    folder = tmp_path_factory.mktemp("survived")
    homes = [folder / f"{what}-{when}" for what in SHARED for when in killed.WHEN]
    living: dict[Path, Library] = {}
    for home in homes:
        begin(home, f"{postgres.empty()}\n{chroma.server.url}\n{home / 'originals'}\n")
        (home / "other").mkdir()
        living[home] = open_library(home / "other", Hashing(), stores=killed.stores_of(home))
    kill(homes)
    yield living
    for library in living.values():
        library.close()


def begin(home: Path, servers: str = "") -> None:
    """Make a store of the old documents."""
    home.mkdir()
    if servers:
        (home / "servers").write_text(servers)
    with closing(open_library(home, Hashing(), stores=killed.stores_of(home))) as library:
        list(library.add(given(**OLD)))


def kill(homes: Sequence[Path]) -> None:
    """Let a process change each store and die at the step that its folder is named after."""
    command = [sys.executable, killed.__file__, *map(str, homes)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{home.name} 9" for home in homes], done.stderr


@pytest.mark.parametrize("when", killed.WHEN)
@pytest.mark.parametrize("what", killed.STEPS)
def test_killed_at_a_step_it_is_as_it_was_told_to_be(stopped: Path, what: str, when: str) -> None:
    require_as_told(stopped / f"{what}-{when}")


@pytest.mark.parametrize("when", killed.WHEN)
@pytest.mark.parametrize("what", SAMPLED)
def test_killed_at_a_step_with_stores_on_servers_too(stopped_on_servers: Path, what: str, when: str) -> None:
    require_as_told(stopped_on_servers / f"{what}-{when}")


@pytest.mark.parametrize("when", killed.WHEN)
@pytest.mark.parametrize("what", SHARED)
def test_another_process_goes_on_where_one_was_killed(
    survived: dict[Path, Library], what: str, when: str
) -> None:
    [(home, library)] = [(home, each) for home, each in survived.items() if home.name == f"{what}-{when}"]
    # What was begun is made up for by whoever changes something next.
    list(library.add(given(new="# New\n\nThe first edition of a novelty.\n")))
    require_all(library, (home / "told").read_text().split(), home / "originals")
    # The one that was killed is started again.
    with closing(open_library(home, Hashing(), stores=killed.stores_of(home))) as again:
        require_all(again, (home / "told").read_text().split(), home / "originals")


def require_as_told(home: Path) -> None:
    """Check that a store holds what was told of it, is sound, and can be changed."""
    told = (home / "told").read_text().split()
    with closing(Library(home, Hashing(), stores=killed.stores_of(home))) as library:
        require_all(library, told, home / "originals")


def require_all(library: Library, told: Sequence[str], originals: Path) -> None:
    """Check that a library holds what was told of it, is sound, and can be changed."""
    assert is_wholly_sound(library, originals)
    held = {entry.source: entry.id for entry in library.ledger.entries()}
    new = {name: identity(text.encode()) for name, text in killed.NEW.items()}
    if "a.md" in told:
        assert (held["a.md"], held["c.md"]) == (new["a"], new["c"])
    assert held["a.md"] in (new["a"], identity(OLD["a"].encode()))
    assert held.get("c.md", new["c"]) == new["c"]
    assert ("c.md" in held) == (held["a.md"] == new["a"]), "half of a batch is there"
    assert ("b.md" in held) <= ("removed" not in told)
    assert is_found(library, "second") == (held["a.md"] == new["a"])
    assert is_found(library, "berries") == ("b.md" in held)
    assert ("d.md" in held) <= ("unnamed" not in told)
    assert is_found(library, "harbour")
    standing = {entry.source: entry.duplicate_of for entry in library.ledger.entries()}
    assert standing["e.md"] == held.get("d.md")
    assert [o.status for o in library.add(given(**killed.NEW))][1] in ("added", "unchanged")
    assert is_wholly_sound(library, originals)


# -- at random moments -------------------------------------------------------------------------------


def write(folder: Path, edition: int) -> dict[str, str]:
    """Another edition of each file; gives the id of each under its source."""
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        path = folder / f"{number:03}.md"
        path.write_text(f"# Number {number}\n\nThis is edition e{edition}x of number n{number}x.\n")
    return {str(path): identity(path.read_bytes()) for path in folder.iterdir()}


def added(
    environment: dict[str, str], folder: Path, seconds: float | None = None, *, recording: bool = False
) -> dict[str, str]:
    """Return what `assistant add` printed, source -> id. It is killed after so many seconds; with
    `recording`, after so many since it began to store originals."""
    command = [sys.executable, "-m", "assistant.cli", "add", str(folder), "--json"]
    originals = Path(environment["ASSISTANT_HOME"]) / "originals"
    before = set(originals.glob("*"))
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    while recording and process.poll() is None and set(originals.glob("*")) <= before:
        time.sleep(0.005)
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
    lines = [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith("\n")]
    return {line["source"]: line["document_id"] for line in lines}


def test_killed_at_random_moments_nothing_told_is_lost_and_nothing_is_there_twice(
    environment: dict[str, str], tmp_path: Path, e5: Embedder
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"the moments are those of random.Random({seed})")
    moments, folder = random.Random(seed), tmp_path / "docs"
    held = write(folder, 0)
    began = time.monotonic()
    assert added(environment, folder) == held
    took = time.monotonic() - began
    caught = 0
    for edition in range(1, ROUNDS + 1):
        new = write(folder, edition)
        # Once from when it keeps something on, once at any moment at all. Hundreds more, in all that changes
        # a store, are those of `faults.kills`; here a command prints what it acknowledged.
        recording = edition % 2 > 0
        moment = moments.uniform(0, 0.3 * took if recording else took)
        told = added(environment, folder, moment, recording=recording)
        now = state(tmp_path / "home", e5, edition)
        assert told.items() <= now.items() <= held.items() | new.items()
        assert now.keys() == held.keys()
        there = len(now.items() & new.items())
        print(f"edition {edition}: after {moment:.2f} s {len(told)} told, {there} there")
        caught += now not in (held, new) or (now == new and not told)
        held = now
    print(f"{caught} of {ROUNDS} were caught at work")
    assert added(environment, folder) == new
    assert state(tmp_path / "home", e5, ROUNDS) == new


def state(home: Path, embedder: Embedder, edition: int) -> dict[str, str]:
    """Source -> id of all documents in a store, which is sound and finds what it holds."""
    library = Library(home, embedder)
    try:
        assert is_wholly_sound(library)
        assert all(is_found(library, f"n{number}x") for number in range(0, FILES, 9))
        texts = [library.ledger.document(entry.id).text for entry in library.ledger.entries()]
        assert is_found(library, f"e{edition}x") == any(f"e{edition}x" in text for text in texts)
        return {entry.source: entry.id for entry in library.ledger.entries()}
    finally:
        library.close()
