"""Reading: real files of every kind, exact offsets, one sentence for everything that is wrong."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from assistant.core.errors import ReadError
from assistant.core.types import Document
from assistant.ingest.parse import identity, read

SHARED = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[3] / "shared"))


def headings(document: Document) -> list[tuple[int, str, str]]:
    return [(h.level, h.title, document.text[h.start : h.end]) for h in document.headings]


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(ReadError) as caught:
        read(data, name)
    message = caught.value.message
    assert message.startswith(name)
    assert message.endswith(".")
    assert "\n" not in message
    return message


# -- Markdown ------------------------------------------------------------------------------------------------


def test_front_matter_becomes_metadata_and_title() -> None:
    front = b'title: "Bolivia: a brief"\nsource: An article\ndate: 2024-05-01\ntags: [a, b]'
    data = b"---\n" + front + b"\n---\n\n# H\n\nText.\n"
    document = read(data, "folder/bolivia.md")
    assert document.title == "Bolivia: a brief"
    assert document.source == "folder/bolivia.md"
    assert document.metadata == {"source": "An article", "date": "2024-05-01", "tags": "a, b"}
    assert document.text == "# H\n\nText.\n"
    assert document.id == identity(data)
    assert document.media_type == "text/markdown"


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: [broken\n---\n\nText.\n",
        "---\njust words\n---\n\nText.\n",
        "---\nno end\n\nText.\n",
        "---\nx: " + "[" * 5000 + "\n---\nText.\n",
        "---\nx: 2024-99-99\n---\nText.\n",
    ],
)
def test_broken_front_matter_is_kept_as_text(text: str) -> None:
    assert read(text.encode(), "a.md").text == text


def test_headings_are_those_of_a_markdown_parser() -> None:
    code = "```sh\n# no heading\n```"
    text = f"Intro\n\n# One *two* `x`\n\n{code}\n\nSetext\n======\n\n- # in a list\n\n### Last ###\nText"
    document = read(text.encode(), "a.md")
    assert headings(document) == [
        (1, "One two x", "# One *two* `x`"),
        (1, "Setext", "Setext\n======"),
        (3, "Last", "### Last ###"),
    ]
    assert document.title == "One two x"


def test_a_table_is_no_heading_though_a_rule_follows_it() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n---\n\na | b\n--- | ---\n1 | 2\n===\n\nReal\n---\n"
    assert headings(read(text.encode(), "a.md")) == [(2, "Real", "Real\n---")]


def test_a_title_is_found_where_nothing_names_one() -> None:
    assert read(b"only words here", "some/kettle-manual.md").title == "kettle-manual"
    assert read(b"## Second level\n\nwords", "x.md").title == "Second level"
    assert read(b"A Bare Title\n\nAnd then a longer text that follows it.", "x.txt").title == "A Bare Title"
    assert read(b"This is a sentence. It goes on.\nAnd on and on it goes, as texts do.", "x.txt").title == "x"


# -- text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_text_is_read_in_the_encoding_that_it_has(encoding: str) -> None:
    text = "Iran’s expanding influence — the café in São Paulo, Español, naïve. " * 5
    assert read(text.encode(encoding), "a.txt").text == text


def test_text_with_a_broken_byte_stays_utf8() -> None:
    data = "Iran’s influence, Español, naïve. ".encode() * 20
    assert "Español" in read(data[:100] + b"\xff" + data[100:], "a.txt").text


def test_line_ends_are_newlines_and_control_characters_go() -> None:
    data = b"one\r\ntwo\rthree\x00\x07\x0cfour\x1b[0m\tfive, and some more words"
    assert read(data, "a.md").text == "one\ntwo\nthree\nfour[0m\tfive, and some more words"


ORDINARY = """Loading

A manual of a loader. Press the button once.

Submit a comment

It is written here that a block may occur twice in one text, and that is no reason to drop it.

| a | b |
|---|---|
| 1 | 2 |



It is written here that a block may occur twice in one text, and that is no reason to drop it.
"""


def test_ordinary_text_stays_as_it_is() -> None:
    assert read(ORDINARY.encode(), "a.txt").text == ORDINARY


def test_what_a_page_put_around_scraped_text_goes() -> None:
    article = (
        "A Title\n\nThe first paragraph of the article proper, which stays.\n\nThe second one stays too.\n"
    )
    teaser = (
        "Another title of another article\n\nA teaser that sums up another article in some forty words.\n\n"
    )
    form = "0 Comments\n\nSubmit a Comment\n\nYour email address will not be published.\n\n"
    text = f"loader image\n\n{article}\n{form}LATEST CONTENT\n\n{teaser}Loading\n\n{teaser}Loading"
    assert read(text.encode(), "a.txt").text.split("\n\n") == article.split("\n\n")


def test_comments_of_readers_after_a_form_stay() -> None:
    form = "1 Comment\n\nLeave a reply"
    text = f"An article of a few words.\n\n{form}\n\nI do not agree with any of this, says a reader."
    assert read(text.encode(), "a.txt").text.split() == (
        "An article of a few words. I do not agree with any of this, says a reader.".split()
    )


def test_a_broken_table_is_mended_row_by_row() -> None:
    text = (
        "Before.\n| Land | Area | News | |||\n|---|---|---|---|---|---|\n"
        "| Peru | Mining</td} < | More of it </td} </tr} <<tr} < | Chile<td} < | Wine<td} < | Less<td} |\n"
        "| Cuba<td} { | Sugar<td} { | None<td} {} tr>} {} |\nAfter.\n"
    )
    assert read(text.encode(), "a.txt").text == (
        "Before.\n| Land | Area | News |\n|---|---|---|\n| Peru | Mining | More of it |\n"
        "| Chile | Wine | Less |\n| Cuba | Sugar | None |\nAfter.\n"
    )


@pytest.mark.skipif(not (SHARED / "seeds").is_dir(), reason="the scraped articles are not on this machine")
def test_the_scraped_articles_lose_their_furniture_and_nothing_else() -> None:
    first, second = sorted((SHARED / "seeds").glob("*.txt"))
    raw, document = first.read_text("utf-8"), read(first.read_bytes(), first.name)
    assert document.text.split("|")[0] == raw.split("|")[0]
    assert [line.count("|") for line in document.text.strip().splitlines()[-5:]] == [4] * 5
    raw, document = second.read_text("utf-8"), read(second.read_bytes(), second.name)
    assert document.text.strip() == raw.partition("loader image")[2].partition("0 Comments")[0].strip()
    assert document.title.startswith("President’s Latin America Tour")


# -- HTML ----------------------------------------------------------------------------------------------------

PARAGRAPH = "The kettle boils one litre of water in ninety-five seconds, which is faster than most others. "
PAGE = f"""<!DOCTYPE html><html><head><title>Kettle manual</title><meta name="author" content="Ada Arvo">
<meta property="article:published_time" content="2024-05-01"></head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop</a></nav>
<article><h1>Kettle manual</h1><p>{PARAGRAPH * 3}</p>
<h2>Cleaning</h2><p>Use <b>citric</b> acid, {PARAGRAPH}</p>
<ul><li>Fill it with water.</li><li>Wait for an hour.</li></ul>
<table><tr><th>Part</th><th>Price</th></tr>
<tr><td>Lid</td><td>5 €</td></tr><tr><td>Base</td><td>9 €</td></tr></table>
<p>{PARAGRAPH * 2}</p><p>Sign up for our newsletter to get it into your inbox.</p></article>
<footer>All rights reserved. <a href="/cookies">Cookies</a></footer></body></html>"""


def test_a_page_gives_its_main_text_with_headings_lists_and_tables() -> None:
    document = read(PAGE.encode(), "https://example.org/kettle")
    assert document.media_type == "text/html"
    assert document.title == "Kettle manual"
    assert document.metadata["author"] == "Ada Arvo"
    assert document.metadata["date"] == "2024-05-01"
    assert headings(document) == [(2, "Cleaning", "## Cleaning")]
    assert "Use citric acid, The kettle" in document.text
    assert "- Fill it with water.\n- Wait for an hour." in document.text
    assert "| Part | Price |\n|---|---|\n| Lid | 5 € |\n| Base | 9 € |" in document.text
    assert not {"Home", "Shop", "newsletter", "rights", "Cookies"} & set(document.text.split())


SPANS = """<table><tr><th rowspan="2">Region</th><th colspan="2">Sold</th></tr>
<tr><th>2023</th><th>2024</th></tr><tr><td rowspan="2">North</td><td>1</td><td>2</td></tr>
<tr><td>3</td><td>4</td></tr><tr><td>South</td><td colspan="2">none</td></tr></table>"""


@pytest.mark.parametrize(
    "around", [PAGE.replace("<table>", SPANS + "<table>"), f"<html><body>{SPANS}</body></html>"]
)
def test_cells_that_reach_over_rows_and_columns_stand_in_their_places(around: str) -> None:
    assert (
        "| Region | Sold 2023 | Sold 2024 |\n|---|---|---|\n"
        "| North | 1 | 2 |\n| North | 3 | 4 |\n| South | none | none |"
    ) in read(around.encode(), "a.html").text


def test_spans_without_end_are_left_alone() -> None:
    wild = (
        '<table><tr><td rowspan="99999" colspan="99999">a</td><td colspan=x>b</td></tr>'
        + "<tr><td>c</td></tr>" * 99
    )
    assert "b" in read(f"<html><body>{wild}</table></body></html>".encode(), "a.html").text


def test_a_page_in_another_encoding_is_read_as_it_says() -> None:
    page = PAGE.replace("<head>", '<head><meta charset="windows-1252">')
    assert "5 €" in read(page.encode("cp1252"), "a.html").text


def test_a_page_without_main_text_gives_all_that_can_be_seen() -> None:
    document = read(
        b"<html><body><script>no()</script><h2>Prices</h2><div>Lid: 5</div></body></html>", "a.html"
    )
    assert document.text == "## Prices\n\nLid: 5"


def test_html_is_recognised_by_content_and_markdown_by_name() -> None:
    assert read(PAGE.encode(), "article").media_type == "text/html"
    assert read(PAGE.encode(), "notes.txt").media_type == "text/html"
    assert read(b"<p align=center>A logo</p>\n\n# Tool\n\nWords.", "README.md").media_type == "text/markdown"
    assert read(b"a < b and <b>c</b> are compared", "notes.txt").media_type == "text/plain"


def test_a_sentence_that_comments_cut_apart_is_whole() -> None:
    page = PAGE.replace("Use <b>", "One<!-- --> <a href='/x'>has to</a> <!-- -->use <b>")
    assert "One has to use citric acid" in read(page.encode(), "a.html").text


# -- PDF -----------------------------------------------------------------------------------------------------


def pdf(*pages: list[str], info: str = "", trailer: str = "") -> bytes:
    """A small PDF with these lines of text on each page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for lines in pages:
        shown = " T* ".join(f"({line}) Tj" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET"
        kids.append(f"{len(objects) + 2} 0 R")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {info} >>")
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R {trailer} >>\n"
    return (out + f"startxref\n{start}\n%%EOF\n").encode("latin-1")


LONG = [
    "The kettle boils one litre of water in ninety-five sec-",
    "onds, which is faster than most other kettles do, and so",
    "it is liked.",
]


def test_a_pdf_gives_text_by_page_with_lines_joined() -> None:
    data = pdf(LONG, ["A second page, with its own text."], info="/Title (Kettle manual) /Author (Ada Arvo)")
    document = read(data, "kettle.pdf")
    assert document.title == "Kettle manual"
    assert document.metadata == {"author": "Ada Arvo"}
    assert [(page.number, document.text[page.start : page.end]) for page in document.pages] == [
        (1, " ".join(LONG).replace("sec- onds", "seconds")),
        (2, "A second page, with its own text."),
    ]


def test_a_compound_keeps_its_hyphen_at_a_line_end() -> None:
    lines = [
        "A well-known kettle is one that most people know, a well-",
        "known one is known by all of them.",
    ]
    assert "know, a well-known one" in read(pdf(lines), "a.pdf").text


def test_running_heads_and_page_numbers_go() -> None:
    words = ["oil", "gas", "wine", "sugar", "grain"]
    pages = [["Kettle manual, edition 2", f"This page is about {w}.", f"{n}"] for n, w in enumerate(words, 1)]
    text = read(pdf(*pages), "a.pdf").text
    assert text == "\n\n".join([*(f"This page is about {w}." for w in words), "Kettle manual, edition 2"])


def test_a_scanned_pdf_says_what_to_do() -> None:
    assert "OCR" in refusal(pdf([]), "scan.pdf")


# -- Word ----------------------------------------------------------------------------------------------------


def docx() -> bytes:
    from docx import Document as Word

    word = Word()
    word.core_properties.title, word.core_properties.author = "Kettle manual", "Ada Arvo"
    word.add_heading("Cleaning", 1)
    word.add_paragraph("Use citric acid.")
    word.add_heading("Steps", 2)
    word.add_paragraph("Fill it.", style="List Bullet")
    word.add_paragraph("Wait.", style="List Bullet")
    table = word.add_table(rows=0, cols=2)
    for left, right in [("Part", "Price"), ("Lid", "5 | 6"), ("Base", "9")]:
        table.add_row().cells[0].text, table.rows[-1].cells[1].text = left, right
    word.add_paragraph("After the table.")
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def test_a_word_document_is_read_in_order_with_headings_lists_and_tables() -> None:
    document = read(docx(), "kettle.docx")
    assert document.title == "Kettle manual"
    assert document.metadata["author"] == "Ada Arvo"
    assert document.text == (
        "# Cleaning\n\nUse citric acid.\n\n## Steps\n\n- Fill it.\n- Wait.\n\n"
        "| Part | Price |\n|---|---|\n| Lid | 5 \\| 6 |\n| Base | 9 |\n\nAfter the table."
    )
    assert headings(document) == [(1, "Cleaning", "# Cleaning"), (2, "Steps", "## Steps")]


def with_body(xml: str) -> bytes:
    """The Word document with this in place of its first paragraph."""
    old = zipfile.ZipFile(io.BytesIO(docx()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for item in old.namelist():
            data = old.read(item)
            if item == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + xml.encode(), 1)
            new.writestr(item, data)
    return out.getvalue()


def test_changes_are_read_as_accepted_and_content_controls_are_read() -> None:
    run = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
    changed = f"<w:p>{run.format('It ')}<w:ins>{run.format('boils')}</w:ins>" + (
        "<w:del><w:r><w:delText>cooks</w:delText></w:r></w:del></w:p>"
    )
    controlled = f"<w:sdt><w:sdtContent><w:p>{run.format('Inside a control.')}</w:p></w:sdtContent></w:sdt>"
    text = read(with_body(changed + controlled), "a.docx").text
    assert text.startswith("It boils\n\nInside a control.\n\n# Cleaning")
