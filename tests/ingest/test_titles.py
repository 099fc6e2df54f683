"""Titles: those that a program wrote are left aside, and front matter as people write it is read."""

from __future__ import annotations

import io

import pytest
from docx import Document as Word
from test_parse import pdf

from assistant.ingest.parse import read


@pytest.mark.parametrize("junk", ["Word Document", "(anonymous)", "Untitled 1", "draft.doc", "Document3", ""])
def test_a_title_that_a_program_wrote_gives_way_to_the_first_line(junk: str) -> None:
    word = Word()
    word.core_properties.title = junk
    word.add_paragraph("Rules of the tea house")
    word.add_paragraph("Guests take off their shoes at the door and leave them there.")
    out = io.BytesIO()
    word.save(out)
    assert read(out.getvalue(), "scan7.docx").title == "Rules of the tea house"


def test_a_title_that_a_person_wrote_stays() -> None:
    data = pdf(["Tea is served from nine in the morning."], info="/Title (Word documents of 1999)")
    assert read(data, "a.pdf").title == "Word documents of 1999"


def test_a_text_without_a_line_like_a_heading_is_called_by_its_file() -> None:
    data = pdf(["Tea is served from nine in the morning."], info="/Title (\\(anonymous\\))")
    assert read(data, "opening-hours.pdf").title == "opening-hours"


def test_front_matter_with_colons_in_its_values_is_read() -> None:
    document = read(b"---\ntitle: Tea: a guide\nauthor: Uma Rao\n---\n\nTea is served at nine.\n", "a.md")
    assert (document.title, document.text) == ("Tea: a guide", "Tea is served at nine.\n")
    assert document.metadata == {"author": "Uma Rao"}


def test_front_matter_that_cannot_be_read_is_no_title() -> None:
    document = read(b"---\ntitle: [Tea\nnot a field\n---\n\nTea is served at nine.\n", "tea-times.md")
    assert (document.title, document.headings) == ("tea-times", ())
