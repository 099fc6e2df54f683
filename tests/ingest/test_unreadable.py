"""Unreadable files are refused in one sentence; cut, flipped, hostile or very long ones do no harm."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_parse import LONG, PAGE, docx, pdf, refusal

from assistant.core.errors import ReadError
from assistant.core.types import Document
from assistant.ingest.parse import read


def read_or_refused(data: bytes, name: str) -> Document:
    """The document, or one whose text is the refusal; anything else that is raised fails the test."""
    try:
        return read(data, name)
    except ReadError as error:
        return Document("", "", name, "", error.message)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.pdf", "empty"),
        (b" \n\t ", "a.md", "empty"),
        (b"...\n---\n", "a.md", "no text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.png", "image (PNG)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "renamed.md", "image (PNG)"),
        (bytes(range(256)) * 40, "a.txt", "kind"),
        (b"%PDF-1.7\nnothing of the kind", "a.pdf", "damaged or not a real PDF"),
        (b"PK\x03\x04 cut short", "a.docx", "damaged"),
        (b"<html><body></body></html>", "a.html", "no text"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_sentence(data: bytes, name: str, said: str) -> None:
    assert said in refusal(data, name)


def test_an_archive_of_something_else_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("photo.raw", b"x")
    assert "is an archive; unpack it" in refusal(out.getvalue(), "a.zip")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.readers.package.UNPACKED", 10_000_000)
    out = io.BytesIO()
    archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("word/document.xml", "w") as file:
        for _ in range(11):
            file.write(bytes(1_000_000))
    assert "unpacks" in refusal(out.getvalue(), "bomb.docx")


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.parse.LIMIT", 1_000_000)
    assert "larger than 1 MB" in refusal(b"a" * 1_000_001, "a.txt")


@pytest.mark.parametrize("kind", ["docx", "pdf", "html"])
def test_cut_and_flipped_files_are_read_or_refused_but_never_crash(kind: str) -> None:
    whole = {"docx": docx, "pdf": lambda: pdf(LONG, LONG), "html": PAGE.encode}[kind]()
    chance = random.Random(kind)
    for _ in range(40):
        data = bytearray(whole[: chance.randrange(10, len(whole))] if chance.random() < 0.4 else whole)
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert read_or_refused(bytes(data), f"a.{kind}")


@given(st.binary(max_size=300), st.sampled_from(["a.md", "a.txt", "a", "a.html", "a.pdf", "a.docx"]))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    document = read_or_refused(data, name)
    assert document is not None
    assert "\x00" not in document.text
    assert all(document.text[h.start : h.end].strip() for h in document.headings)


@given(st.text(alphabet="#=- \nabc`>*\t|", max_size=300))
def test_markdown_headings_lie_on_whole_lines(text: str) -> None:
    document = read_or_refused(text.encode(), "a.md")
    after = 0
    for heading in document.headings:
        assert after <= heading.start < heading.end <= len(document.text)
        assert heading.start == 0 or document.text[heading.start - 1] == "\n"
        after = heading.end


def test_pages_that_all_say_the_same_keep_what_they_say() -> None:
    pages = [[f"Page {n} says this."] for n in range(6)]
    assert "Page 3 says this." in read(pdf(*pages), "a.pdf").text


def test_a_page_as_long_as_a_book_is_read_whole() -> None:
    body = "".join(f"<h2>Part {n}</h2><p>It tells of {n}.</p><ul><li>One</li></ul>" for n in range(3000))
    table = "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table><pre>x\n  y</pre>"
    document = read(f"<html><body><nav>Menu</nav>{body}{table}</body></html>".encode(), "a.html")
    assert document.text.startswith("## Part 0\n\nIt tells of 0.\n\n- One\n\n## Part 1")
    assert document.text.endswith("| A | B |\n|---|---|\n| 1 | 2 |\n\n```\nx\n  y\n```")
    assert len(document.headings) == 3000


def test_what_is_one_endless_word_is_refused() -> None:
    with pytest.raises(ReadError, match="a word of over a million characters"):
        read(b"b" * 1_000_001, "a.txt")
    assert read(b"b c " * 500_000, "a.txt").text
