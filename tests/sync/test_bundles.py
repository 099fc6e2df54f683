"""A corpus as one file: written, taken in by another store, refused where no export wrote it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Hashing
from conftest import given as sources
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.core.errors import NotFound, ReadError, StoreError
from assistant.core.types import Source
from assistant.ingest import files
from assistant.ingest.library import Library
from assistant.sync import bundles

LAMP = "# Lamp\n\nThe lamp of Cora is green.\n"
TOASTER = "# Toaster\n\nThe toaster of Brisa has seven levels.\n"


class Store:
    """The methods of an assistant that an export calls, over a library with the quick embedder."""

    def __init__(self, library: Library) -> None:
        self.list = library.ledger.entries
        self.original = library.original


@pytest.fixture
def store(library: Library) -> Any:
    """A store of two documents, one of which has two names."""
    list(library.add([*sources(lamp=LAMP, toaster=TOASTER), Source("née/ \n☃.md", LAMP.encode)]))
    return Store(library)


@pytest.fixture
def file(store: Any, tmp_path: Path) -> Path:
    assert bundles.write(store, tmp_path / "corpus.zip") == 2
    return tmp_path / "corpus.zip"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Library]:
    (tmp_path / "other").mkdir()
    library = Library(tmp_path / "other", Hashing())
    yield library
    library.close()


def contents(library: Library) -> dict[str, bytes]:
    return {name: library.original(entry.id) for entry in library.ledger.entries() for name in entry.sources}


def refusal(file: Path) -> str:
    with pytest.raises(ReadError) as caught, bundles.open_bundle(file):
        pytest.fail("it was opened")
    message = caught.value.message
    assert len(message.splitlines()) == 1
    assert message.endswith(".")
    return message


# -- there and back ----------------------------------------------------------------------------------


def test_another_store_takes_all_in_under_all_names(library: Library, file: Path, other: Library) -> None:
    with bundles.open_bundle(file) as found:
        outcomes = list(other.add(found))
    assert sorted(outcome.status for outcome in outcomes) == ["added", "added", "unchanged"]
    assert contents(other) == contents(library)
    assert len(other.ledger.entries()) == 2
    with bundles.open_bundle(file) as found:
        assert {outcome.status for outcome in other.add(found)} == {"unchanged"}


def test_what_is_written_is_told_and_replaces_an_export_before(store: Any, file: Path) -> None:
    calls: list[tuple[int, int]] = []
    assert bundles.write(store, file, lambda done, of: calls.append((done, of))) == 2
    assert calls == [(1, 2), (2, 2)]
    assert [path.name for path in file.parent.glob("*corpus*")] == ["corpus.zip"]


def test_a_bundle_that_is_added_as_an_archive_is_told_from_one(library: Library, file: Path) -> None:
    [outcome] = library.add([files.source(file)])
    assert outcome.reason == "corpus.zip is an export of an assistant; load it with `assistant import`."


def test_an_empty_store_can_be_carried_too(other: Library, tmp_path: Path) -> None:
    empty: Any = Store(other)
    assert bundles.write(empty, tmp_path / "empty.zip") == 0
    with bundles.open_bundle(tmp_path / "empty.zip") as found:
        assert found == []


def test_the_manifest_tells_of_each_document(library: Library, file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.testzip() is None
    assert {"format", "version", "documents"} == set(manifest)
    for document, entry in zip(manifest["documents"], library.ledger.entries(), strict=True):
        assert (document["title"], document["added"]) == (entry.title, entry.added)
        assert document["sha256"][:16] == entry.id


# -- writing that fails ------------------------------------------------------------------------------


def test_another_file_is_not_written_over(store: Any, tmp_path: Path) -> None:
    for data in (b"", b"my thesis"):
        (tmp_path / "thesis.docx").write_bytes(data)
        with pytest.raises(StoreError, match="choose another name"):
            bundles.write(store, tmp_path / "thesis.docx")
        assert (tmp_path / "thesis.docx").read_bytes() == data
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.png", b"")
    with pytest.raises(StoreError, match="choose another name"):
        bundles.write(store, tmp_path / "photos.zip")


@pytest.mark.parametrize(
    "fault", [NotFound("The original is missing."), KeyboardInterrupt(), OSError(28, "full")]
)
def test_an_export_that_fails_leaves_the_one_before(
    store: Any, file: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    before = file.read_bytes()
    given = store.original

    def failing(ident: str) -> bytes:
        if ident == store.list()[1].id:
            raise fault
        return bytes(given(ident))

    store.original = failing
    expected = StoreError if isinstance(fault, OSError) else type(fault)
    with pytest.raises(expected):
        bundles.write(store, file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.glob("*corpus*")] == ["corpus.zip"]


def test_what_is_removed_while_it_is_written_is_left_out(
    store: Any, library: Library, tmp_path: Path
) -> None:
    given = store.original

    def removing(ident: str) -> bytes:
        if len(store.list()) == 2:
            library.remove_all([store.list()[-1].id])
        return bytes(given(ident))

    store.original = removing
    assert bundles.write(store, tmp_path / "corpus.zip") == 1


def test_a_place_that_cannot_be_written_is_told(store: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="choose another place"):
        bundles.write(store, tmp_path / "nowhere" / "corpus.zip")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="choose another"):
        bundles.write(store, tmp_path / "folder")


# -- what is refused ---------------------------------------------------------------------------------

Manifest = dict[str, Any]


def write_bundle(path: Path, documents: Any, *extra: tuple[str, bytes], **changes: Any) -> Path:
    """A bundle in which anything may be wrong."""
    manifest = {"format": bundles.FORMAT, "version": bundles.VERSION, "documents": documents} | changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in (("manifest.json", json.dumps(manifest).encode()), *extra):
            archive.writestr(name, data)
    return path


def make_document(data: bytes, *names: Any) -> tuple[Manifest, tuple[str, bytes]]:
    sha256 = hashlib.sha256(data).hexdigest()
    return {"sha256": sha256, "sources": list(names)}, (f"originals/{sha256}", data)


DOCUMENT, ORIGINAL = make_document(LAMP.encode(), "lamp.md")
OTHER, OTHER_ORIGINAL = make_document(TOASTER.encode(), "toaster.md")


def test_the_smallest_bundle_is_taken(tmp_path: Path) -> None:
    with bundles.open_bundle(write_bundle(tmp_path / "b.zip", [DOCUMENT], ORIGINAL)) as found:
        assert [(source.name, source.load()) for source in found] == [("lamp.md", LAMP.encode())]


@pytest.mark.parametrize(
    ("documents", "extra", "changes", "message"),
    [
        ([DOCUMENT], [], {}, "lacks documents"),
        ([DOCUMENT], [(ORIGINAL[0], b"another")], {}, "not what it was"),
        ([DOCUMENT], [ORIGINAL, ORIGINAL], {}, "changed after"),
        ([DOCUMENT], [ORIGINAL, ("../../evil.md", b"")], {}, "is no export"),
        ([DOCUMENT], [ORIGINAL, ("originals/../x", b"")], {}, "is no export"),
        ([DOCUMENT], [ORIGINAL, ("/etc/passwd", b"")], {}, "is no export"),
        ([], [], {"format": "photos"}, "is no export"),
        ([], [], {"version": 2}, "another version"),
        ([], [], {"version": None}, "another version"),
        (None, [], {}, "has a manifest"),
        (5, [], {}, "has a manifest"),
        ([None], [], {}, "has a manifest"),
        (["x"], [], {}, "has a manifest"),
        ([{}], [], {}, "has a manifest"),
        ([DOCUMENT | {"sha256": "../../etc/passwd"}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sha256": None}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sources": []}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sources": "lamp.md"}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sources": [""]}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sources": [5]}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sources": ["x" * 5000]}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT | {"sources": ["\ud800"]}], [ORIGINAL], {}, "has a manifest"),
        ([DOCUMENT, OTHER | {"sources": ["lamp.md"]}], [ORIGINAL, OTHER_ORIGINAL], {}, "by one name"),
        ([DOCUMENT, DOCUMENT], [ORIGINAL], {}, "by one name"),
    ],
)
def test_what_no_export_writes_is_refused(
    tmp_path: Path, documents: list[Any], extra: list[tuple[str, bytes]], changes: Manifest, message: str
) -> None:
    assert message in refusal(write_bundle(tmp_path / "b.zip", documents, *extra, **changes))


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, original = make_document(bytes(20_000_000), "bomb.md")
    file = write_bundle(tmp_path / "b.zip", [document], original)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    assert "200 times" in refusal(file)


def test_a_document_beyond_what_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 10)
    assert "more than 0 MB" in refusal(write_bundle(tmp_path / "b.zip", [DOCUMENT], ORIGINAL))


def test_a_manifest_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("manifest.json", b"[" * 100_000)
    assert "is damaged" in refusal(tmp_path / "b.zip")


def test_another_way_of_packing_and_a_password_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("manifest.json", b"{}")
    assert "was changed after it was exported" in refusal(tmp_path / "b.zip")
    data = bytearray(write_bundle(tmp_path / "c.zip", [DOCUMENT], ORIGINAL).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "c.zip").write_bytes(data)
    assert "was changed after it was exported" in refusal(tmp_path / "c.zip")


def test_what_is_no_bundle_at_all_is_told(tmp_path: Path) -> None:
    assert "check the name" in refusal(tmp_path / "absent.zip")
    assert "cannot be read" in refusal(tmp_path)
    for data in (b"", b"PK\x03\x04", b"text"):
        (tmp_path / "b.zip").write_bytes(data)
        assert "is no export" in refusal(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("photo.png", b"")
    assert "assistant add" in refusal(tmp_path / "b.zip")


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_bundle_is_refused_or_the_same(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever single byte is wrong, or wherever it breaks off, no document comes out as another one."""
    file = write_bundle(tmp_path / "b.zip", [DOCUMENT, OTHER], ORIGINAL, OTHER_ORIGINAL)
    whole = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[place] ^= data.draw(st.integers(1, 255))
    else:
        del whole[place:]
    file.write_bytes(whole)
    with contextlib.suppress(ReadError), bundles.open_bundle(file) as found:
        assert {source.load() for source in found} == {LAMP.encode(), TOASTER.encode()}


# -- pipes, devices, and how much a bundle may hold ----------------------------------------------------


@pytest.mark.parametrize("place", ["pipe", "/dev/null", "/dev/zero"])
def test_a_pipe_or_a_device_is_neither_written_nor_read(store: Any, tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match=r"is a (pipe|device), not a file"):
        bundles.write(store, tmp_path / place)
    with (
        pytest.raises(ReadError, match=r"is a (pipe|device), not a file"),
        bundles.open_bundle(tmp_path / place),
    ):
        pass


def test_a_pipe_in_the_place_of_the_unfinished_file_is_not_waited_for(store: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".corpus.zip.part")
    with pytest.raises(ReadError, match="is a pipe"):
        bundles.write(store, tmp_path / "corpus.zip")


@pytest.mark.parametrize("limit", ["MAX_DOCUMENTS", "MAX_TOTAL"])
def test_more_than_a_bundle_may_hold_is_said_before_anything_is_written_or_read(
    store: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(bundles, limit, 1)
    with pytest.raises(ReadError, match="are the most"):
        bundles.write(store, tmp_path / "other.zip")
    assert not list(tmp_path.glob("*other*"))
    monkeypatch.setattr(bundles, "_read", None)
    with pytest.raises(ReadError, match="are the most"), bundles.open_bundle(file):
        pass
