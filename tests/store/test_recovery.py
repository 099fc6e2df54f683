"""A store that is opened again, checked and rebuilt is whole, whatever happened to its files."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Hashing, given
from stores import add, found, is_sound, originals, statuses, text

from assistant.core.errors import EmbedderError, StoreError
from assistant.core.types import Span, ignore
from assistant.embedding.embedders import Role, Vectors
from assistant.ingest import pipeline
from assistant.ingest.library import Library
from assistant.store.index.words import FOLDER

pytestmark = pytest.mark.faults

# -- opening again -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a closed library that is large enough for Chroma's graph to be in files."""
    home = tmp_path_factory.mktemp("made")
    library = Library(home, Hashing())
    add(library, **{f"d{n}": text(f"word{n}", 20) for n in range(60)})
    assert library.check().passages > 1_000
    library.close()
    return home


@pytest.fixture
def filled(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(made, tmp_path / "home")


def is_as_it_was(home: Path) -> bool:
    """Return True if a store opens, is sound, and finds all that `filled` put into it."""
    library = Library(home, Hashing())
    try:
        return is_sound(library) and all(found(library, f"word{n}") == {f"d{n}.md"} for n in range(0, 60, 6))
    finally:
        library.close()


def test_a_store_is_opened_again_without_any_rebuilding(filled: Path) -> None:
    said: list[str] = []
    Library(filled, Hashing(), said.append).close()
    Library(filled, Hashing(), said.append).close()
    assert said == []
    assert [path.name for path in (filled / "index").iterdir()] == ["1"]


def test_a_small_store_is_opened_again_and_again_without_any_rebuilding(tmp_path: Path) -> None:
    """Chroma writes a small graph anew each time, with uninitialised memory."""
    said: list[str] = []
    for turn in range(8):
        library = Library(tmp_path, Hashing(), said.append)
        if turn % 3 == 0:
            add(library, **{f"d{turn}": text(f"word{turn}", 3)})
        assert found(library, "word0") == {"d0.md"}
        library.close()
    assert said == []


def test_what_was_filled_is_as_it_was(filled: Path) -> None:
    assert is_as_it_was(filled)


def removed(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def overwritten(path: Path) -> None:
    path.write_bytes(hashlib.shake_256(b"").digest(max(64, path.stat().st_size)))


WHAT = {
    "index": lambda home: home / "index",
    "generation": lambda home: home / "index" / "1",
    "chroma": lambda home: home / "index" / "1" / "chroma",
    "graph": lambda home: next(path for path in (home / "index" / "1" / "chroma").iterdir() if path.is_dir()),
    "graph's list": lambda home: next(home.rglob("index_metadata.pickle")),
    "graph's vectors": lambda home: next(home.rglob("data_level0.bin")),
    "chroma's log": lambda home: next(home.rglob("chroma.sqlite3")),
    "words": lambda home: home / "index" / "1" / FOLDER,
    "words' list": lambda home: home / "index" / "1" / FOLDER / "meta.json",
    "words' terms": lambda home: next(home.rglob("*.term")),
    "seal": lambda home: home / "index" / "1" / "seal.json",
}


def test_an_index_of_words_in_another_form_is_made_anew(filled: Path) -> None:
    WHAT["words"](filled).rename(filled / "index" / "1" / "words")
    assert is_as_it_was(filled)


@pytest.mark.parametrize("what", WHAT)
def test_whatever_goes_from_the_index_comes_back(filled: Path, what: str) -> None:
    removed(WHAT[what](filled))
    assert is_as_it_was(filled)


@pytest.mark.parametrize(
    "what", [w for w in WHAT if w not in ("index", "generation", "chroma", "graph", "words")]
)
def test_whatever_is_overwritten_in_the_index_comes_back(filled: Path, what: str) -> None:
    overwritten(WHAT[what](filled))
    assert is_as_it_was(filled)


@pytest.mark.parametrize("what", ["index", "words' terms", "chroma's log"])
def test_whatever_goes_from_the_open_index_comes_back(filled: Path, what: str) -> None:
    library = Library(filled, Hashing())
    removed(WHAT[what](filled))
    for number in range(0, 60, 6):
        assert found(library, f"word{number}") == {f"d{number}.md"}
    add(library, new=text("zebra"))
    assert found(library, "zebra") == {"new.md"}
    library.close()
    assert is_as_it_was(filled)


def test_after_a_panic_of_rust_the_index_is_made_anew_and_asked_again(library: Library) -> None:
    add(library, a=text("zebra"))
    limits = [50, 0]
    found = library.search(lambda index: index.match({"zebra": 1.0}, limits.pop()))
    assert len(found) == 1
    assert limits == []
    assert is_sound(library)


def test_what_an_interrupted_add_left_is_gone_at_the_next_opening(filled: Path) -> None:
    library = Library(filled, Hashing())
    [[loaded]] = library._pipeline.batches(given(half=text("zebra")), ignore)
    assert isinstance(loaded, pipeline.Arrival)
    assert loaded.prepared is not None
    library._generations._index.add(
        library.ledger.put([loaded.prepared], erasable_hashes={loaded.prepared.sha256})
    )
    library._reconciler.add([loaded.data], [loaded.id])
    assert found(library, "zebra") == set(), "half of a document is answerable"
    library.close()
    again = Library(filled, Hashing())
    assert is_sound(again)
    assert loaded.prepared.sha256 not in originals(filled)
    assert statuses(add(again, half=text("zebra"))) == ["added"]
    again.close()


def test_bytes_that_an_interrupted_remove_left_are_gone_at_the_next_opening(filled: Path) -> None:
    library = Library(filled, Hashing())
    entry = library.ledger.entries()[0]
    sha256 = library.ledger.sha256(entry.id)
    library.ledger.remove([entry.id])
    library.close()
    assert sha256 in originals(filled)
    again = Library(filled, Hashing())
    assert sha256 not in originals(filled)
    assert is_sound(again)
    again.close()


# -- checking and rebuilding -------------------------------------------------------------------------


def test_a_damaged_original_is_found_and_adding_it_again_mends_it(library: Library, tmp_path: Path) -> None:
    add(library, a=text("zebra"), b=text("horse"))
    for damage in (removed, overwritten):
        [path] = [p for p in (tmp_path / "originals").iterdir() if p.read_bytes() == text("zebra").encode()]
        damage(path)
        [problem] = library.check().problems
        assert "a.md" in problem
        assert "add it again" in problem
        assert statuses(add(library, a=text("zebra"))) == ["unchanged"]
        assert is_sound(library)


def test_what_the_ledger_refused_leaves_the_index_at_the_next_change(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("The ledger cannot be used (database or disk is full).")

    with monkeypatch.context() as patch:
        patch.setattr(library.ledger, "acknowledge", refuse)
        with pytest.raises(StoreError):
            list(library.add(given(a="# A\n\nThe cellar is locked.")))
    list(library.add(given(b="# B\n\nThe attic is open.")))
    assert is_sound(library)


def test_an_index_that_holds_something_else_is_found_and_rebuilt(library: Library) -> None:
    add(library, a=text("zebra"), b=text("horse"))
    first, *_ = library.ledger.vectors_of([library.ledger.entries()[0].id])
    library._generations._index.remove([first])
    health = library.check()
    assert "assistant rebuild" in " ".join(health.problems)
    assert (health.passages, health.vectors, health.words) == (2, 1, 1)
    assert library.rebuild().problems == ()
    assert found(library, "zebra") == {"a.md"}


def test_what_can_be_mended_is_mended_and_told(library: Library, tmp_path: Path) -> None:
    add(library, a=text("zebra"), b=text("horse"))
    assert library.check(repair=True) == library.check()
    first, *_ = library.ledger.vectors_of([library.ledger.entries()[0].id])
    library._generations._index.remove([first])
    lost = library.ledger.sha256(library.ledger.entries()[1].id)
    removed(tmp_path / "originals" / str(lost))
    health = library.check(repair=True)
    [repaired] = health.repaired
    assert "Rebuilt the index" in repaired
    assert health.passages == health.vectors == health.words == 2
    [problem] = health.problems
    assert "b.md is missing or damaged; add it again" in problem
    assert found(library, "zebra") == {"a.md"}
    assert statuses(add(library, b=text("horse"))) == ["unchanged"]
    assert library.check(repair=True).repaired == ()
    assert is_sound(library)


def test_an_index_with_other_passages_but_as_many_is_found_and_mended(library: Library) -> None:
    add(library, a=text("zebra"), b=text("horse"))
    [record, *_] = next(library.ledger.records())
    library._generations._index.remove([record.key])
    library._generations._index.add([replace(record, key=999)])
    assert not is_sound(library)
    assert library.check(repair=True).repaired == ("Rebuilt the index from the ledger.",)
    assert is_sound(library)
    assert found(library, "zebra") == {"a.md"}


def test_another_embedder_is_refused_until_all_is_embedded_anew(tmp_path: Path) -> None:
    first = Library(tmp_path, Hashing(64))
    add(first, a=text("zebra"))
    first.close()
    second = Library(tmp_path, Hashing(32))
    assert "another embedder" in " ".join(second.check().problems)
    with pytest.raises(EmbedderError, match=r"hashing-64.*hashing-32.*assistant rebuild"):
        add(second, b=text("horse"))
    assert second.rebuild().problems == ()
    assert statuses(add(second, b=text("horse"))) == ["added"]
    assert {len(vector) for vector in second.ledger.vectors([1, 2]).values()} == {32}
    second.close()


class Stopping(Hashing):
    """Is interrupted at the second batch."""

    calls = 0

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return super().embed_spans(texts, spans, role)


class Counting(Hashing):
    """Knows how many texts it has embedded as passages; is interrupted before those after `most`."""

    def __init__(self, dimensions: int, most: int = 10**6) -> None:
        super().__init__(dimensions)
        self.left = most

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        if len(texts) > self.left:
            raise KeyboardInterrupt
        self.left -= len(texts)
        return super().embed_spans(texts, spans, role)


def test_a_rebuild_with_new_vectors_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    first = Library(tmp_path, Hashing(64))
    add(first, a=text("zebra", 3), b=text("horse", 3), c=text("camel", 3))
    first.close()
    second = Library(tmp_path, Counting(32, most=7))
    with pytest.raises(KeyboardInterrupt):
        second.rebuild()
    second.close()
    third = Library(tmp_path, Counting(32, most=3))
    assert third.rebuild().problems == ()
    assert {len(vector) for vector in third.ledger.vectors(range(1, 10)).values()} == {32}
    third.close()


def test_another_embedder_yet_begins_anew_after_an_interruption(tmp_path: Path) -> None:
    first = Library(tmp_path, Hashing(64))
    add(first, a=text("zebra", 3), b=text("horse", 3))
    first.close()
    second = Library(tmp_path, Counting(32, most=4))
    with pytest.raises(KeyboardInterrupt):
        second.rebuild()
    second.close()
    third = Library(tmp_path, Hashing(48))
    assert third.rebuild().problems == ()
    assert {len(vector) for vector in third.ledger.vectors(range(1, 7)).values()} == {48}
    third.close()


def test_vectors_of_which_only_some_are_new_fit_no_embedder(filled: Path) -> None:
    library = Library(filled, Stopping(32))
    with pytest.raises(KeyboardInterrupt):
        library.rebuild()
    library.close()
    for dimensions in (64, 32):
        again = Library(filled, Hashing(dimensions))
        with pytest.raises(EmbedderError, match="assistant rebuild"):
            again.require_embedder()
        again.close()
    again = Library(filled, Hashing(64))
    assert again.rebuild().problems == ()
    again.close()
    assert is_as_it_was(filled)


def test_a_rebuild_leaves_one_generation_and_the_same_documents(filled: Path) -> None:
    library = Library(filled, Hashing())
    before = library.ledger.entries()
    assert library.rebuild() == library.rebuild()
    assert library.ledger.entries() == before
    assert [path.name for path in (filled / "index").iterdir()] == ["3"]
    library.close()
    assert is_as_it_was(filled)
