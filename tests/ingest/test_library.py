"""The life of documents: added, changed, removed, and nothing half there when that fails."""

from __future__ import annotations

import hashlib
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from conftest import Hashing, given
from stores import add, found, is_sound, originals, statuses, text

from assistant.core.errors import EmbedderError, NotFound, ReadError, StoreError
from assistant.core.types import AddResult, ProgressStep, Source, Span
from assistant.embedding.embedders import Vectors
from assistant.ingest import pipeline
from assistant.ingest.library import Library

# -- adding ------------------------------------------------------------------------------------------


def test_a_document_is_added_then_unchanged_then_updated(library: Library, tmp_path: Path) -> None:
    [added] = add(library, a=text("zebra", 3))
    assert (added.status, added.title, added.source) == ("added", "About zebra", "a.md")
    assert added.passages == len(library.ledger.passages_of(added.document_id or ""))
    before = library.ledger.entries()
    [unchanged] = add(library, a=text("zebra", 3))
    assert unchanged == AddResult("a.md", "unchanged", added.document_id, added.title, added.passages)
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
    monkeypatch.setattr(pipeline, "MAX_PASSAGES", 3)
    many, few = library.add(given(many="# A\n\nOne.\n\n" * 4, few="# A\n\nOne.\n\n" * 2))
    assert (many.status, few.status) == ("rejected", "added")
    assert many.reason == "many.md has 4 passages, more than 3; split it and add the parts."


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
    assert outcomes[1] == AddResult("b.md", "rejected", reason="There is no file b.md; check the name.")
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
    """Interrupted by Ctrl-C, or by a page that is closed: the callback for progress raises."""
    monkeypatch.setattr(pipeline, "MIN_DOCUMENTS", 2)
    monkeypatch.setattr(pipeline, "BATCH_DOCUMENTS", 2)
    given_out: list[str] = []

    def told(step: ProgressStep) -> None:
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
    steps: list[tuple[int, ProgressStep]] = []
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
    monkeypatch.setattr(pipeline, "WAIT_SECONDS", 0.1)
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
    monkeypatch.setattr(pipeline, "BATCH_CHARACTERS", 2_000)
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
