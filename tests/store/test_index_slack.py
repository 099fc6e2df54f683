"""Slack: leftovers in the files of Chroma beside the vectors are wiped."""

from __future__ import annotations

from pathlib import Path

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


def test_vectors_are_no_slack(tmp_path: Path) -> None:
    index = Index(tmp_path)
    held = records(1_500)
    index.add(held)
    index.close()
    before = graphs(tmp_path)
    assert len(before["data_level0.bin"]) > 1_000 * held[0].vector.nbytes
    slack.wipe(tmp_path / "chroma")
    assert graphs(tmp_path) == before
