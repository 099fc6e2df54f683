"""Hostile and damaged files of each format: nothing is fetched, multiplied or crashed by them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offices import book, grid, open_document, packed, shape, sheet, slides, workbook
from specimens import CHAPTERS, FILES, FORMATS, ODT, ODT_STYLE, PRICES, refusal

from assistant.core.errors import ReadError
from assistant.core.types import Document
from assistant.ingest.parse import SUFFIXES, read

LAUGHS = "<!DOCTYPE x [<!ENTITY l0 'ha'>{}]>".format(
    "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
)
OUTSIDE = "<!DOCTYPE x [<!ENTITY l11 SYSTEM 'file:///etc/passwd'>]>"
PARTS = {
    "xlsx": (lambda: workbook({"S": sheet([["a", "b"], ["MARK", 1]])}), "xl/worksheets/sheet1.xml"),
    "xlsx strings": (
        lambda: workbook({"S": sheet([["a"]])}, strings=["<t>MARK</t>"]),
        "xl/sharedStrings.xml",
    ),
    "pptx": (lambda: slides(shape("title", "MARK")), "ppt/slides/slide1.xml"),
    "odt": (lambda: open_document("text", "<text:p>MARK</text:p>"), "content.xml"),
    "epub": (lambda: book({"a.xhtml": "<p>MARK</p>"}), "OEBPS/text/a.xhtml"),
    "epub package": (lambda: book({"a.xhtml": "<p>x</p>"}, {"a.xhtml": "MARK"}), "OEBPS/toc.ncx"),
}


@pytest.mark.parametrize("attack", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
@pytest.mark.parametrize("kind", PARTS)
def test_entities_are_neither_fetched_nor_multiplied(kind: str, attack: str) -> None:
    made, path = PARTS[kind]
    files = made()
    attacked = files[path].replace("MARK", "one &l11; two")
    head, _, rest = attacked.partition("?>") if attacked.startswith("<?xml") else ("", "", attacked)
    files[path] = f"{head}?>{attack}{rest}" if head else attack + attacked
    try:
        text = read(packed(files), "a").text
    except ReadError:
        return
    assert "root:" not in text
    assert text.count("ha") < 10_000
    assert len(text) < 10_000


@pytest.mark.parametrize("kind", ["xlsx", "pptx", "odt", "epub", "docx"])
def test_bombs_are_refused_before_they_are_unpacked(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.readers.package.UNPACKED", 1_000_000)
    assert "unpacks to more than" in refusal(packed({"mimetype": "x", "bomb": bytes(2_000_000)}), f"a.{kind}")


def test_what_is_repeated_without_end_is_refused_or_cut() -> None:
    cell = '<table:table-cell table:number-columns-repeated="16000"><text:p>x</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
    assert "cells" in refusal(
        packed(open_document("spreadsheet", f"<table:table>{row}</table:table>")), "a.ods"
    )
    spaces = '<text:s text:c="999999999"/>' * 50
    assert len(read(packed(open_document("text", f"<text:p>a{spaces}b</text:p>")), "a.odt").text) < 100


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"{\\rtf1 " + b"{" * 200_000 + b"x",
        b'{"a": ' + b"9" * 50_000 + b"}",
    ],
    ids=["lists", "objects", "braces", "digits"],
)
def test_deep_nesting_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(ReadError) if not data.startswith(b"{\\rtf") else _nothing():
        assert read(data, "a.json").text == "x"


def _nothing():  # type: ignore[no-untyped-def]
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize("kind", FILES)
def test_cut_and_flipped_files_are_read_or_refused_but_never_crash(kind: str) -> None:
    whole = FILES[kind]()
    chance = random.Random(kind)
    for _ in range(60):
        data = bytearray(whole[: chance.randrange(1, len(whole))] if chance.random() < 0.4 else whole)
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        _read_or_refused(bytes(data), f"a.{kind}")


@pytest.mark.parametrize("kind", ["xlsx", "pptx", "odt", "epub"])
def test_flipped_parts_of_packages_are_read_or_refused_but_never_crash(kind: str) -> None:
    made: dict[str, Callable[[], dict[str, str]]] = {
        "xlsx": lambda: workbook({"Shop": sheet(PRICES, ["A1:E1"])}, FORMATS),
        "pptx": lambda: slides(
            shape("title", "Prices") + grid([["Part", "Price"], ["Lid", "5"]]), notes={1: "Note."}
        ),
        "odt": lambda: open_document("text", ODT, ODT_STYLE),
        "epub": lambda: book(CHAPTERS, {"two.xhtml": "The parts"}),
    }
    files, chance = made[kind](), random.Random(kind)
    for _ in range(60):
        path = chance.choice([name for name in files if name != "mimetype"])
        data = bytearray(files[path].encode())
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        _read_or_refused(packed(files | {path: bytes(data)}), f"a.{kind}")


@given(
    st.binary(max_size=200),
    st.sampled_from(SUFFIXES),
    st.sampled_from([b"", b"{\\rtf1", b"From: a\nTo: b\n", b"{", b"[{"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str, start: bytes) -> None:
    _read_or_refused(start + data, f"a{suffix}")


@given(
    st.lists(
        st.lists(st.sampled_from(["", "a", "5", "2024", "a b", "Total", "x\ny", '"']), max_size=4),
        max_size=9,
    )
)
def test_all_that_stands_in_cells_stands_in_the_text(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    document = _read_or_refused(out.getvalue().encode(), "a.csv")
    if document:
        for cell in {cell for row in rows for cell in row}:
            assert set(cell.split()) <= set(document.text.split())


def _read_or_refused(data: bytes, name: str) -> Document | None:
    try:
        document = read(data, name)
    except ReadError:
        return None
    assert all(document.text[h.start : h.end].strip() for h in document.headings)
    assert all(page.start < page.end <= len(document.text) for page in document.pages)
    return document
