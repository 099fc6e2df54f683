"""The life of documents: added, changed, removed, and whole again after whatever happened to the store."""

from __future__ import annotations

import functools
import hashlib
import io
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from conftest import Hashing, given, together
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from assistant import intake
from assistant.embed import Vectors
from assistant.errors import EmbedderError, NotFound, ReadError, StoreError
from assistant.index import Index, terms
from assistant.library import Library
from assistant.read import identity
from assistant.types import Outcome, Source, Span, Step, ignore


def text(word: str, passages: int = 1) -> str:
    """A document that only a question for `word` finds."""
    return f"# About {word}\n\n" + "\n\n".join(f"## Part {n}\n\nThe {word} is here." for n in range(passages))


def add(library: Library, **documents: str) -> list[Outcome]:
    return list(library.add(given(**documents)))


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def found(library: Library, word: str) -> set[str]:
    """The sources of what is found for a word, by words and by meaning, and is answerable."""
    by_words = library.search(lambda index: index.match(dict.fromkeys(terms(word), 1.0), 50))
    vector = Hashing().embed([word])[0]
    by_meaning = library.search(lambda index: index.nearest(vector, 50))
    kept = library.ledger.kept({*by_words, *by_meaning})
    assert {key for key in kept if word in kept[key].passage.text} <= by_meaning.keys() & by_words.keys()
    return {item.source for item in kept.values() if word in item.passage.text}


def is_sound(library: Library) -> bool:
    health = library.check()
    return health.passages == health.vectors == health.words and not health.problems


def originals(home: Path) -> set[str]:
    return {path.name for path in (home / "originals").glob("*")}


# -- adding ------------------------------------------------------------------------------------------


def test_a_document_is_added_then_unchanged_then_updated(library: Library, tmp_path: Path) -> None:
    [added] = add(library, a=text("zebra", 3))
    assert (added.status, added.title, added.source) == ("added", "About zebra", "a.md")
    assert added.passages == len(library.ledger.passages_of(added.document_id or ""))
    before = library.ledger.entries()
    [unchanged] = add(library, a=text("zebra", 3))
    assert unchanged == Outcome("a.md", "unchanged", added.document_id, added.title, added.passages)
    assert library.ledger.entries() == before
    [updated] = add(library, a=text("horse"))
    assert updated.status == "updated"
    assert found(library, "horse") == {"a.md"}
    assert found(library, "zebra") == set()
    assert len(library.ledger.entries()) == 1
    assert originals(tmp_path) == {hashlib.sha256(text("horse").encode()).hexdigest()}
    assert is_sound(library)


def test_a_file_that_changes_back_is_the_former_again(library: Library) -> None:
    for word, status in (("zebra", "added"), ("horse", "updated"), ("zebra", "updated")):
        assert statuses(add(library, a=text(word))) == [status]
    assert found(library, "zebra") == {"a.md"}
    assert found(library, "horse") == set()
    assert is_sound(library)


def test_a_document_of_too_many_passages_is_refused(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST", 3)
    many, few = library.add(given(many="# A\n\nOne.\n\n" * 4, few="# A\n\nOne.\n\n" * 2))
    assert (many.status, few.status) == ("rejected", "added")
    assert many.reason == "many.md makes 4 passages, and 3 are the most; split it and add the parts."


def test_what_cannot_be_read_is_rejected_and_the_others_are_added(library: Library) -> None:
    def absent() -> bytes:
        raise ReadError("There is no file b.md; check the name.")

    sources = [
        *given(a=text("zebra")),
        Source("b.md", absent),
        Source("c.pdf", lambda: b""),
        *given(d=text("horse")),
    ]
    outcomes = list(library.add(sources))
    assert statuses(outcomes) == ["added", "rejected", "rejected", "added"]
    assert outcomes[1] == Outcome("b.md", "rejected", reason="There is no file b.md; check the name.")
    assert outcomes[2].reason
    assert is_sound(library)


def test_a_broken_new_version_leaves_the_old_one(library: Library) -> None:
    add(library, a=text("zebra"))
    assert statuses(list(library.add([Source("a.md", lambda: b"\0\0")]))) == ["rejected"]
    assert found(library, "zebra") == {"a.md"}


def test_the_same_bytes_under_two_names_are_one_document(library: Library) -> None:
    outcomes = add(library, a=text("zebra"), b=text("zebra"))
    assert statuses(outcomes) == ["added", "unchanged"]
    assert outcomes[0].document_id == outcomes[1].document_id
    [entry] = library.ledger.entries()
    assert entry.source == "a.md"
    assert library.check().documents == 1


def test_of_two_names_for_one_document_each_can_go_its_own_way(library: Library) -> None:
    add(library, a=text("zebra"), b=text("zebra"))
    assert statuses(add(library, a=text("horse"))) == ["updated"]
    assert found(library, "horse") == {"a.md"}
    assert found(library, "zebra") == {"b.md"}, "the old version is cited under the new one's name"
    assert statuses(add(library, b=text("horse"))) == ["updated"]
    assert found(library, "zebra") == set()
    assert is_sound(library)


def test_a_document_is_removed_under_all_its_names(library: Library, tmp_path: Path) -> None:
    [first, _] = add(library, a=text("zebra"), b=text("zebra"))
    assert library.remove(first.document_id or "").title == "About zebra"
    assert library.ledger.entries() == []
    assert found(library, "zebra") == set()
    assert originals(tmp_path) == set()
    assert statuses(add(library, b=text("zebra"))) == ["added"]
    assert is_sound(library)


def test_a_source_that_is_given_twice_ends_as_it_was_given_last(library: Library) -> None:
    """A folder and a file of it, which changes in between."""
    outcomes = list(library.add([*given(a=text("zebra")), *given(a=text("horse")), *given(a=text("horse"))]))
    assert statuses(outcomes) == ["added", "updated", "unchanged"]
    assert found(library, "horse") == {"a.md"}
    assert found(library, "zebra") == set()
    assert is_sound(library)


def test_what_comes_before_a_fault_of_the_sources_is_kept(library: Library) -> None:
    def sources() -> Iterator[Source]:
        yield from given(a=text("zebra"), b=text("horse"), c=text("tiger"))
        raise OSError("The folder is gone.")

    outcomes = library.add(sources())
    assert [next(outcomes).source for _ in range(3)] == ["a.md", "b.md", "c.md"]
    with pytest.raises(OSError, match="gone"):
        next(outcomes)
    assert {entry.source for entry in library.ledger.entries()} == {"a.md", "b.md", "c.md"}
    assert is_sound(library)


def test_what_is_given_out_is_kept_when_it_is_stopped(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C, or by a page that is closed: whoever hears of the steps raises."""
    monkeypatch.setattr(intake, "ENOUGH", 2)
    monkeypatch.setattr(intake, "BATCH_DOCUMENTS", 2)
    given_out: list[str] = []

    def told(step: Step) -> None:
        if step.stage == "embedding" and len(given_out) >= 2:
            raise KeyboardInterrupt

    def adding() -> None:
        for outcome in library.add(given(**{f"d{n}": text(f"zebra{n}") for n in range(20)}), told):
            given_out.append(outcome.source)

    with pytest.raises(KeyboardInterrupt):
        adding()
    kept = {entry.source for entry in library.ledger.entries()}
    assert 2 <= len(given_out) < 20
    assert kept >= set(given_out)
    assert len(kept) < 20
    assert is_sound(library)
    assert statuses(add(library, d19=text("zebra19"))) == ["added"]


def test_each_source_s_steps_are_told_in_order_by_the_thread_that_asks(library: Library) -> None:
    steps: list[tuple[int, Step]] = []
    outcomes = list(
        library.add(
            given(a=text("zebra", 40), b=text("horse")),
            lambda step: steps.append((threading.get_ident(), step)),
        )
    )
    assert statuses(outcomes) == ["added", "added"]
    assert {thread for thread, _ in steps} == {threading.get_ident()}
    for name in ("a.md", "b.md"):
        own = [step for _, step in steps if step.source == name]
        assert [step.stage for step in own[:2]] == ["reading", "splitting"]
        assert {step.stage for step in own[2:]} == {"embedding"}
        shares = [step.share for step in own[2:]]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
    assert len([step for _, step in steps if step.source == "a.md"]) > 4


def test_a_source_that_takes_its_time_is_overtaken(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.1)
    others = threading.Event()

    def slow() -> bytes:
        assert others.wait(30)
        return text("tortoise").encode()

    given_out: list[str] = []
    for outcome in library.add([Source("slow.md", slow), *given(a=text("zebra"), b=text("horse"))]):
        given_out.append(outcome.source)
        if given_out == ["a.md", "b.md"]:
            others.set()
    assert given_out == ["a.md", "b.md", "slow.md"]
    assert is_sound(library)


def test_an_archive_gives_an_outcome_for_each_of_its_documents(library: Library) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.md", text("zebra"))
        archive.writestr("more/two.md", text("horse"))
        archive.writestr("empty.md", "")
    outcomes = list(library.add([Source("all.zip", file.getvalue), *given(a=text("lion"))]))
    assert {(outcome.source, outcome.status) for outcome in outcomes} == {
        ("all.zip/one.md", "added"),
        ("all.zip/more/two.md", "added"),
        ("all.zip/empty.md", "rejected"),
        ("a.md", "added"),
    }
    assert found(library, "horse") == {"all.zip/more/two.md"}
    again = list(library.add([Source("all.zip", file.getvalue)]))
    assert sorted(statuses(again)) == ["rejected", "unchanged", "unchanged"]


def test_large_originals_are_not_all_held_at_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scanned pages: many bytes, little text."""
    monkeypatch.setattr(intake, "BATCH_CHARACTERS", 2_000)
    page = "<!doctype html><title>T</title><p>A short text, number {}.</p><!--" + "x" * 100_000 + "-->"
    loaded: list[int] = []

    def source(number: int) -> Source:
        def load() -> bytes:
            loaded.append(number)
            return page.format(number).encode()

        return Source(f"{number}.html", load)

    outcomes = library.add(source(number) for number in range(20))
    assert next(outcomes).status == "added"
    assert len(loaded) < 16
    assert statuses(list(outcomes)) == ["added"] * 19


def test_an_emptied_store_takes_documents_again(library: Library, tmp_path: Path) -> None:
    for word in ("zebra", "horse"):
        [added] = add(library, a=text(word))
        library.remove(added.document_id or "")
        assert library.check().documents == 0
        assert is_sound(library)
        assert originals(tmp_path) == set()
        assert found(library, word) == set()


def test_removing_what_is_not_there_is_told(library: Library) -> None:
    with pytest.raises(NotFound, match="assistant list"):
        library.remove("0123456789abcdef")


def test_what_was_removed_is_in_no_file_but_by_its_words(library: Library, tmp_path: Path) -> None:
    """Chroma never had the text; of the words, each for itself, a rebuild leaves nothing."""
    sentence = "The code of the safe is walrus."
    [added, _] = add(library, a=f"# Secret\n\n{sentence}\n", b=text("horse"))
    library.remove(added.document_id or "")
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and sentence.encode() in path.read_bytes()
    ]
    library.rebuild()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"walru" in path.read_bytes()]


# -- faults while adding -----------------------------------------------------------------------------


class Failing(Hashing):
    """Fails where a text holds the word `bomb`."""

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[Vectors, list[Vectors]]:
        if any("bomb" in text for text in texts):
            raise EmbedderError("The embedding endpoint cannot be reached.", retryable=True)
        return super().embed_spans(texts, spans)


def test_when_the_embedder_fails_nothing_of_the_batch_stays(tmp_path: Path) -> None:
    library = Library(tmp_path, Failing())
    add(library, a=text("zebra"))
    with pytest.raises(EmbedderError):
        add(library, a=text("horse"), b=text("bomb"))
    assert [entry.source for entry in library.ledger.entries()] == ["a.md"]
    assert found(library, "zebra") == {"a.md"}
    assert is_sound(library)
    library.close()


def test_when_the_index_goes_while_it_is_written_the_documents_are_there(
    library: Library, tmp_path: Path
) -> None:
    add(library, a=text("zebra"), c=text("tiger"))
    shutil.rmtree(tmp_path / "index")
    assert statuses(add(library, a=text("horse"), b=text("lion"))) == ["updated", "added"]
    assert found(library, "horse") == {"a.md"}
    assert found(library, "lion") == {"b.md"}
    assert found(library, "zebra") == set()
    assert is_sound(library)
    shutil.rmtree(tmp_path / "index")
    library.remove(next(entry.id for entry in library.ledger.entries() if entry.source == "b.md"))
    assert found(library, "lion") == set()
    assert is_sound(library)


def test_when_the_index_cannot_be_made_either_nothing_is_half_there(library: Library, tmp_path: Path) -> None:
    """And the same document can be added when it can be made again, by the same process."""
    add(library, a=text("zebra"))
    shutil.rmtree(tmp_path / "index")
    (tmp_path / "index").write_text("in the way")
    with pytest.raises(StoreError):
        add(library, b=text("horse"))
    assert [entry.source for entry in library.ledger.entries()] == ["a.md"]
    (tmp_path / "index").unlink()
    assert statuses(add(library, b=text("horse"))) == ["added"]
    assert found(library, "horse") == {"b.md"}
    assert found(library, "zebra") == {"a.md"}
    assert is_sound(library)


def test_when_an_original_cannot_be_written_the_document_is_not_there(
    library: Library, tmp_path: Path
) -> None:
    (tmp_path / "originals").write_text("in the way")
    with pytest.raises(StoreError, match="make room"):
        add(library, a=text("zebra"))
    assert library.ledger.entries() == []
    (tmp_path / "originals").unlink()
    assert statuses(add(library, a=text("zebra"))) == ["added"]
    assert is_sound(library)


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
    """Whether a store opens, is sound, and finds all that `filled` put into it."""
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
    """Chroma makes a small graph anew each time, with whatever stood in memory."""
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
    "words": lambda home: home / "index" / "1" / "words",
    "words' list": lambda home: home / "index" / "1" / "words" / "meta.json",
    "words' terms": lambda home: next(home.rglob("*.term")),
    "seal": lambda home: home / "index" / "1" / "seal.json",
}


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
    [[loaded]] = library._intake.batches(given(half=text("zebra")), ignore)
    assert isinstance(loaded, intake.Arrival)
    assert loaded.prepared is not None
    library._originals.keep(loaded.data)
    library._generations._index.add(library.ledger.put([loaded.prepared]))
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
    (tmp_path / "originals" / "orphan").write_text("of no document")
    lost = library.ledger.sha256(library.ledger.entries()[1].id)
    removed(tmp_path / "originals" / str(lost))
    health = library.check(repair=True)
    assert len(health.repaired) == 2
    assert "1 original" in health.repaired[0]
    assert "index anew" in health.repaired[1]
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
    assert library.check(repair=True).repaired == ("Built the index anew from the ledger.",)
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
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[Vectors, list[Vectors]]:
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return super().embed_spans(texts, spans)


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


# -- several at once ---------------------------------------------------------------------------------


def test_threads_that_add_the_same_at_once_make_one_document(library: Library) -> None:
    told = together(4, lambda _: add(library, a=text("zebra"), b=text("horse")))
    assert (
        sorted(status for outcomes in told for status in statuses(outcomes))
        == ["added"] * 2 + ["unchanged"] * 6
    )
    assert library.check().documents == 2
    assert is_sound(library)


def test_threads_that_change_one_source_at_once_leave_one_version(library: Library) -> None:
    words = ("zebra", "horse", "tiger", "lion")
    together(4, lambda n: [add(library, a=text(words[n] * (1 + turn % 2))) for turn in range(4)])
    [entry] = library.ledger.entries()
    assert entry.source == "a.md"
    assert is_sound(library)


def test_documents_are_found_while_others_come_and_go_and_the_index_is_made_anew(library: Library) -> None:
    """One thread adds and removes, one rebuilds; those that ask find what stays, and nothing half."""
    add(library, **{f"stays{n}": text(f"stays{n}", 3) for n in range(20)})
    over = threading.Event()

    def changing() -> int:
        for turn in range(6):
            outcomes = add(library, **{f"goes{n}": text(f"goes{n}x{turn}", 2) for n in range(10)})
            library.remove(outcomes[0].document_id or "")
        return 0

    def rebuilding() -> int:
        for _ in range(3):
            assert library.rebuild().problems == ()
        return 0

    def asking(number: int) -> int:
        asked = 0
        while not over.is_set() or not asked:
            word = f"stays{(number + asked) % 20}"
            vector, weights = Hashing().embed([word])[0], dict.fromkeys(terms(word), 1.0)
            near = library.search(functools.partial(Index.nearest, vector=vector, limit=10))
            kept = library.ledger.kept(
                [*near, *library.search(functools.partial(Index.match, weights=weights, limit=10))]
            )
            held = [item for item in kept.values() if f" {word} is" in item.passage.text]
            assert len(held) == 3, f"of {word} only {len(held)} passages are found"
            asked += 1
        return asked

    def work(number: int) -> int:
        if number > 1:
            return asking(number)
        try:
            return changing() if number else rebuilding()
        finally:
            if number:
                over.set()

    asked = together(4, work)
    assert all(count > 0 for count in asked[2:])
    assert library.check().documents == 29
    assert is_sound(library)


def test_a_check_while_documents_are_added_finds_no_problem(library: Library) -> None:
    def work(number: int) -> list[str]:
        if number:
            return [problem for _ in range(20) for problem in library.check().problems]
        for turn in range(10):
            add(library, **{f"d{n}": text(f"d{n}x{turn}", 3) for n in range(5)})
        return []

    assert together(2, work) == [[], []]


# -- any order of events -----------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["zebra", "horse", "tiger", "lion"])


class Life(RuleBasedStateMachine):
    """A library beside a plain dictionary of what it should hold: source -> the document's word."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}

    @initialize()
    def open(self) -> None:
        self.home = Path(tempfile.mkdtemp(dir=FOLDER[0]))
        self.library = Library(self.home, Hashing())

    @rule(documents=st.dictionaries(NAMES, WORDS, min_size=1))
    def add(self, documents: dict[str, str]) -> None:
        outcomes = add(self.library, **{name: text(word) for name, word in documents.items()})
        before = set(self.held.values())
        for (name, word), outcome in zip(documents.items(), outcomes, strict=True):
            if name in self.held:
                expected = {"unchanged" if self.held[name] == word else "updated"}
            elif word in self.held.values():
                expected = {"unchanged"}
            else:
                # The version that this very call replaces may still be there when its bytes come again.
                expected = {"unchanged", "added"} if word in before else {"added"}
            assert outcome.status in expected
            self.held[name] = word

    @rule(word=WORDS)
    def remove(self, word: str) -> None:
        ident = identity(text(word).encode())
        if word in self.held.values():
            self.library.remove(ident)
            self.held = {name: held for name, held in self.held.items() if held != word}
        else:
            with pytest.raises(NotFound):
                self.library.remove(ident)

    @rule()
    def reopen(self) -> None:
        self.library.close()
        self.library = Library(self.home, Hashing())

    @rule()
    def lose_the_index(self) -> None:
        shutil.rmtree(self.home / "index", ignore_errors=True)

    @rule()
    def rebuild(self) -> None:
        self.library.rebuild()

    @invariant()
    def holds_what_it_should(self) -> None:
        assert {entry.source for entry in self.library.ledger.entries()} <= {f"{n}.md" for n in self.held}
        for word in ("zebra", "horse", "tiger", "lion"):
            names = {f"{name}.md" for name, held in self.held.items() if held == word}
            sources = found(self.library, word)
            assert bool(sources) == bool(names)
            assert sources <= names
        assert is_sound(self.library)

    def teardown(self) -> None:
        if hasattr(self, "library"):
            self.library.close()


FOLDER: list[Path] = []


def test_in_any_order_of_events_it_holds_what_it_should(tmp_path: Path) -> None:
    FOLDER[:] = [tmp_path]
    run_state_machine_as_test(Life, settings=hypothesis.settings(max_examples=10, stateful_step_count=12))
