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
from assistant.store.reserve import RESERVE_BYTES, Reserve

pytestmark = pytest.mark.faults


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if not disk.may_mount():
        pytest.skip("a small disk cannot be mounted here, which takes root")
    with disk._disk(tmp_path / "disk", 60_000_000) as mounted:
        yield mounted


@pytest.mark.parametrize(("left", "times"), [(0, 3), (4_000_000, 1), (9_000_000, 1)])
def test_a_full_disk_keeps_nobody_from_looking_and_removing(small_disk: Path, left: int, times: int) -> None:
    # With bytes left an adding fails later: when the ledger has grown by it, and the index has not.
    (small_disk / "home").mkdir()
    library = Library(small_disk / "home", Hashing())
    add(library, **{f"d{n}": text(f"word{n:02}", 4) for n in range(20)})
    library.close()
    for number in range(times):
        disk._fill(small_disk, 0)
        assert os.statvfs(small_disk).f_bavail == 0
        library = Library(small_disk / "home", Hashing())
        held = [entry for entry in library.ledger.entries() if entry.source.startswith("d")]
        assert len(held) == 20 - number
        assert found(library, "word09") == {"d9.md"}
        assert library.check().problems == ()
        disk._fill(small_disk, left)
        with pytest.raises(StoreError, match=r"disk|room|space"):
            add(library, **{f"e{n}": text(f"walrus{n}", 400) for n in range(32)})
        disk._fill(small_disk, 0)
        library.remove(next(entry.id for entry in held if entry.source == f"d{number}.md"))
        assert found(library, f"word{number:02}") == set()
        assert originals(small_disk / "home") == library.ledger.sha256s()
        library.close()


def test_the_reserve_takes_all_room_that_there_is(small_disk: Path) -> None:
    disk._fill(small_disk, RESERVE_BYTES * 3 // 4)
    Reserve(small_disk).fill()
    assert (small_disk / "reserve").stat().st_size > RESERVE_BYTES * 2 // 3
    disk._with_room(small_disk)
    Reserve(small_disk).fill()
    assert (small_disk / "reserve").stat().st_size == RESERVE_BYTES
