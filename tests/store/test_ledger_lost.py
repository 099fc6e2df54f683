"""A ledger that is missing, empty, old or damaged costs no original, and is made anew from them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Hashing
from stores import add, found, is_sound, originals, text

from assistant.core.errors import LedgerError
from assistant.ingest import restore
from assistant.ingest.library import Library

pytestmark = pytest.mark.faults

WORDS = ("zebra", "horse", "tiger")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed store of three documents, one of them with two names."""
    (tmp_path / "home").mkdir()
    library = Library(tmp_path / "home", Hashing())
    add(library, **{word: text(word) for word in WORDS})
    add(library, again=text("zebra"))
    library.close()
    return tmp_path / "home"


def emptied(home: Path) -> None:
    os.truncate(home / "ledger.db", 0)


def missing(home: Path) -> None:
    (home / "ledger.db").unlink()


def cut(home: Path) -> None:
    os.truncate(home / "ledger.db", (home / "ledger.db").stat().st_size // 2)


def tableless(home: Path) -> None:
    missing(home)
    with closing(sqlite3.connect(home / "ledger.db")) as db:
        db.execute("CREATE TABLE other (one)")


def entries(home: Path) -> list[tuple[tuple[str, ...], str, str]]:
    library = Library(home, Hashing())
    try:
        assert is_sound(library)
        assert all(found(library, word) == {f"{word}.md"} for word in WORDS if word != "zebra")
        return [(entry.sources, entry.title, entry.added) for entry in library.ledger.entries()]
    finally:
        library.close()


@pytest.mark.parametrize("damage", [emptied, missing, cut, tableless])
def test_a_lost_ledger_is_refused_and_made_anew_from_the_originals(
    home: Path, damage: Callable[[Path], None]
) -> None:
    before, kept = entries(home), originals(home)
    damage(home)
    for _ in range(2):
        with pytest.raises(LedgerError, match="check --repair"):
            Library(home, Hashing())
        assert originals(home) == kept
    [done] = restore.repair(home, Hashing(), lambda _: None)
    assert "3 documents" in done
    assert entries(home) == before
    assert originals(home) == kept
    assert restore.repair(home, Hashing(), lambda _: None) == ()


def test_a_ledger_of_yesterday_is_refused_and_what_came_since_is_taken_in_again(home: Path) -> None:
    shutil.copy(home / "ledger.db", home.parent / "yesterday.db")
    library = Library(home, Hashing())
    library.remove(next(entry.id for entry in library.ledger.entries() if entry.source == "tiger.md"))
    add(library, lion=text("lion"))
    library.close()
    shutil.copy(home.parent / "yesterday.db", home / "ledger.db")
    with pytest.raises(LedgerError, match="older than the originals"):
        Library(home, Hashing())
    restore.repair(home, Hashing(), lambda _: None)
    library = Library(home, Hashing())
    assert {entry.source for entry in library.ledger.entries()} == {"zebra.md", "horse.md", "lion.md"}
    assert found(library, "tiger") == set(), "what was removed is back"
    library.close()


def test_an_original_without_a_record_stays_and_is_taken_in_by_a_repair(home: Path) -> None:
    before = entries(home)
    with closing(sqlite3.connect(home / "ledger.db")) as db, db:
        db.execute("UPDATE documents SET ready = 0 WHERE source = 'zebra.md'")
    said: list[str] = []
    library = Library(home, Hashing(), said.append)
    assert "1 original has no record" in " ".join(said)
    assert len(originals(home)) == 3
    assert "no record" in " ".join(library.check().problems)
    assert "Added 1 of 1" in " ".join(library.check(repair=True).repaired)
    library.close()
    assert entries(home) == before


DAMAGED = {
    "title": "UPDATE documents SET title = CAST(x'ff' AS TEXT) WHERE source = 'zebra.md'",
    "hash": "UPDATE documents SET sha256 = 'f' || substr(sha256, 2) WHERE source = 'zebra.md'",
    "text": "UPDATE documents SET text = CAST(x'61ff62' AS TEXT) WHERE source = 'zebra.md'",
    "structure": "UPDATE documents SET structure = '{' WHERE source = 'zebra.md'",
    "passage": "UPDATE passages SET text = replace(text, 'zebra', 'zabra')",
    "details": "UPDATE passages SET details = '[1' WHERE text LIKE '%zebra%'",
    "vector": "UPDATE vectors SET passage = x'00' WHERE key = 1",
    "sentences": "UPDATE vectors SET sentences = x'000102' WHERE key = 1",
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_row_is_named_and_made_anew_and_nothing_else_suffers(home: Path, what: str) -> None:
    before = entries(home)
    with closing(sqlite3.connect(home / "ledger.db")) as db, db:
        db.execute(DAMAGED[what])
    library = Library(home, Hashing())
    problems = " ".join(library.check().problems)
    assert "The record of zebra.md is damaged" in problems
    assert "horse.md" not in problems
    library.check(repair=True)
    library.close()
    assert entries(home) == before


def test_what_is_removed_leaves_no_label(home: Path) -> None:
    library = Library(home, Hashing())
    library.unname(["again.md"])
    [label] = [path for path in (home / "originals").glob("*.json") if b"zebra" in path.read_bytes()]
    assert b"again" not in label.read_bytes()
    for entry in library.ledger.entries():
        library.remove(entry.id)
    library.close()
    assert list((home / "originals").iterdir()) == []


def test_without_a_ledger_the_originals_are_exported_under_their_names(home: Path) -> None:
    missing(home)
    salvage = restore.Salvage(home)
    held = {entry.sources: salvage.original(entry.id) for entry in salvage.list()}
    assert held[("zebra.md", "again.md")] == text("zebra").encode()
    assert len(held) == 3
