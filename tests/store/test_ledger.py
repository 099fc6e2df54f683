"""The ledger: what is recorded is given back as it was, wholly or not at all."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql
from conftest import Hashing, together

from assistant.core.errors import LedgerError, NotFound, StoreError
from assistant.core.types import Answer, Citation, Document, Passage, Sentence, Turn
from assistant.ingest.embedding import embed_passages, shifted
from assistant.ingest.library import Library
from assistant.ingest.parse import read
from assistant.ingest.splitting import contextual, split
from assistant.store.ledger import Ledger
from assistant.store.records import LedgerChange, PreparedDocument
from assistant.store.schema import word_vectors
from assistant.text.words import word_spans

KETTLE = """# Kettle

It boils a litre in 95 seconds. It is blue.

## Care

| Part | Material |
|---|---|
| lid | steel |
"""
MOVED = 1
"""With this seed, rows would be left behind in the database's file."""
TOASTER = "# Toaster\n\nIt has seven levels.\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in a file, and one in PostgreSQL."""
    if request.param == "sqlite":
        opened = Ledger.at(tmp_path / "ledger.db")
    else:
        opened = Ledger(request.getfixturevalue("postgres").empty())
    yield opened
    opened.close()


in_a_file = pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
"""For what is promised of SQLite's file alone."""


def prepared(text: str, source: str) -> PreparedDocument:
    document = read(text.encode(), source)
    passages = split(document)
    contexts, offsets = zip(*(contextual(document.title, p) for p in passages), strict=True)
    spans = [shifted(p, o) for p, o in zip(passages, offsets, strict=True)]
    vectors, *of_parts = embed_passages(Hashing(), contexts, spans)
    parts = map(tuple, of_parts)
    return PreparedDocument(document, document.id * 4, len(text), passages, contexts, vectors, *parts)


def recorded(ledger: Ledger, text: str, source: str) -> str:
    item = prepared(text, source)
    ledger.put([item])
    ledger.acknowledge({source: item.document.id})
    return item.document.id


def turn(document_id: str) -> Turn:
    quote = Citation(1, document_id, f"{document_id}-0000", "Kettle", "k.md", 3, 10, 20, "It is blue.")
    answer = Answer("Is it blue?", "is it blue", True, (Sentence("It is blue.", (1,)),), (quote,), (quote,))
    return Turn("Is it blue?", "is it blue", answer)


# -- documents ---------------------------------------------------------------------------------------


def test_a_document_and_its_passages_come_back_as_they_were(ledger: Ledger) -> None:
    item = prepared(KETTLE, "k.md")
    keys = [record.key for record in ledger.put([item])]
    ledger.acknowledge({"k.md": item.document.id})
    assert ledger.document(item.document.id) == item.document
    assert tuple(ledger.passages_of(item.document.id)) == item.passages
    kept = ledger.stored_passages(keys)
    assert tuple(kept[key].passage for key in keys) == item.passages
    assert tuple(kept[key].context for key in keys) == item.contexts
    assert all(kept[key].title == "Kettle" and kept[key].source == "k.md" for key in keys)


def test_vectors_come_back_exactly_and_those_of_sentences_nearly(ledger: Ledger) -> None:
    item = prepared(KETTLE, "k.md")
    keys = [record.key for record in ledger.put([item])]
    ledger.acknowledge({"k.md": item.document.id})
    kept = ledger.stored_passages(keys)
    for key, vector, parts in zip(keys, item.vectors, item.sentence_vectors, strict=True):
        assert np.array_equal(ledger.vectors(keys)[key], vector)
        assert kept[key].sentence_vectors.shape == parts.shape
        assert np.abs(kept[key].sentence_vectors - parts).max() < 1e-3


def test_the_vectors_of_words_come_back_for_passages_that_have_some(ledger: Ledger) -> None:
    item = prepared(KETTLE, "k.md")
    ident, bare = item.document.id, replace(prepared(TOASTER, "t.md"), word_vectors=())
    keys = [record.key for record in ledger.put([item, bare])]
    found = ledger.word_vectors([*keys, 99])
    counts = {key: len(word_spans(context)) for key, context in zip(keys, item.contexts, strict=False)}
    assert {key: vectors.shape for key, vectors in found.items()} == {k: (n, 64) for k, n in counts.items()}
    ledger.acknowledge({"k.md": ident})
    ledger.remove([ident])
    assert ledger.word_vectors(keys) == {}


def test_a_damaged_vector_of_a_word_is_found(ledger: Ledger) -> None:
    ident = recorded(ledger, KETTLE, "k.md")
    assert ledger.is_intact(ident)
    with ledger.engine.begin() as db:
        db.execute(word_vectors.update().values(words=b"x"))
    assert not ledger.is_intact(ident)
    with pytest.raises(LedgerError):
        ledger.word_vectors(ledger.keys())


def test_what_is_not_acknowledged_is_not_there(ledger: Ledger) -> None:
    item = prepared(KETTLE, "k.md")
    keys = [record.key for record in ledger.put([item])]
    assert ledger.entries() == []
    assert ledger.counts() == (0, 0)
    assert ledger.stored_passages(keys) == ledger.vectors(keys) == ledger.vectors_of([item.document.id]) == {}
    assert not ledger.has_document(item.document.id)
    assert ledger.document_named("k.md") is None
    with pytest.raises(NotFound, match="assistant list"):
        ledger.document(item.document.id)
    assert ledger.delete_unready() == 1
    assert ledger.sha256s() == set()
    assert list(ledger.records()) == []


def test_what_is_acknowledged_is_not_forgotten(ledger: Ledger) -> None:
    ident = recorded(ledger, KETTLE, "k.md")
    assert ledger.delete_unready() == 0
    assert ledger.has_document(ident)


def test_another_document_under_a_name_takes_the_place_of_the_former(ledger: Ledger) -> None:
    old = recorded(ledger, KETTLE, "a.md")
    item = prepared(TOASTER, "a.md")
    ledger.put([item])
    gone = ledger.acknowledge({"a.md": item.document.id})
    assert gone.removed_originals == (old * 4,)
    assert [entry.id for entry in ledger.entries()] == [item.document.id]
    assert gone.removed_keys
    assert ledger.stored_passages(gone.removed_keys) == {}
    assert not ledger.has_document(old)
    assert len(list(ledger.embedded_passages())) == 1


def test_a_document_stays_while_a_name_is_left_to_it(ledger: Ledger) -> None:
    kettle = recorded(ledger, KETTLE, "a.md")
    assert ledger.acknowledge({"b.md": kettle}) == LedgerChange(renamed=(kettle,))
    toaster = prepared(TOASTER, "a.md")
    ledger.put([toaster])
    gone = ledger.acknowledge({"a.md": toaster.document.id})
    assert (gone.removed_keys, gone.removed_originals) == ((), ())
    assert {*gone.renamed} == {kettle, toaster.document.id}
    assert {entry.source: entry.id for entry in ledger.entries()} == {
        "a.md": toaster.document.id,
        "b.md": kettle,
    }, "a document is shown under a name that is another's now"
    assert ledger.acknowledge({"b.md": toaster.document.id}).removed_keys
    assert [entry.id for entry in ledger.entries()] == [toaster.document.id]


def test_an_entry_tells_what_there_is(ledger: Ledger) -> None:
    ident = recorded(ledger, KETTLE, "k.md")
    [entry] = ledger.entries()
    assert (entry.id, entry.title, entry.source, entry.size) == (ident, "Kettle", "k.md", len(KETTLE))
    assert entry.passages == len(ledger.passages_of(ident)) == ledger.counts()[1]
    assert entry.added.endswith("+00:00")


def test_keys_are_never_given_twice(ledger: Ledger) -> None:
    ident = recorded(ledger, KETTLE, "a.md")
    first = {record.key for records in ledger.records() for record in records}
    assert set(ledger.remove([ident]).removed_keys) == first
    recorded(ledger, KETTLE, "a.md")
    second = {record.key for records in ledger.records() for record in records}
    assert min(second) > max(first)


def test_the_index_is_made_of_all_records_in_batches(ledger: Ledger) -> None:
    for number in range(7):
        recorded(ledger, f"# Doc {number}\n\nText number {number}.\n", f"{number}.md")
    batches = list(ledger.records(batch=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [r.key for batch in batches for r in batch] == sorted({r.key for b in batches for r in b})
    assert "Text number 6." in batches[-1][0].words


@in_a_file
def test_passages_are_found_by_their_keys_and_not_by_going_through_all_documents(ledger: Ledger) -> None:
    asked: list[tuple[str, tuple[int, ...]]] = []

    def heard(db: object, cursor: object, statement: str, given: tuple[int, ...], *_: object) -> None:
        asked.append((statement, given))

    sql.event.listen(ledger.engine, "before_cursor_execute", heard)
    ledger.vectors(range(1, 200))
    ledger.stored_passages(range(1, 10))
    with ledger.engine.connect() as db:
        for statement, given in list(asked):
            first, *_ = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).scalars("detail")
            assert "INTEGER PRIMARY KEY" in first


def test_vectors_can_be_replaced_by_those_of_another_length(ledger: Ledger) -> None:
    ident = recorded(ledger, KETTLE, "k.md")
    keys = [key for key, _, _ in ledger.embedded_passages()]
    counts = [len(passage.sentences) for _, _, passage in ledger.embedded_passages()]
    ledger.replace_vectors(
        keys, np.ones((len(keys), 5), np.float32), [np.ones((n, 5), np.float32) for n in counts]
    )
    for kept in ledger.stored_passages(ledger.vectors_of([ident])).values():
        assert ledger.vectors([kept.key])[kept.key].tolist() == [1.0] * 5
        assert kept.sentence_vectors.shape == (len(kept.passage.sentences), 5)


# -- notes -------------------------------------------------------------------------------------------


def test_a_note_keeps_its_first_value_until_it_is_set(ledger: Ledger) -> None:
    assert ledger.note("a", "first") == "first"
    assert ledger.note("a", "second") == "first"
    ledger.set_note("a", "third")
    assert ledger.note("a", "second") == "third"


def test_threads_that_note_at_once_agree(ledger: Ledger) -> None:
    """Two questions at once to a new store both note its embedder."""
    for key in map(str, range(20)):
        told = together(4, lambda n, key=key: ledger.note(key, str(n)))
        assert len(set(told)) == 1


# -- conversations -----------------------------------------------------------------------------------


def test_turns_come_back_in_order_each_under_its_conversation(ledger: Ledger) -> None:
    first, second = turn("a" * 16), turn("b" * 16)
    ledger.conversations.append("one", first)
    ledger.conversations.append("other", first)
    ledger.conversations.append("one", second)
    assert ledger.conversations.turns("one") == [first, second]
    assert ledger.conversations.turns("other") == [first]
    assert ledger.conversations.turns("none") == []


def test_with_a_document_goes_what_was_quoted_from_it(ledger: Ledger) -> None:
    kettle, toaster = recorded(ledger, KETTLE, "k.md"), recorded(ledger, TOASTER, "t.md")
    ledger.conversations.append("one", turn(kettle))
    ledger.conversations.append("one", turn(toaster))
    ledger.remove([kettle])
    assert ledger.conversations.turns("one") == [turn(toaster)]


def test_with_a_document_goes_what_a_model_made_of_it_without_citing_it(ledger: Ledger) -> None:
    kettle, toaster = recorded(ledger, KETTLE, "k.md"), recorded(ledger, TOASTER, "t.md")
    ledger.conversations.append("one", turn(kettle), [toaster, kettle])
    ledger.conversations.append("one", turn(kettle), [kettle])
    ledger.remove([toaster])
    assert ledger.conversations.turns("one") == [turn(kettle)]


@in_a_file
def test_what_was_removed_is_in_no_file(ledger: Ledger, tmp_path: Path) -> None:
    ident = recorded(ledger, "# Secret\n\nThe password is xylophone.\n", "s.md")
    ledger.conversations.append("one", turn(ident))
    assert any(b"xylophone" in file.read_bytes() for file in tmp_path.iterdir())
    ledger.remove([ident])
    ledger.erase_traces()
    assert not any(b"xylophone" in file.read_bytes() for file in tmp_path.iterdir())


def marked(mark: str, chosen: random.Random) -> PreparedDocument:
    """A document of 1 to 30 passages, each with the mark in it."""
    ident, passages, at = f"{chosen.getrandbits(64):016x}", [], 0
    for position in range(chosen.choice([1, 2, 3, 8, 30])):
        said = f"{mark} " + "".join(chosen.choices("abcdefgh ", k=chosen.choice([20, 120, 600])))
        key = f"{ident}-{position:04d}"
        passages.append(Passage(key, ident, position, at, at + len(said), said, (mark,)))
        at += len(said)
    document = Document(ident, mark, f"{mark}.md", "text/plain", "".join(p.text for p in passages))
    vectors = np.ones((len(passages), 16), np.float32)
    texts = tuple(mark + passage.text for passage in passages)
    return PreparedDocument(document, ident * 4, at, tuple(passages), texts, vectors, tuple(vectors[:, None]))


@in_a_file
def test_rows_that_the_database_moved_leave_no_copy(ledger: Ledger, tmp_path: Path) -> None:
    """SQLite overwrites what it deletes, but not what it copied when pages were split and joined."""
    chosen, marks = random.Random(MOVED), dict[str, str]()
    for turn in range(9):
        some = [marked(f"qz{turn}x{number}qz", chosen) for number in range(20)]
        ledger.put(some)
        ledger.acknowledge({item.document.source: item.document.id for item in some})
        marks |= {item.document.id: item.document.title for item in some}
        gone = chosen.sample(sorted(marks), 10)
        ledger.remove(gone)
        assert ledger.erase_traces()
        data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert [mark for mark in map(marks.pop, gone) if mark.encode() in data] == []


# -- faults ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be one" * 99, b"\0" * 9000])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.db").write_bytes(content)
    with pytest.raises(StoreError, match="not a database"):
        Ledger.at(tmp_path / "ledger.db")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check the home folder"):
        Ledger.at(tmp_path / "absent" / "ledger.db")


def test_a_store_of_a_later_version_is_left_alone(ledger: Ledger) -> None:
    ledger.set_note("schema", "999")
    with pytest.raises(StoreError, match="another version"):
        Ledger(ledger.engine.url)


@pytest.mark.parametrize("name", ["a b", "what?", "50%25#1", "é ü", "a&b=c;d", "'\""])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    ledger = Ledger.at(tmp_path / name / "ledger.db")
    ident = recorded(ledger, KETTLE, "k.md")
    ledger.close()
    assert (tmp_path / name / "ledger.db").exists()
    again = Ledger.at(tmp_path / name / "ledger.db")
    assert again.has_document(ident)
    again.close()


@in_a_file
def test_a_full_disk_is_told_without_the_text_and_leaves_all_as_it_was(ledger: Ledger) -> None:
    ident = recorded(ledger, KETTLE, "k.md")
    with ledger.engine.connect() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError) as told:
        recorded(ledger, "# Long\n\n" + "A sentence about walruses. " * 5000, "w.md")
    assert "full" in told.value.message
    assert "walrus" not in told.value.message
    assert [entry.id for entry in ledger.entries()] == [ident]
    assert ledger.delete_unready() == 0


@in_a_file
def test_a_writer_waits_for_another(ledger: Ledger) -> None:
    """A turn is kept while a book is being recorded, however long that takes."""
    with ledger.engine.connect() as db:
        assert int(db.exec_driver_sql("PRAGMA busy_timeout").scalar() or 0) >= 60_000


@in_a_file
def test_a_copy_of_the_file_is_the_whole_record(ledger: Ledger, tmp_path: Path) -> None:
    ident = recorded(ledger, KETTLE, "k.md")
    ledger.close()
    shutil.copy(tmp_path / "ledger.db", tmp_path / "copy.db")
    copy = Ledger(sql.URL.create("sqlite", database=str(tmp_path / "copy.db")))
    assert copy.document(ident).text.startswith("# Kettle")
    copy.close()


@pytest.mark.parametrize("stores", ["in the home"], indirect=True)
def test_a_damaged_turn_is_named_and_removed_by_a_repair(library: Library) -> None:
    kept = turn("a" * 16)
    for name in ("one", "two", "three"):
        library.ledger.conversations.append(name, kept)
    assert library.check().problems == ()
    with library.ledger.engine.begin() as db:
        db.execute(
            sql.text("UPDATE turns SET turn = replace(turn, 'blue', 'blur') WHERE conversation = 'one'")
        )
        db.execute(sql.text("UPDATE turns SET turn = CAST(X'7BFF' AS TEXT) WHERE conversation = 'two'"))
    assert [problem.split(" is damaged")[0] for problem in library.check().problems] == [
        "A turn of the conversation one",
        "A turn of the conversation two",
    ]
    assert library.check(repair=True).problems == ()
    assert library.ledger.conversations.turns("one") == []
    assert library.ledger.conversations.turns("three") == [kept]
