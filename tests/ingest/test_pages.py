"""Web pages: what a person sees is read, and what a person does not see is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_parse import PARAGRAPH

from assistant.ingest.parse import read

Reader = Callable[[str], str]
STORY = "<!DOCTYPE html><html><head><title>Tea house</title></head><body><article><h1>Tea house</h1>"
STORY += f"<p>{PARAGRAPH * 3}</p>{{}}<p>{PARAGRAPH * 2}</p></article></body></html>"
SHORT = "<!DOCTYPE html><html><body>{}</body></html>"


def body(markup: str) -> str:
    """The text that an article gives for this markup between two of its paragraphs."""
    text = read(STORY.format(markup).encode(), "a.html").text
    return text.removeprefix((PARAGRAPH * 3).strip()).removesuffix((PARAGRAPH * 2).strip()).strip()


def short(markup: str) -> str:
    """The text of a page that is too short to have an article."""
    return read(SHORT.format(markup).encode(), "a.html").text


@pytest.mark.parametrize("read_markup", [body, short])
def test_lists_and_blocks_in_a_cell_are_read_on_its_line(read_markup: Reader) -> None:
    table = (
        "<table><tr><th>What</th><th>Who</th></tr>"
        "<tr><td>Cooks</td><td><div><ul><li>Uma Rao</li>\n<li>Leo Fink</li></ul></div></td></tr>"
        "<tr><td>Place</td><td><p>Mill Lane 4</p><p>Upper floor</p></td></tr></table>"
    )
    assert read_markup(table) == (
        "| What | Who |\n|---|---|\n| Cooks | Uma Rao, Leo Fink |\n| Place | Mill Lane 4 Upper floor |"
    )


@pytest.mark.parametrize("read_markup", [body, short])
def test_the_caption_of_a_table_is_above_it_and_names_no_columns(read_markup: Reader) -> None:
    rows = "<tr><th>Cup</th><th>Price</th></tr><tr><td>Small</td><td>3</td></tr></table>"
    right = "Prices of tea\n\n| Cup | Price |\n|---|---|\n| Small | 3 |"
    assert read_markup(f"<table><caption>Prices of tea</caption>{rows}") == right
    assert read_markup(f"<table><tr><th colspan=2>Prices of tea</th></tr>{rows}") == right


@pytest.mark.parametrize("read_markup", [body, short])
def test_a_table_of_names_and_values_has_no_column_names(read_markup: Reader) -> None:
    box = (
        "<table><tr><th colspan=2>Mill Lane</th></tr><tr><th>Built</th><td>1888</td></tr>"
        "<tr><th>Seats:</th><td>40</td></tr></table>"
    )
    assert read_markup(box) == "Mill Lane\n\n- Built: 1888\n- Seats: 40"


def test_words_in_elements_of_forms_and_dates_stay_in_their_sentence() -> None:
    markup = (
        "<p>It shuts on <time datetime='2030-02-03'>3 February</time>, says <label>Uma</label>, for "
        "<output>12</output> days; run <code>tea --stop</code> and read <q>how to stop</q> first.</p>"
    )
    assert body(markup) == (
        "It shuts on 3 February, says Uma, for 12 days; run tea --stop and read “how to stop” first."
    )


def test_text_in_boxes_of_an_article_is_read() -> None:
    markup = (
        "<div class='hint'>On Mondays the upper floor is kept for guests who have booked.</div>"
        "<aside><p>Never leave the stove alone while it burns.</p></aside>"
        "<figure><img src='a.png'><figcaption>The stove is at the north wall.</figcaption></figure>"
    )
    assert body(markup) == (
        "On Mondays the upper floor is kept for guests who have booked.\n\n"
        "Never leave the stove alone while it burns.\n\nThe stove is at the north wall."
    )


def test_boxes_of_an_article_that_lead_away_from_it_are_left_out() -> None:
    markup = (
        "<aside class='related'><p>Another house makes coffee that is praised by everybody.</p></aside>"
        "<h2>Related stories</h2><ul><li><a href='/1'>Coffee of the south</a></li>"
        "<li><a href='/2'>Cocoa of the north</a></li></ul>"
    )
    assert "offee" not in body(markup)


def test_headings_that_are_links_or_buttons_are_headings() -> None:
    markup = (
        "<h2><a href='#water'>Water of the well</a></h2><p>It is soft and cold in each month.</p>"
        "<h3><button>Is there milk?</button></h3><p>There is, from the farm nearby.</p>"
    )
    assert body(markup) == (
        "## Water of the well\n\nIt is soft and cold in each month.\n\n"
        "### Is there milk?\n\nThere is, from the farm nearby."
    )


def test_a_list_of_links_below_a_heading_of_the_article_is_read() -> None:
    links = "<li><a href='/m.pdf'>Menu of the week</a></li><li><a href='/w.pdf'>Card of wines</a></li>"
    assert body(f"<h2>Cards</h2><ul>{links}</ul>") == "## Cards\n\n- Menu of the week\n- Card of wines"


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='color:red; DISPLAY : none'>Old price: 2</div>",
        "<p hidden>Old price: 2</p>",
        "<ix:header><ix:hidden>Old price: 2</ix:hidden></ix:header>",
        "<span style='visibility: hidden'>Old price: 2</span>",
    ],
)
def test_what_is_hidden_is_not_read(hidden: str) -> None:
    assert short(f"{hidden}<h1>Prices</h1><p>A cup is 3.</p>") == "# Prices\n\nA cup is 3."
    assert body(f"{hidden}<p>A cup is three crowns.</p>") == "A cup is three crowns."


def test_a_page_that_a_script_reveals_is_read() -> None:
    assert (
        short("<div style='display:none'><p>A cup of tea is 3 crowns.</p></div>")
        == "A cup of tea is 3 crowns."
    )


@pytest.mark.parametrize("read_markup", [body, short])
def test_ordered_lists_keep_their_numbers(read_markup: Reader) -> None:
    steps = "<li>Boil the water.</li><li><p>Warm the pot.</p></li><li value=7>Pour.</li>"
    assert read_markup(f"<ol start=2>{steps}</ol>") == "2. Boil the water.\n3. Warm the pot.\n7. Pour."
    assert (
        read_markup("<ol type=a><li>Green tea</li><li>Black tea</li></ol>")
        == "- a. Green tea\n- b. Black tea"
    )


def test_powers_notes_and_formulas_keep_their_meaning() -> None:
    markup = (
        "<p>Each drop holds 10<sup>20</sup> parts of H<sub>2</sub>O on 3 m<sup>2</sup>, the 1<sup>st</sup> "
        "said.<sup><a href='#n1'>4</a></sup> Others doubt it.<sup>5</sup></p>"
    )
    assert body(markup) == (
        "Each drop holds 10^20 parts of H2O on 3 m^2, the 1st said.[4] Others doubt it.[5]"
    )


def test_a_word_that_may_be_broken_is_one_word() -> None:
    assert (
        short("<p>The tea&shy;house is open to every\u200bbody.</p>") == "The teahouse is open to everybody."
    )


@pytest.mark.parametrize("read_markup", [body, short])
def test_tags_that_html_does_not_know_take_nothing_with_them(read_markup: Reader) -> None:
    table = (
        "<table><tr><th>What</th><th>How many</th></tr><tr><td>Pots</td><td><p><ix:nonFraction>41"
        "</ix:nonFraction></p></td></tr><tr><td><x-name>Cups</x-name></td><td>7</td></tr></table>"
    )
    assert read_markup(table) == "| What | How many |\n|---|---|\n| Pots | 41 |\n| Cups | 7 |"


def test_rows_that_are_typed_line_by_line_in_cells_are_rows() -> None:
    table = (
        "<table><tr><th>Room</th><th>Beds</th></tr>"
        "<tr><td>Attic<br>Cellar<br>Tower</td><td>2<br>14<br>1</td></tr></table>"
    )
    assert body(table) == "| Room | Beds |\n|---|---|\n| Attic | 2 |\n| Cellar | 14 |\n| Tower | 1 |"


@pytest.mark.parametrize("read_markup", [body, short])
def test_lines_in_a_cell_are_not_glued(read_markup: Reader) -> None:
    table = (
        "<table><tr><th>Where</th><th>When</th></tr><tr><td>Mill Lane<br>Upper floor</td><td>May</td></tr>"
    )
    row = "<tr><td>Old<br/>Town</td><td>June</td></tr></table>"
    assert "| Mill Lane Upper floor | May |\n| Old Town | June |" in read_markup(table + row)
