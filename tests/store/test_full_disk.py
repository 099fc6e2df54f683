"""On a disk without a free byte a store is opened, asked, checked and emptied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hashing
from faults import disk
from stores import add, found, originals, text

from assistant.core.errors import StoreError
from assistant.ingest.library import Library


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if not disk.may_mount():
        pytest.skip("a small disk cannot be mounted here, which takes root")
    with disk._disk(tmp_path / "disk", 60_000_000) as mounted:
        yield mounted


@pytest.mark.xfail(
    reason="SQLite sometimes finds no room for its own files; see docs/security.md", strict=False
)
def test_a_full_disk_keeps_nobody_from_looking_and_removing(small_disk: Path) -> None:
    (small_disk / "home").mkdir()
    library = Library(small_disk / "home", Hashing())
    add(library, **{f"d{n}": text(f"word{n:02}", 4) for n in range(20)})
    library.close()
    for number in range(4):
        disk._fill(small_disk, 0)
        assert os.statvfs(small_disk).f_bavail == 0
        library = Library(small_disk / "home", Hashing())
        held = [entry for entry in library.ledger.entries() if entry.source.startswith("d")]
        assert len(held) == 20 - number
        assert found(library, "word09") == {"d9.md"}
        assert library.check().problems == ()
        with pytest.raises(StoreError, match=r"disk|room|space"):
            add(library, **{f"e{n}": text(f"walrus{n}", 400) for n in range(16)})
        disk._fill(small_disk, 0)
        library.remove(next(entry.id for entry in held if entry.source == f"d{number}.md"))
        assert found(library, f"word{number:02}") == set()
        assert originals(small_disk / "home") == library.ledger.sha256s()
        library.close()
