"""Tags of documents: kept with the originals, passed on to what takes their place, gone with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Hashing
from stores import add, is_sound, text

from assistant.ingest import restore
from assistant.ingest.library import Library
from assistant.store.originals import Label, Originals


def tags(library: Library) -> dict[str, tuple[str, ...]]:
    return {entry.source: entry.tags for entry in library.ledger.entries()}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A store of two documents, of which one has tags."""
    library = Library(tmp_path, Hashing())
    [zebra, _] = add(library, zebra=text("zebra"), horse=text("horse"))
    library.tag([str(zebra.document_id)], ["striped", "animal"], [])
    return library


def test_tags_are_given_and_taken(library: Library) -> None:
    assert tags(library) == {"horse.md": (), "zebra.md": ("animal", "striped")}
    ids = [entry.id for entry in library.ledger.entries()]
    library.tag([*ids, "unknown"], ["tame"], ["striped"])
    assert tags(library) == {"horse.md": ("tame",), "zebra.md": ("animal", "tame")}
    assert is_sound(library)
    library.close()


def test_a_ledger_made_anew_has_the_tags(library: Library, tmp_path: Path) -> None:
    before = tags(library)
    library.close()
    (tmp_path / "ledger.db").unlink()
    restore.repair(tmp_path, Hashing(), lambda _: None)
    library = Library(tmp_path, Hashing())
    assert tags(library) == before
    assert is_sound(library)
    library.close()


def test_labels_that_an_interruption_left_behind_follow(library: Library, tmp_path: Path) -> None:
    zebra = library.ledger.document_named("zebra.md")
    assert zebra is not None
    library.ledger.tag([zebra], ["late"])
    library.close()
    library = Library(tmp_path, Hashing())
    assert is_sound(library)
    label = Originals(tmp_path / "originals").label(library.ledger.sha256(zebra) or "")
    assert label is not None
    assert label.tags == ("animal", "late", "striped")
    library.close()


def test_a_document_that_is_updated_or_read_again_keeps_its_tags(library: Library) -> None:
    [changed] = add(library, zebra=text("zebra", 3))
    assert changed.status == "updated"
    assert tags(library)["zebra.md"] == ("animal", "striped")
    zebra = str(changed.document_id)
    with library.ledger.engine.begin() as db:
        db.exec_driver_sql("UPDATE documents SET title = 'Of another version' WHERE id = ?", (zebra,))
    assert library.read_again(zebra).status == "updated"
    assert tags(library)["zebra.md"] == ("animal", "striped")
    library.close()


def test_tags_go_with_their_document(library: Library) -> None:
    zebra = library.ledger.document_named("zebra.md")
    assert zebra is not None
    library.remove(zebra)
    [again] = add(library, zebra=text("zebra"))
    assert again.status == "added"
    assert tags(library)["zebra.md"] == ()
    library.close()


def test_a_label_of_an_earlier_version_has_no_tags(tmp_path: Path) -> None:
    originals = Originals(tmp_path)
    (tmp_path / f"{'a' * 64}.json").write_text('{"sources": ["a.md"], "title": "A", "added": "2026"}')
    assert originals.label("a" * 64) == Label(("a.md",), "A", "2026")
