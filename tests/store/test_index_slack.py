"""Slack: leftovers in the files of Chroma beside the vectors are wiped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_index import records

from assistant.store.index import Index, slack


def graphs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "chroma").glob("*/*.bin")}


def test_a_changed_index_holds_nothing_but_its_vectors(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.add(records(5))
    for name in ("data_level0.bin", "length.bin"):
        (path,) = tmp_path.glob(f"chroma/*/{name}")
        assert path.stat().st_size > 100, "there is no room left in it"
        path.write_bytes(b"secret".ljust(path.stat().st_size, b"!"))
    index.remove([1])
    index.seal()
    left = graphs(tmp_path)
    index.close()
    assert not any(left["data_level0.bin"])
    assert not any(left["length.bin"])


READ = """
import os, sys
from pathlib import Path
from assistant.store.index import Index
index = Index(Path(sys.argv[1]))
index.counts()
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone fills new memory with a pattern")
def test_a_process_that_reads_leaves_nothing_of_its_memory_in_the_files(tmp_path: Path) -> None:
    """It ends without closing anything; `MALLOC_PERTURB_` stands for what its memory held before."""
    index = Index(tmp_path)
    index.add(records(5))
    index.close()
    environment = {**os.environ, "MALLOC_PERTURB_": "165"}
    subprocess.run([sys.executable, "-c", READ, str(tmp_path)], env=environment, check=True)
    left = graphs(tmp_path)
    assert left["data_level0.bin"]
    assert not any(left["data_level0.bin"])
    assert not any(left["length.bin"])


def test_vectors_are_no_slack(tmp_path: Path) -> None:
    index = Index(tmp_path)
    held = records(1_500)
    index.add(held)
    index.close()
    before = graphs(tmp_path)
    assert len(before["data_level0.bin"]) > 1_000 * held[0].vector.nbytes
    slack.wipe(tmp_path / "chroma")
    assert graphs(tmp_path) == before
