"""Near-duplicates in a library: kept once for answering, shown as such, and there when they are needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sql
from conftest import Hashing
from stores import add, is_sound
from test_near_duplicates import ARTICLE

from assistant.ingest.library import Library
from assistant.store.index import terms
from assistant.store.schema import duplicates, sketches

AGAIN = f"Home News Sport\n\n{ARTICLE}\n\nContact us\n"
THIRD = f"Start Politics Culture\n\n{ARTICLE}\n\nImprint Privacy\n"


def answering(library: Library, word: str = "harbour") -> set[str]:
    """The sources of the passages that are found for a word."""
    keys = library.search(lambda index: index.match(dict.fromkeys(terms(word), 1.0), 10))
    return {kept.source for kept in library.ledger.stored_passages(keys).values()}


def standing(library: Library) -> dict[str, str | None]:
    """Each source with that of the document which answers in its place."""
    entries = library.ledger.entries()
    sources: dict[str | None, str | None] = {entry.id: entry.source for entry in entries} | {None: None}
    return {entry.source: sources[entry.duplicate_of] for entry in entries}


def test_the_second_is_kept_and_shown_but_the_first_answers(library: Library) -> None:
    [first] = add(library, a=ARTICLE)
    [second] = add(library, b=AGAIN)
    assert (second.status, second.duplicate_of) == ("added", first.document_id)
    assert second.passages > 0
    assert standing(library) == {"a.md": None, "b.md": "a.md"}
    assert answering(library) == {"a.md"}
    assert library.ledger.document(second.document_id or "").text.startswith("Home News")
    assert library.check().passages == first.passages
    assert is_sound(library)
    assert library.rebuild().passages == first.passages
    assert answering(library) == {"a.md"}
    [again] = add(library, b=AGAIN)
    assert (again.status, again.duplicate_of) == ("unchanged", first.document_id)


def test_in_one_batch_too(library: Library) -> None:
    outcomes = add(library, a=ARTICLE, b=AGAIN, c=THIRD)
    assert [outcome.status for outcome in outcomes] == ["added"] * 3
    assert standing(library) == {"a.md": None, "b.md": "a.md", "c.md": "a.md"}
    assert is_sound(library)


def test_when_the_first_goes_the_next_takes_its_place(library: Library) -> None:
    first, *_ = add(library, a=ARTICLE, b=AGAIN, c=THIRD)
    library.remove(first.document_id or "")
    assert standing(library) == {"b.md": None, "c.md": "b.md"}
    assert answering(library) == {"b.md"}
    assert is_sound(library)
    library.unname(["b.md"])
    assert standing(library) == {"c.md": None}
    assert answering(library) == {"c.md"}
    assert is_sound(library)


def test_when_the_first_becomes_another_the_next_takes_its_place(library: Library) -> None:
    add(library, a=ARTICLE, b=AGAIN)
    add(library, a="# Something else\n\nOf kettles.\n")
    assert standing(library) == {"a.md": None, "b.md": None}
    assert answering(library) == {"b.md"}
    assert answering(library, "kettles") == {"a.md"}
    assert is_sound(library)


def test_a_new_version_of_the_first_stands_for_the_others(library: Library) -> None:
    add(library, a=ARTICLE, b=AGAIN)
    [updated] = add(library, a=ARTICLE.replace("welcomed", "praised"))
    assert (updated.status, updated.duplicate_of) == ("updated", None)
    assert standing(library) == {"a.md": None, "b.md": "a.md"}
    assert answering(library, "praised") == {"a.md"}
    assert is_sound(library)


def test_a_new_version_that_says_something_else_leaves_the_others_to_themselves(library: Library) -> None:
    add(library, a=ARTICLE, b=AGAIN)
    add(library, a=ARTICLE.replace("3 million", "4 million"))
    assert standing(library) == {"a.md": None, "b.md": None}
    assert answering(library) == {"a.md", "b.md"}
    assert is_sound(library)


def test_when_all_are_removed_nothing_is_left(library: Library, tmp_path: Path) -> None:
    add(library, a=ARTICLE, b=AGAIN)
    library.remove_all([entry.id for entry in library.ledger.entries()])
    assert library.ledger.entries() == []
    assert library.check().vectors == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"harbour" in path.read_bytes()]


def test_a_duplicate_that_goes_leaves_the_first_alone(library: Library) -> None:
    add(library, a=ARTICLE, b=AGAIN)
    library.unname(["b.md"])
    assert standing(library) == {"a.md": None}
    assert answering(library) == {"a.md"}
    assert is_sound(library)


def test_another_edition_answers_for_itself(library: Library) -> None:
    add(library, a=ARTICLE, b=ARTICLE.replace("1 March 2025", "1 March 2026"))
    assert standing(library) == {"a.md": None, "b.md": None}
    assert is_sound(library)


@pytest.mark.parametrize("lost", [True, False])
def test_a_duplicate_is_there_when_the_index_is_lost_with_the_first(
    library: Library, tmp_path: Path, lost: bool
) -> None:
    first, _ = add(library, a=ARTICLE, b=AGAIN)
    if lost:
        shutil.rmtree(tmp_path / "index")
    library.remove(first.document_id or "")
    assert answering(library) == {"b.md"}
    assert is_sound(library)


def test_a_store_of_a_version_that_knew_of_no_duplicates_is_taken_as_it_is(tmp_path: Path) -> None:
    library = Library(tmp_path, Hashing())
    add(library, a=ARTICLE, short="# Short\n\nOf kettles.\n")
    with library.ledger.engine.begin() as db:
        for table in (duplicates, sketches):
            table.drop(db)
    library.close()
    again = Library(tmp_path, Hashing())
    assert standing(again) == {"a.md": None, "short.md": None}
    add(again, b=AGAIN)
    assert standing(again) == {"a.md": None, "short.md": None, "b.md": "a.md"}
    with again.ledger.engine.connect() as db:
        sketched = db.scalar(sql.select(sql.func.count(sketches.c.document_id.distinct())))
    assert sketched == 3
    assert again._canonical_documents.sketch_missing() == 0
    again.close()
