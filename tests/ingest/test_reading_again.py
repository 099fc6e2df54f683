"""A document is read again from its original, and what was rejected stays listed until it is dismissed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Hashing, given
from fastapi.testclient import TestClient

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.errors import NotFound
from assistant.core.types import Answer, Citation, Sentence, Turn
from assistant.ingest.library import REREAD, Library
from assistant.store.lists.following import followed, note
from assistant.store.schema import documents
from assistant.web import server

KETTLE = "# Kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"


def ids(library: Library) -> list[str]:
    return [entry.id for entry in library.ledger.entries()]


def read_otherwise(library: Library, ident: str) -> None:
    """Leave the document as another version of the reader might have read it."""
    change = documents.update().where(documents.c.id == ident).values(title="Kettel", text="Kettle")
    with library.ledger.engine.begin() as db:
        db.execute(change)


def test_what_reads_the_same_is_left_as_it_is(library: Library) -> None:
    list(library.add(given(kettle=KETTLE)))
    [ident] = ids(library)
    before = library.ledger.keys()
    assert library.read_again(ident).status == "unchanged"
    assert library.ledger.keys() == before


def test_what_reads_otherwise_is_read_anew_and_answers_that_quoted_it_go(library: Library) -> None:
    list(library.add(given(kettle=KETTLE, lamp="# Lamp\n\nIt shines.\n")))
    [ident] = [entry.id for entry in library.ledger.entries() if entry.title == "Kettle"]
    added = {entry.id: entry.added for entry in library.ledger.entries()}
    quoted = Citation(1, ident, "p", "Kettle", "kettle.md", None, 0, 6, "Kettle")
    answer = Answer("What?", "What?", True, (Sentence("Kettle", (1,)),), (quoted,))
    library.ledger.conversations.append("c", Turn("What?", "What?", answer))
    read_otherwise(library, ident)
    told = library.read_again(ident)
    assert (told.status, told.title) == ("updated", "Kettle")
    assert "95 seconds" in library.ledger.document(ident).text
    assert library.ledger.document(ident).title == "Kettle"
    assert {entry.id: entry.added for entry in library.ledger.entries()} == added
    assert library.ledger.names(ident) == ["kettle.md"]
    assert library.ledger.conversations.turns("c") == []
    assert library.check().problems == ()


def test_an_interruption_is_made_up_for_at_the_next_opening(tmp_path: Path) -> None:
    with closing(Library(tmp_path, Hashing())) as library:
        list(library.add(given(kettle=KETTLE)))
        [ident] = ids(library)
        library.ledger.set_note(REREAD, library.ledger.sha256(ident) or "")
        library.ledger.delete_records([ident])
    with closing(Library(tmp_path, Hashing())) as library:
        assert ids(library) == [ident]
        assert library.check().problems == ()
        assert library.ledger.note(REREAD, "") == ""


def test_without_its_original_a_document_stays(library: Library, tmp_path: Path) -> None:
    list(library.add(given(kettle=KETTLE)))
    [ident] = ids(library)
    read_otherwise(library, ident)
    for path in (tmp_path / "originals").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(NotFound):
        library.read_again(ident)
    assert ids(library) == [ident]


# -- what was rejected -------------------------------------------------------------------------------


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with Assistant.open(settings, embedder=Hashing()) as assistant:
        yield TestClient(server.app(assistant), base_url="http://127.0.0.1:7860")


def test_what_was_rejected_is_listed_until_it_is_dismissed(client: TestClient) -> None:
    for name in ("empty.md", "blank.md", "kettle.md"):
        content = KETTLE if name == "kettle.md" else "   "
        client.post("/api/documents", params={"source": name}, content=content)
    listed = client.get("/api/rejected").json()
    assert sorted(each["source"] for each in listed) == ["blank.md", "empty.md"]
    assert all("is empty" in each["reason"] for each in listed)
    dismissed = client.post("/api/rejected/dismiss", json={"sources": ["empty.md", "other.md"]})
    assert dismissed.json() == {"dismissed": 1}
    assert [each["source"] for each in client.get("/api/rejected").json()] == ["blank.md"]


def test_what_is_taken_later_is_listed_no_more(client: TestClient) -> None:
    client.post("/api/documents", params={"source": "kettle.md"}, content=" ")
    client.post("/api/documents", params={"source": "kettle.md"}, content=KETTLE)
    assert client.get("/api/rejected").json() == []


def test_a_restart_keeps_the_list(tmp_path: Path) -> None:
    with closing(Library(tmp_path, Hashing())) as library:
        list(library.add(given(empty=" ")))
    with closing(Library(tmp_path, Hashing())) as library:
        [rejection] = library.rejections.listed()
        assert rejection.source == "empty.md"


def test_reading_again_is_a_request(client: TestClient) -> None:
    client.post("/api/documents", params={"source": "kettle.md"}, content=KETTLE)
    [entry] = client.get("/api/documents").json()
    assert client.post(f"/api/documents/{entry['id']}/read").json()["status"] == "unchanged"
    assert client.post("/api/documents/0000000000000000/read").status_code == 404


# -- folders that are followed -----------------------------------------------------------------------


def test_a_followed_folder_is_told_while_its_process_runs(client: TestClient) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    client.post("/api/following", json={"folder": "/notes", "pid": os.getpid()})
    client.post("/api/following", json={"folder": "/gone", "pid": ended.pid})
    [told] = client.get("/api/following").json()
    assert (told["folder"], told["pid"]) == ("/notes", os.getpid())


def test_a_folder_is_told_once(library: Library) -> None:
    for _ in range(2):
        note(library.ledger, "/notes", os.getpid())
    assert [each.folder for each in followed(library.ledger)] == ["/notes"]
