"""The index: found at once, found truly, and never opened where it is not as it was written."""

from __future__ import annotations

import math
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import together
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import Assistant
from assistant.core.errors import StoreError
from assistant.store.index import Index, terms
from assistant.store.index.index import OpenVectors
from assistant.store.index.served import ServedVectors
from assistant.store.index.vectors import EmbeddedVectors
from assistant.store.index.words import FOLDER
from assistant.store.records import IndexRecord

MANY = 1_200
"""From a thousand on, Chroma writes its graph to files; below, it makes it anew from its log."""


def records(count: int, first: int = 1, dimensions: int = 32) -> list[IndexRecord]:
    """Records with random unit vectors; each has a word of its own and one that all have."""
    vectors = np.random.default_rng(first).standard_normal((count, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [IndexRecord(first + n, f"common word{first + n}", vector) for n, vector in enumerate(vectors)]


@pytest.fixture(params=["embedded", "served"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    """An empty index with its vectors in its folder, and one with its vectors on a server."""
    open_vectors: OpenVectors = EmbeddedVectors
    if request.param == "served":
        server = request.getfixturevalue("chroma").server
        open_vectors = partial(ServedVectors, server, f"index-{secrets.token_hex(8)}")
    opened = Index(tmp_path / "1", open_vectors)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index that is large enough for all files that Chroma writes."""
    folder = tmp_path_factory.mktemp("large") / "1"
    index = Index(folder)
    index.add(records(MANY))
    index.close()
    return folder


def is_whole(index: Index, held: Sequence[IndexRecord]) -> bool:
    """Return True if each record is found by its vector and by its word."""
    return all(
        next(iter(index.nearest(record.vector, 3))) == record.key
        and next(iter(index.match({f"word{record.key}": 1.0}, 3))) == record.key
        for record in held
    )


# -- finding -----------------------------------------------------------------------------------------


def test_what_is_added_is_found_at_once(index: Index) -> None:
    for record in records(5):
        index.add([record])
        assert is_whole(index, [record])
    assert index.counts() == (5, 5)


def test_what_is_removed_is_not_found_and_the_others_are(index: Index) -> None:
    held = records(20)
    index.add(held)
    index.remove([record.key for record in held[:10]])
    assert index.counts() == (10, 10)
    assert is_whole(index, held[10:])
    for record in held[:10]:
        assert record.key not in index.nearest(record.vector, 20)
        assert index.match({f"word{record.key}": 1.0}, 20) == {}


def test_what_is_not_there_can_be_removed(index: Index) -> None:
    index.add(records(2))
    index.remove([77, 78])
    index.remove([])
    assert index.counts() == (2, 2)


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert index.counts() == (0, 0)
    assert index.nearest(records(1)[0].vector, 10) == {}
    assert index.match({"common": 1.0}, 10) == {}
    assert index.idf([]) == {}


def test_more_than_chroma_takes_in_one_call_can_be_added_and_removed(index: Index) -> None:
    held = records(5_600, dimensions=4)
    index.add(held)
    assert index.counts() == (5_600, 5_600)
    index.remove([record.key for record in held[:5_550]])
    assert index.counts() == (50, 50)


def test_cosines_are_exact_and_in_order(index: Index) -> None:
    held = records(50)
    index.add(held)
    target = records(1, first=999)[0].vector
    found = index.nearest(target, 50)
    expected = {record.key: float(record.vector @ target) for record in held}
    assert found == pytest.approx(expected, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_recall_of_the_corpus_s_own_vectors_is_that_of_exact_search(shipped: Assistant) -> None:
    """Recall at 10, against exact search, for each passage of the shipped corpus as a question."""
    held = [record for some in shipped.library.ledger.records() for record in some]
    matrix = np.stack([record.vector for record in held])
    hits = 0
    for record in held:
        best = {held[at].key for at in np.argsort(-matrix @ record.vector)[:10]}
        found = shipped.library.search(lambda index, v=record.vector: index.nearest(v, 10))
        hits += len(best & found.keys())
    assert hits >= 0.99 * 10 * len(held)


def test_recall_stays_when_much_was_removed_and_added(index: Index) -> None:
    held = records(1_500)
    index.add(held)
    index.remove([record.key for record in held[:900]])
    held = held[900:] + (new := records(300, first=5_000))
    index.add(new)
    matrix = np.stack([record.vector for record in held])
    hits = 0
    for record in held[::5]:
        best = {held[at].key for at in np.argsort(-matrix @ record.vector)[:10]}
        hits += len(best & index.nearest(record.vector, 10).keys())
    assert hits >= 0.99 * 10 * len(held[::5])


# -- words -------------------------------------------------------------------------------------------


def test_the_bm25_share_is_bm25_over_what_the_query_could_reach(index: Index) -> None:
    texts = ["zebra crossing", "zebra zebra zebra zebra zebra zebra", "horse"]
    vector = records(1)[0].vector
    index.add([IndexRecord(key, text, vector) for key, text in enumerate(texts, 1)])
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    assert index.idf(["zebra", "nothing"]) == pytest.approx(
        {"zebra": idf, "nothing": math.log(1 + 3.5 / 0.5)}, rel=1e-5
    )
    shares = index.match({"zebra": 1.0}, 10)
    # Lengths of 2, 6 and 1 words, 3 on average; k1 = 1.2, b = 0.75.
    expected = {key: tf / (tf + 1.2 * (0.25 + 0.75 * n / 3)) for key, tf, n in ((1, 1, 2), (2, 6, 6))}
    assert shares == pytest.approx(expected, rel=1e-3)
    assert list(shares) == [2, 1]


@given(
    st.dictionaries(st.sampled_from(["common", "word3", "word7", "absent"]), st.floats(0.01, 3), min_size=1)
)
def test_every_share_is_between_0_and_1(large: Path, weights: dict[str, float]) -> None:
    index = opened(large)
    found = index.match(weights, 50)
    assert all(0 < share <= 1 for share in found.values())
    assert list(found.values()) == sorted(found.values(), reverse=True)


_opened: dict[Path, Index] = {}


def opened(folder: Path) -> Index:
    """The index in `folder`, opened once for all examples."""
    if folder not in _opened:
        shutil.copytree(folder, folder.with_name("open"))
        _opened[folder] = Index(folder.with_name("open"))
    return _opened[folder]


def test_words_are_met_whatever_their_form() -> None:
    assert terms("The Exports of Irán, exporting") == ["export", "iran", "export"]
    assert terms("") == terms("the of and") == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Россия продаёт зерно странам региона", "страны"),
        ("الصادرات الإيرانية إلى المنطقة", "صادرات"),
        ("伊朗对委内瑞拉的出口额", "委内瑞拉"),
        ("イランの輸出は増えた", "輸出"),
        ("ประเทศอิหร่านส่งออกน้ำมัน", "น้ำมัน"),
        ("प्रधानमंत्री ने कहा", "प्रधानमंत्री"),
        ("Η Ελλάδα εξάγει προϊόντα", "Ελλάδας"),
    ],
)
def test_words_of_other_scripts_are_found_within_a_text(text: str, query: str) -> None:
    assert set(terms(query)) <= set(terms(text))


@given(st.text(st.characters(), max_size=60))
def test_any_text_has_terms_that_are_their_own(text: str) -> None:
    for term in terms(text + "\ud83d"):
        assert term == term.lower()


# -- coming back -------------------------------------------------------------------------------------


def test_it_is_the_same_after_closing(tmp_path: Path, large: Path) -> None:
    folder = shutil.copytree(large, tmp_path / "1")
    for _ in range(2):
        index = Index(folder)
        assert index.counts() == (MANY, MANY)
        assert is_whole(index, records(MANY)[::100])
        index.add(records(3, first=9_000))
        index.remove([9_000, 9_001, 9_002])
        index.close()


def test_a_folder_can_be_made_anew_under_the_same_name(tmp_path: Path) -> None:
    """Chroma keeps what it once opened at a path, unless it is let go of."""
    for first in (1, 100):
        index = Index(tmp_path / "1")
        index.add(records(3, first=first))
        assert index.counts() == (3, 3)
        assert is_whole(index, records(3, first=first))
        index.close()
        shutil.rmtree(tmp_path / "1")


def test_many_threads_find_while_one_changes(index: Index) -> None:
    held = records(200)
    index.add(held)

    def work(number: int) -> bool:
        if number:
            return all(is_whole(index, held[number::40]) for _ in range(5))
        for turn in range(8):
            some = records(30, first=1_000 + 100 * turn)
            index.add(some)
            index.remove([record.key for record in some])
        return True

    assert all(together(4, work))
    assert index.counts() == (200, 200)


def test_neither_text_nor_an_embedding_function_is_given_to_chroma(tmp_path: Path) -> None:
    index = Index(tmp_path / "1")
    index.add([IndexRecord(1, "xylophones and walruses", records(1)[0].vector)])
    assert index._vectors._collection.configuration_json["embedding_function"] in (None, {"type": "legacy"})
    index.close()
    for file in (tmp_path / "1" / "chroma").rglob("*"):
        assert file.is_dir() or b"xylophon" not in file.read_bytes()


# -- damage ------------------------------------------------------------------------------------------


def files_of(folder: Path) -> list[Path]:
    return sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file())


def removed(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwritten(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(max(64, path.stat().st_size)))


def flipped(path: Path) -> None:
    """One bit in the middle is another."""
    data = bytearray(path.read_bytes() or b"\0")
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [removed, cut, overwritten])
def test_a_damaged_file_is_found_out_or_does_no_harm(large: Path, tmp_path: Path, damage: object) -> None:
    """For each file of the index: it does not open, fails when asked, or holds all that it held."""
    held = records(MANY)
    for number, name in enumerate(files_of(large)):
        folder = shutil.copytree(large, tmp_path / str(number))
        damage(folder / name)
        try:
            index = Index(folder)
        except StoreError:
            continue
        try:
            harmless = index.counts() == (MANY, MANY) and is_whole(index, held[::60])
            assert harmless or index.counts() != (MANY, MANY), f"{damage} of {name} is not found out"
        except StoreError:
            continue
        finally:
            index.close()


def test_one_wrong_bit_in_the_graph_is_found_out(large: Path, tmp_path: Path) -> None:
    """Chroma would open it, and find other passages or crash."""
    graph = [name for name in files_of(large) if len(name.parts) == 3]
    assert len(graph) == 5
    for name in graph:
        folder = shutil.copytree(large, tmp_path / name.name)
        flipped(folder / name)
        with pytest.raises(StoreError, match="not as it was written"):
            Index(folder)


def test_a_graph_that_is_gone_is_found_out(large: Path, tmp_path: Path) -> None:
    """Chroma would open it and count all passages, but find none."""
    folder = shutil.copytree(large, tmp_path / "1")
    for path in (folder / "chroma").iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    with pytest.raises(StoreError, match="not as it was written"):
        Index(folder)


def test_a_panic_of_rust_is_a_fault_like_any_other(index: Index) -> None:
    """It is no Exception in Python, and would pass by whoever catches those."""
    index.add(records(2))
    with pytest.raises(StoreError, match="PanicException"):
        index.match({"common": 1.0}, 0)
    assert len(index.match({"common": 1.0}, 2)) == 2


def test_after_a_failure_the_folder_can_be_opened_by_another(large: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(large, tmp_path / "1")
    (folder / FOLDER / "meta.json").write_text("{")
    with pytest.raises(StoreError):
        Index(folder)
    shutil.rmtree(folder)
    index = Index(folder)
    assert index.counts() == (0, 0)
    index.close()


def test_what_stood_in_the_way_is_not_remembered(tmp_path: Path) -> None:
    """Chroma would keep what failed to open, for the rest of the process."""
    (tmp_path / "1").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be opened"):
        Index(tmp_path / "1")
    (tmp_path / "1").unlink()
    index = Index(tmp_path / "1")
    index.add(records(1))
    assert index.counts() == (1, 1)
    index.close()


def test_a_folder_that_goes_while_it_is_open_does_not_take_the_process_with_it(
    large: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(large, tmp_path / "1")
    index = Index(folder)
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match="cannot be written"):
        index.add(records(3, first=9_000))
    index.close()
