"""A corpus in step with a folder: what is planned, what is done, and what is left alone."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Hashing
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core.errors import SyncError
from assistant.core.types import DocumentInfo
from assistant.ingest import files
from assistant.ingest.files import Choice
from assistant.ingest.library import Library
from assistant.ingest.parse import identity
from assistant.sync import folders
from assistant.sync.folders import Change, FolderScanner

KETTLE = b"# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"
TOASTER = b"# Brisa toaster\n\nThe Brisa toaster has seven browning levels.\n"
LAMP = b"# Cora lamp\n\nThe lamp of Cora is green and hangs in the hall.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two manuals."""
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    (docs / "kettle.md").write_bytes(KETTLE)
    (docs / "sub" / "toaster.md").write_bytes(TOASTER)
    return docs


def stored_ids(library: Library, folder: Path) -> dict[str, str]:
    """Return the id of each document of the corpus by its name relative to the folder."""
    named = {name: entry.id for entry in library.ledger.entries() for name in entry.sources}
    return {
        os.path.relpath(name, folder): ident for name, ident in named.items() if name.startswith(f"{folder}/")
    }


def sync(library: Library, scanner: FolderScanner | Path, **choice: tuple[str, ...]) -> list[tuple[str, str]]:
    """Sync with the folder and return (status, name) of each result."""
    scanner = scanner if isinstance(scanner, FolderScanner) else FolderScanner(scanner, Choice(**choice))
    folder = scanner()
    plan = folders.plan_sync(folder, library.ledger.entries())
    done = [*folder.rejected, *folders.apply_plan(library, folder, plan)]
    return [(each.status, os.path.relpath(each.source, folder.root)) for each in done]


# -- the plan ----------------------------------------------------------------------------------------


def test_a_plan_names_what_is_new_changed_moved_and_gone() -> None:
    plan = folders.make_plan(
        {"/f/a": "1", "/f/b": "22", "/f/new": "9", "/f/moved": "3", "/f/copy": "1"},
        {"/f/a": "1", "/f/b": "2", "/f/c": "3", "/f/d": "4"},
    )
    assert plan.unchanged == 1
    assert plan.changes == (
        *(Change("replace", "/f/b"), Change("add", "/f/copy"), Change("remove", "/f/d")),
        *(Change("move", "/f/moved", "/f/c"), Change("add", "/f/new")),
    )


def test_what_is_kept_is_neither_removed_nor_moved() -> None:
    assert folders.make_plan({"/f/a": "1"}, {"/f/b": "1", "/f/c": "2"}, {"/f/b", "/f/c"}).changes == (
        Change("add", "/f/a"),
    )


NAMES = st.dictionaries(st.sampled_from([f"/f/{letter}" for letter in "abcdef"]), st.sampled_from("1234"))


@given(NAMES, NAMES)
def test_a_plan_leads_from_any_names_to_any_others(ids: dict[str, str], named: dict[str, str]) -> None:
    plan = folders.make_plan(ids, named)
    after = dict(named)
    for change in plan.changes:
        if change.kind != "remove":
            assert (change.source in named) == (change.kind == "replace")
            after[change.source] = ids[change.source]
    for change in plan.changes:
        if change.kind in ("move", "remove"):
            # No name is given up twice.
            ident = after.pop(change.before or change.source)
            assert change.kind == "remove" or ident == ids[change.source]
    assert after == ids
    assert plan.unchanged == len(ids) - sum(change.kind != "remove" for change in plan.changes)


# -- doing it ----------------------------------------------------------------------------------------


def test_the_corpus_follows_the_folder(library: Library, folder: Path) -> None:
    assert sync(library, folder) == [("added", "kettle.md"), ("added", "sub/toaster.md")]
    assert sync(library, folder) == []
    (folder / "kettle.md").write_bytes(KETTLE.replace(b"95", b"80"))
    (folder / "lamp.md").write_bytes(LAMP)
    (folder / "sub").rename(folder / "kitchen")
    assert sync(library, folder) == [
        *(("moved", "kitchen/toaster.md"), ("added", "lamp.md"), ("updated", "kettle.md")),
    ]
    (folder / "lamp.md").unlink()
    assert sync(library, folder) == [("removed", "lamp.md")]
    assert stored_ids(library, folder) == {
        "kettle.md": identity(KETTLE.replace(b"95", b"80")),
        "kitchen/toaster.md": identity(TOASTER),
    }


def test_a_move_costs_no_reading_and_no_embedding(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, folder)
    before = library.ledger.entries()
    (folder / "sub" / "toaster.md").rename(folder / "kettle.md")
    (folder / "renamed.md").write_bytes(KETTLE)
    monkeypatch.setattr(Hashing, "embed", lambda *_: pytest.fail("it was embedded again"))
    # The name kettle.md has the content of another now, whose name is gone.
    assert sync(library, folder) == [
        *(("added", "renamed.md"), ("updated", "kettle.md"), ("removed", "sub/toaster.md")),
    ]
    assert {entry.added for entry in library.ledger.entries()} == {entry.added for entry in before}
    assert len(library.ledger.entries()) == 2


def test_contents_that_change_places_are_not_embedded_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, folder)
    (folder / "kettle.md").write_bytes(TOASTER)
    (folder / "sub" / "toaster.md").write_bytes(KETTLE)
    monkeypatch.setattr(Hashing, "embed", lambda *_: pytest.fail("it was embedded again"))
    assert sync(library, folder) == [("updated", "kettle.md"), ("updated", "sub/toaster.md")]
    assert stored_ids(library, folder) == {"kettle.md": identity(TOASTER), "sub/toaster.md": identity(KETTLE)}


def test_what_was_added_from_elsewhere_stays(library: Library, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "docs-of-mine").mkdir()
    (tmp_path / "docs-of-mine" / "lamp.md").write_bytes(LAMP)
    (folder / "Makefile").write_text("all: of what is added by hand\n")
    (folder / ".notes.md").write_text("# Notes\n\nHidden ones.\n")
    by_hand = [tmp_path / "docs-of-mine" / "lamp.md", folder / "Makefile", folder / ".notes.md"]
    added = list(library.add(files.sources(by_hand)))
    sync(library, folder)
    assert {outcome.document_id for outcome in added} < {entry.id for entry in library.ledger.entries()}
    (folder / "Makefile").unlink()
    assert sync(library, folder) == [("removed", "Makefile")]


def test_what_is_left_out_is_neither_added_nor_removed_until_it_is_gone(
    library: Library, folder: Path
) -> None:
    assert sync(library, folder, exclude=("sub",)) == [("added", "kettle.md")]
    sync(library, folder)
    assert sync(library, folder, include=("nothing*",)) == []
    (folder / "sub" / "toaster.md").unlink()
    assert sync(library, folder, exclude=("sub",)) == [("removed", "sub/toaster.md")]


def test_a_document_in_two_places_stays_while_one_of_them_is_there(library: Library, folder: Path) -> None:
    (folder / "copy.md").write_bytes(KETTLE)
    sync(library, folder)
    (folder / "kettle.md").unlink()
    assert sync(library, folder) == [("removed", "kettle.md")]
    assert stored_ids(library, folder) == {"copy.md": identity(KETTLE), "sub/toaster.md": identity(TOASTER)}


def test_what_cannot_be_read_now_keeps_its_old_version(library: Library, folder: Path) -> None:
    sync(library, folder)
    (folder / "kettle.md").write_bytes(b"")
    (folder / "empty.md").write_bytes(b"")
    scanner = FolderScanner(folder)
    assert sync(library, scanner) == [("rejected", "empty.md"), ("rejected", "kettle.md")]
    assert stored_ids(library, folder)["kettle.md"] == identity(KETTLE)


def test_a_document_that_moved_out_of_reach_keeps_its_name(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, folder)
    (folder / "kettle.md").rename(folder / "moved.md")
    seen = FolderScanner(folder)()
    (folder / "moved.md").unlink()
    plan = folders.plan_sync(seen, library.ledger.entries())
    assert [done.status for done in folders.apply_plan(library, seen, plan)] == ["rejected"]
    assert identity(KETTLE) in stored_ids(library, folder).values()


def test_a_closed_folder_keeps_what_the_corpus_holds_of_it(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, folder)
    (folder / "kettle.md").unlink()
    listdir = os.listdir

    def guarded(path: Path) -> list[str]:
        if path == folder / "sub":
            raise PermissionError
        return listdir(path)

    monkeypatch.setattr(os, "listdir", guarded)
    # The name's file cannot be asked for either, where a folder may not be entered.
    monkeypatch.setattr(os.path, "isfile", lambda path: False)
    assert sync(library, folder)[0] == ("rejected", "sub")
    assert "sub/toaster.md" in stored_ids(library, folder)


@pytest.mark.parametrize("what", ["gone", "empty", "folders only"])
def test_a_disk_that_is_not_there_takes_nothing_away(library: Library, folder: Path, what: str) -> None:
    sync(library, folder)
    before = stored_ids(library, folder)
    shutil.rmtree(folder)
    if what != "gone":
        (folder / ("." if what == "empty" else "sub")).mkdir(parents=True)
        (folder / ".hidden").touch()
    with pytest.raises(SyncError, match="disk is there"):
        sync(library, folder)
    assert stored_ids(library, folder) == before


def test_an_empty_folder_that_the_corpus_knows_nothing_of_is_fine(library: Library, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert sync(library, tmp_path / "new") == []


def test_a_folder_is_the_same_from_wherever_it_is_named(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(library, folder)
    monkeypatch.chdir(folder / "sub")
    assert sync(library, Path("..")) == []
    assert sync(library, Path(".")) == []
    assert sync(library, Path("../../docs/")) == []


def make_zip(**documents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in documents.items():
            archive.writestr(f"{name}.md", data)
    return file.getvalue()


def test_the_documents_of_an_archive_are_followed_too(library: Library, folder: Path) -> None:
    archive = folder / "old.zip"
    archive.write_bytes(make_zip(lamp=LAMP, empty=b""))
    scanner = FolderScanner(folder)
    results = sync(library, scanner)
    assert ("added", "old.zip/lamp.md") in results
    assert ("rejected", "old.zip/empty.md") in results
    assert "old.zip/lamp.md" in stored_ids(library, folder)
    archive.write_bytes(make_zip(lamp=LAMP, shade=LAMP.replace(b"lamp", b"shade")))
    assert sync(library, scanner) == [("added", "old.zip/shade.md")]
    archive.rename(folder / "new.zip")
    assert sync(library, scanner) == [("moved", "new.zip/lamp.md"), ("moved", "new.zip/shade.md")]
    (folder / "new.zip").write_bytes(make_zip(lamp=LAMP)[:-30])
    assert sync(library, scanner) == [("rejected", "new.zip")]
    assert {"new.zip/lamp.md", "new.zip/shade.md"} < stored_ids(library, folder).keys()
    (folder / "new.zip").write_bytes(make_zip(lamp=LAMP))
    assert sync(library, scanner) == [("removed", "new.zip/shade.md")]
    (folder / "new.zip").unlink()
    assert sync(library, scanner) == [("removed", "new.zip/lamp.md")]


# -- for any course of things ------------------------------------------------------------------------

PLACES = st.sampled_from(["a.md", "b.md", "sub/a.md", "sub/c.txt", "sub/deep/b.md"])
TEXTS = st.sampled_from([KETTLE, TOASTER, LAMP, KETTLE.replace(b"95", b"80"), b""])
STEPS = st.one_of(
    st.tuples(st.just("write"), PLACES, TEXTS),
    st.tuples(st.just("move"), PLACES, PLACES),
    st.tuples(st.just("delete"), PLACES, st.none()),
    st.tuples(st.sampled_from(["sync", "stop"]), st.none(), st.none()),
)


@pytest.fixture(scope="module")
def shared_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    library = Library(tmp_path_factory.mktemp("home"), Hashing())
    yield library
    library.close()


class Stopped(Exception):
    """Nothing after this is done, as when the process is killed."""


class Stopping:
    """A store in which the process ends after all was added and before anything is taken away."""

    def __init__(self, library: Library) -> None:
        self.add = library.add

    def unname(self, names: object) -> list[DocumentInfo]:
        raise Stopped


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=12)
def test_after_syncing_the_corpus_names_what_the_folder_holds(
    shared_library: Library, steps: list[tuple[str, str, Any]]
) -> None:
    root = Path(tempfile.mkdtemp())
    # There is something at any time, as an empty folder is taken for a disk that is not there.
    (root / "always.md").write_bytes(b"# Always\n\nThis one stays.\n")
    scanner, before = FolderScanner(root), dict[str, str]()
    for step, place, more in [*steps, ("sync", None, None)]:
        if step in ("sync", "stop"):
            before = sync_and_check(shared_library, scanner, before, stopped=step == "stop")
        else:
            change_file(root, step, place, more)
    shutil.rmtree(root)
    for names in (list(stored_ids(shared_library, root)),):
        shared_library.unname([f"{root}/{name}" for name in names])
    assert shared_library.ledger.entries() == []


def change_file(root: Path, step: str, place: str, more: Any) -> None:
    path = root / place
    if step == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(more)
    elif path.exists() and step == "delete":
        path.unlink()
    elif path.exists():
        (root / more).parent.mkdir(parents=True, exist_ok=True)
        path.rename(root / more)


def sync_and_check(
    library: Library, scanner: FolderScanner, before: dict[str, str], *, stopped: bool
) -> dict[str, str]:
    """Sync the library, check the result, and return its names."""
    folder = scanner()
    plan = folders.plan_sync(folder, library.ledger.entries())
    try:
        for done in folders.apply_plan(Stopping(library) if stopped else library, folder, plan):
            if done.status == "rejected":
                scanner.reject(done)
    except Stopped:
        stored = stored_ids(library, scanner.root)
        # Nothing is lost: what was there is there still, or its newer version.
        assert before.keys() <= stored.keys()
        return stored
    contents = {os.path.relpath(path, scanner.root): path.read_bytes() for path in folder.contents}
    readable = {name: identity(data) for name, data in contents.items() if data}
    unread = {name: before[name] for name, data in contents.items() if not data and name in before}
    assert stored_ids(library, scanner.root) == readable | unread
    return readable | unread
