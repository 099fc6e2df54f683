"""Pages of a PDF as pictures, with the rectangles of a quote."""

from __future__ import annotations

import struct
import zlib

import pytest
from faults.texts import pdf

from assistant.core.errors import ReadError
from assistant.ingest.readers.pdf.picture import picture
from assistant.ingest.sandbox import picture_safely

LINES = [
    "The Cumbre heater warms a room of 40 square metres.",
    "It draws 1.8 kilowatts, and is switched off",
    "by itself after nine hours. Clean it twice a year.",
]
MANUAL = pdf([["Heater manual"], LINES])


def test_a_page_is_drawn_as_it_is() -> None:
    drawn = picture(MANUAL, 2, [])
    assert drawn.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", drawn.png[16:24]) == (drawn.width, drawn.height) == (1200, 1553)
    size = struct.unpack(">I", drawn.png[33:37])[0]
    pixels = zlib.decompress(drawn.png[41 : 41 + size])
    assert len(pixels) == drawn.height * (1 + 3 * drawn.width)
    assert {0, 255} <= set(pixels[1:])


def test_a_quote_has_a_box_for_each_of_its_lines() -> None:
    quotes = ["is switched off by itself after nine hours.", "It draws 1.8 kilowatts", "of something else"]
    over, first, nowhere = picture(MANUAL, 2, quotes).boxes
    assert len(over) == 2
    assert len(first) == 1
    assert nowhere == ()
    (begin, end), [whole] = over, first
    assert whole[0] < whole[2] <= begin[0] < begin[2]
    assert begin[1] == pytest.approx(whole[1], abs=0.005)
    assert end[0] == pytest.approx(whole[0], abs=0.005)
    assert begin[3] <= end[1] + 0.005
    assert all(0 <= side <= 1 for box in (*over, *first) for side in box)


def test_a_quote_that_goes_on_over_the_page_is_marked_where_it_is() -> None:
    [found] = picture(
        MANUAL, 2, ["Clean it twice a year. And never with water, as it is under current."]
    ).boxes
    assert len(found) == 1


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_page_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(ReadError, match="no page"):
        picture_safely(MANUAL, "manual.pdf", number, [])


def test_a_child_draws_the_same_and_a_damaged_file_ends_in_a_sentence() -> None:
    assert picture_safely(MANUAL, "manual.pdf", 2, LINES) == picture(MANUAL, 2, LINES)
    with pytest.raises(ReadError):
        picture_safely(b"%PDF-1.4\n" + MANUAL[200:300], "manual.pdf", 1, [])
