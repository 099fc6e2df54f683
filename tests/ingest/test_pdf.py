"""PDF: sentences over page ends, hyphens, filled fields, and a page that is damaged."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject
from test_parse import pdf, refusal

from assistant.ingest.parse import read

WIDE = "Guests of the tea house leave their shoes at the door and hang their coats in the hall, where"


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    document = read(pdf([WIDE], ["a lamp burns all night.", "Cups are washed at noon."]), "a.pdf")
    assert document.text.startswith(f"{WIDE} a lamp burns all night.")
    assert [document.text[page.start : page.end][:6] for page in document.pages] == ["Guests", "a lamp"]


def test_a_page_that_begins_a_sentence_begins_a_paragraph() -> None:
    assert f"{WIDE}\n\nA lamp burns." in read(pdf([WIDE], ["A lamp burns."]), "a.pdf").text


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("the self-", "service counter", "self-service counter"),
        ("the east-", "ern counter", "eastern counter"),
        ("the T-", "shirt of the cook", "T-shirt of the cook"),
        ("the 3-", "litre pot", "3-litre pot"),
        ("the ket-", "tle on the stove", "kettle on the stove"),
    ],
)
def test_a_hyphen_at_a_line_end_stays_in_a_compound_alone(first: str, second: str, whole: str) -> None:
    lines = [f"In the morning the two guests who came first were shown to {first}", f"{second} of the house."]
    assert whole in read(pdf(lines), "a.pdf").text


def test_a_word_of_two_words_of_the_document_keeps_its_hyphen() -> None:
    lines = [
        "Tea is kept cool, and the room is dark, so that the tea in this house is kept well in a tea-",
        "room.",
    ]
    assert "in a tea-room." in read(pdf(lines), "a.pdf").text


def with_fields(*fields: dict[str, object]) -> bytes:
    """A page of two lines of text, with these fields."""
    writer = PdfWriter(PdfReader(io.BytesIO(pdf(["Guest:", "With breakfast"]))))
    page = writer.pages[0]
    page[NameObject("/Annots")] = ArrayObject()
    for field in fields:
        widget = DictionaryObject({NameObject("/Subtype"): NameObject("/Widget")})
        for key, value in field.items():
            if isinstance(value, list):
                widget[NameObject(key)] = ArrayObject(map(FloatObject, value))
            else:
                is_name = str(value).startswith("/")
                widget[NameObject(key)] = NameObject(value) if is_name else TextStringObject(value)
        page["/Annots"].append(writer._add_object(widget))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_what_was_filled_into_a_form_is_read_with_the_text_beside_it() -> None:
    data = with_fields(
        {"/FT": "/Tx", "/T": "f1", "/V": "Leo Fink", "/Rect": [150, 715, 300, 730]},
        {"/FT": "/Btn", "/T": "f2", "/AS": "/On", "/Rect": [160, 702, 170, 712]},
        {"/FT": "/Btn", "/T": "f3", "/AS": "/Off", "/Rect": [160, 502, 170, 512]},
        {"/FT": "/Ch", "/T": "f4", "/TU": "Room", "/V": "Upper floor", "/Rect": [160, 402, 170, 412]},
        {"/FT": "/Tx", "/T": "f5", "/V": "", "/Rect": [160, 302, 170, 312]},
    )
    assert read(data, "form.pdf").text.endswith(
        "- Guest: Leo Fink\n- With breakfast: yes\n- Room: Upper floor"
    )


BROKEN = b"[71 FR 1234 (S) ] TJ"


def test_a_damaged_page_is_named_and_the_others_are_read() -> None:
    data = pdf(["Tea is at nine."], ["Soup is at one."], ["Cake is at four."])
    document = read(data.replace(b"(Soup is at one.) Tj", BROKEN), "a.pdf")
    assert document.text == "Tea is at nine.\n\nCake is at four."
    assert [page.number for page in document.pages] == [1, 3]
    assert document.metadata["not read"] == "page 2, which is damaged"


def test_a_file_whose_pages_are_all_damaged_is_refused() -> None:
    data = pdf(["Soup is at one."]).replace(b"(Soup is at one.) Tj", BROKEN)
    assert "no page of it can be read" in refusal(data, "a.pdf")


def test_a_line_like_a_title_is_a_paragraph_of_its_own() -> None:
    document = read(pdf(["Rules of the house", "Guests take off their shoes."]), "scan_0007.pdf")
    assert document.text == "Rules of the house\n\nGuests take off their shoes."
    assert document.title == "Rules of the house"
