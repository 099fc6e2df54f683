"""Whatever a document holds, the page made of it has only our own elements, shows it, and marks it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markup import assert_only_ours, document, hostile, shown, tree

from assistant.core.types import Document, Heading, Page, Span
from assistant.text.sources import card_html, removed_page, source_html, source_page
from assistant.text.wording import wording


@pytest.mark.parametrize("name", ["xss-strings", "naughty-strings"])
def test_attacks_in_every_field_of_a_document_stay_text(name: str) -> None:
    for text in hostile(name):
        given = document(text, title=text, source=text, metadata={"publisher": text, text: text})
        root = tree(source_html(given, 0, len(text)))
        assert_only_ours(root)
        assert "".join(root.xpath("//header/h2//text()")) == shown(text)
        if text.strip() and text.lstrip()[0] not in "|-=~`" and "\n" not in text:
            assert "".join(root.xpath("//mark//text()")) == shown(text)


def test_a_whole_page_of_attacks_has_only_our_own_scripts() -> None:
    for text in hostile("xss-strings"):
        root = html.fromstring(source_page(document(text, title=text), 0, 5).encode())
        assert [script.get("src") for script in root.iter("script")] == ["/page/before.js", "/page/mark.js"]
        assert root.xpath("//head/title")[0].text_content() == shown(text).replace("\r\n", "\n")


@given(st.text(alphabet=st.characters(codec=None)), st.integers(0, 200), st.integers(0, 200))
def test_any_text_of_a_document_is_shown_and_marked_as_it_is(text: str, start: int, end: int) -> None:
    root = tree(source_html(document(text), start, end))
    assert_only_ours(root)
    assert all(
        mark.text_content() in shown(text[start:end])
        for mark in root.iter("mark")
        if not mark.xpath(".//span")
    )
    assert all(piece in shown(text) for piece in root.xpath("//div[@class='text']//text()"))


MANUAL = """# Kettle manual

The Arvo kettle boils
one litre in 95 seconds. Descale it often.

- with citric acid
- or with vinegar

| Model | Litres |
|---|---|
| Arvo | 1.7 |

## Care

```
kettle --descale

kettle --rinse
```
"""


def manual() -> Document:
    care = MANUAL.index("## Care")
    headings = (Heading(1, "Kettle manual", 0, 15), Heading(2, "Care", care, care + 7))
    return document(MANUAL, title="Kettle manual", headings=headings)


def marked(quote: str) -> html.HtmlElement:
    start = MANUAL.index(quote)
    return tree(source_html(manual(), start, start + len(quote)))


def test_the_quote_is_marked_within_its_paragraph() -> None:
    [mark] = marked("The Arvo kettle boils\none litre in 95 seconds.").iter("mark")
    assert mark.text == "The Arvo kettle boils\none litre in 95 seconds."
    assert mark.tail == " Descale it often."


def test_a_quoted_table_row_is_one_mark() -> None:
    [mark] = marked("Arvo | 1.7").iter("mark")
    assert mark.text_content() == "Arvo | 1.7"
    assert mark.xpath("./span[@class='cell']/text()") == ["Arvo", "1.7"]


def test_a_quote_across_blocks_is_marked_in_each() -> None:
    quote = MANUAL[MANUAL.index("Descale") : MANUAL.index("| Model")].strip()
    texts = [mark.text for mark in marked(quote).iter("mark")]
    assert texts == ["Descale it often.", "- with citric acid", "- or with vinegar"]


def test_headings_items_rows_and_code_have_their_own_form() -> None:
    root = tree(source_html(manual()))
    assert root.xpath("//h3/text()") == ["Kettle manual"]
    assert root.xpath("//h4/text()") == ["Care"]
    assert root.xpath("//p[@class='item']/text()") == ["- with citric acid", "- or with vinegar"]
    assert len(root.xpath("//div[@class='row']")) == 2
    assert root.xpath("//pre/text()") == ["kettle --descale\n\nkettle --rinse"]
    assert "|---|" not in root.text_content()


def test_a_table_has_a_head_rows_and_cells() -> None:
    [table] = tree(source_html(manual())).xpath("//div[@role='table']")
    roles = [[cell.get("role") for cell in row.xpath(".//*[@class='cell']")] for row in table]
    assert roles == [["columnheader"] * 2, ["cell"] * 2]
    assert [row.get("role") for row in table] == ["row"] * 2


def test_a_table_that_goes_on_over_a_page_has_one_head() -> None:
    text = "| Model | Litres |\n|---|---|\n| Arvo | 1.7 |\n| Brisa | 1.2 |\n| Cosa | 1.1 |\n"
    at = text.index("| Brisa")
    root = tree(source_html(document(text, pages=(Page(1, 0, at), Page(2, at, len(text))))))
    assert root.xpath("//*[@role='columnheader']/text()") == ["Model", "Litres"]


def test_a_mark_of_some_cells_leaves_the_others_unmarked() -> None:
    [mark] = marked("Arvo").iter("mark")
    assert (mark.text_content(), mark.get("data-whole")) == ("Arvo", None)
    [mark] = marked("| Arvo | 1.7 |").iter("mark")
    assert (mark.text_content(), mark.get("data-whole")) == ("| Arvo | 1.7 |", "")


MAIL = """# Lunch

- From: Ola Dahl <ola@example.org>
- To: Kim
- Date: 2024-05-17 12:00

Bring:

- To: do
"""


def test_the_head_of_a_mail_is_a_table_and_what_follows_is_not() -> None:
    given = document(MAIL, media_type="message/rfc822", headings=(Heading(1, "Lunch", 0, 7),))
    start = MAIL.index("- To: Kim")
    root = tree(source_html(given, start, start + len("- To: Kim")))
    [table] = root.xpath("//div[@role='table']")
    cells = [[cell.text_content() for cell in row.xpath(".//*[@class='cell']")] for row in table]
    assert cells == [["From", "Ola Dahl <ola@example.org>"], ["To", "Kim"], ["Date", "2024-05-17 12:00"]]
    assert root.xpath("//mark")[0].text_content() == "- To: Kim"
    assert root.xpath("//p[@class='item']/text()") == ["- To: do"]


def test_slides_are_cards_with_their_numbers() -> None:
    text = "# First\n\n- one\n\n# Second\n\nTwo.\n"
    at = text.index("# Second")
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    pages, headings = (
        (Page(1, 0, at), Page(2, at, len(text))),
        (Heading(1, "First", 0, 7), Heading(1, "Second", at, at + 8)),
    )
    start = text.index("Two.")
    root = tree(
        source_html(document(text, media_type=kind, pages=pages, headings=headings), start, start + 4)
    )
    slides = root.xpath("//section[@class='slide']")
    assert [slide.xpath("string(p)") for slide in slides] == ["Slide 1", "Slide 2"]
    assert [slide.xpath("string(h3)") for slide in slides] == ["First", "Second"]
    assert slides[1].xpath("string(.//mark)") == "Two."


def test_a_list_within_a_list_stands_deeper() -> None:
    root = tree(source_html(document("- one\n  - two\n- three\n")))
    [items] = root.xpath("//div[@role='list']")
    assert [item.get("data-depth") for item in items] == [None, "1", None]


def test_of_a_long_document_the_part_around_the_mark_comes_first_and_alike() -> None:
    lines = [f"# Ward {n}\n\nThe quota of ward {n} is {n} tons.\n" for n in range(4_000)]
    text, quote = "\n".join(lines), "The quota of ward 2000 is 2000 tons."
    start = text.index(quote)
    part, whole = (
        tree(source_html(document(text), start, start + len(quote), first=f)) for f in (True, False)
    )
    assert [each.xpath("//div[@class='text']/@data-long") for each in (part, whole)] == [["part"], ["whole"]]
    assert [each.xpath("string(//mark)") for each in (part, whole)] == [quote, quote]
    [short, full] = [
        [block.text_content() for block in each.xpath("//div[@class='text']/*")] for each in (part, whole)
    ]
    at = full.index(short[0])
    assert full[at : at + len(short)] == short
    assert 500 < len(short) < len(full) / 4


def test_a_short_document_is_whole_at_once_and_a_long_line_is_cut() -> None:
    assert not tree(source_html(manual(), first=True)).xpath("//@data-long")
    root = tree(source_html(document("word " * 100_000), 250_000, 250_004, first=True))
    assert len(root.xpath("string(//div[@class='text'])")) < 100_000
    assert root.xpath("string(//mark)") == "word"


def test_the_head_says_where_the_quote_stands() -> None:
    pages = (Page(1, 0, MANUAL.index("| Model")), Page(2, MANUAL.index("| Model"), len(MANUAL)))
    start = MANUAL.index("kettle --descale")
    given = replace(manual(), pages=pages, metadata={"publisher": "Arvo Works"})
    head = tree(source_html(given, start, start + 6)).xpath("//header")[0].text_content()
    assert all(words in head for words in ("kettle.md", "Page2", "Kettle manual › Care", "Arvo Works"))


def test_pages_are_told_apart() -> None:
    text = "First page\nstill first\nsecond page\nstill second"
    at = text.index("second page")
    given = document(text, pages=(Page(1, 0, at), Page(2, at, len(text))))
    root = tree(source_html(given))
    assert root.xpath("//div[@class='text']/p/text()") == [
        "First page\nstill first",
        "Page 2",
        "second page\nstill second",
    ]


def test_only_a_web_address_becomes_a_link_to_elsewhere() -> None:
    [link] = tree(source_html(document("x", source="https://example.org/a?b=1&c"))).iter("a")
    assert (link.get("href"), link.get("rel")) == ("https://example.org/a?b=1&c", "noopener noreferrer")
    for source in (
        "javascript:alert(1)",
        " https://example.org",
        "http://[",
        "data:text/html,x",
        "file:///etc/passwd",
    ):
        assert not list(tree(source_html(document("x", source=source))).iter("a"))


def test_offsets_out_of_range_mark_nothing() -> None:
    for start, end in ((-5, -1), (9, 3), (5000, 6000), (0, 0)):
        assert not list(tree(source_html(document("Some text."), start, end)).iter("mark"))


def test_a_page_says_that_its_document_is_gone_in_the_language_of_the_reader() -> None:
    assert "was removed" in removed_page()
    assert '<html lang="fa" dir="rtl">' in removed_page(wording("fa"))


def test_what_else_the_answer_cites_is_marked_too() -> None:
    start, also = MANUAL.index("The Arvo"), MANUAL.index("Descale it")
    root = tree(source_html(manual(), start, start + 8, [Span(also, also + 7), Span(7, 3)]))
    assert root.xpath("//mark[@class='current']/text()") == ["The Arvo"]
    assert root.xpath("//mark[@class='also']/text()") == ["Descale"]


def test_markdown_in_a_document_is_shown_as_it_looks_and_still_reads_as_it_is() -> None:
    text = "Use `chat --port` for **another** [port](https://example.org) of it."
    root = tree(source_html(document(text), 0, len(text)))
    [mark] = root.iter("mark")
    assert mark.text_content() == text
    assert (mark.xpath("./code/text()"), mark.xpath("./strong/text()")) == (["chat --port"], ["another"])
    signs = ["`", "`", "**", "**", "[", "](https://example.org)"]
    assert mark.xpath("./span[@class='sign']/text()") == signs


def test_a_mark_within_emphasis_begins_and_ends_where_it_does() -> None:
    text = "It is **very hot** now."
    root = tree(source_html(document(text), text.index("hot"), text.index(" now")))
    assert "".join(mark.text_content() for mark in root.iter("mark")) == "hot**"
    assert root.xpath("//div[@class='text']")[0].text_content() == text


def test_plain_text_has_no_styles() -> None:
    text = "Take a*b*c and `this`."
    root = tree(source_html(document(text, media_type="text/plain")))
    assert not root.xpath("//div[@class='text']//*[self::code or self::em or self::span]")


def test_a_card_has_the_quote_between_its_neighbours() -> None:
    text = "# Kettles\n\nIt is red. It is hot. It boils. Keep it dry. Wash it.\n\nMore.\n"
    start = text.index("It boils.")
    root = tree(card_html(document(text, title="Kettles"), start, start + 9))
    assert root.xpath("string(//p[@class='quoted'])") == "It is hot. It boils. Keep it dry."
    assert root.xpath("string(//mark)") == "It boils."


def test_a_card_of_a_row_has_the_names_of_its_columns() -> None:
    text = "| Model | Price |\n|---|---|\n| Arvo | 40 |\n| Brisa | 30 |\n"
    start = text.index("| Brisa")
    root = tree(card_html(document(text), start, start + len("| Brisa | 30 |")))
    rows = [
        [cell.text for cell in row.xpath(".//span[@class='cell']")]
        for row in root.xpath("//div[@class='row']")
    ]
    assert rows == [["Model", "Price"], ["Brisa", "30"]]


@given(st.text(alphabet=st.characters(codec=None)), st.integers(0, 200), st.integers(0, 200))
def test_any_card_is_made_of_our_elements_alone(text: str, start: int, end: int) -> None:
    assert_only_ours(tree(card_html(document(text, title=text), start, end)))
