"""Whatever a text holds, a page made of it has only our own elements and attributes, and shows the text."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from assistant.core.types import Answer, Citation, Document, Heading, Page, Sentence, Turn
from assistant.text.html import (
    answer_html,
    error_page,
    failed_html,
    pending_html,
    source_html,
    source_page,
    transcript_html,
    turn_html,
    welcome_html,
)

SHARED = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[3] / "shared"))
OURS = {
    "a": {"class", "data-number", "href", "title", "aria-label", "rel", "target"},
    "article": {"class"},
    "body": set(),
    "button": {"type", "class"},
    "dd": {"dir"},
    "div": {"class", "data-cells", "tabindex"},
    "dl": set(),
    "dt": set(),
    "h2": {"class", "dir"},
    "h3": {"dir"},
    "h4": {"dir"},
    "header": set(),
    "html": set(),
    "li": set(),
    "mark": set(),
    "ol": set(),
    "p": {"class", "dir", "role"},
    "pre": set(),
    "q": {"class", "dir"},
    "section": {"class"},
    "span": {"class", "dir", "title"},
    "sup": {"class"},
}


def hostile(name: str) -> list[str]:
    path = SHARED / "hostile" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set ASSISTANT_TEST_SHARED to the folder that holds hostile/")
    strings: list[str] = json.loads(path.read_text("utf-8"))
    return strings


def shown(text: str) -> str:
    """How a page shows a text: unchanged, but for what HTML cannot hold or what turns order around."""
    pictures = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"}
    lost = dict.fromkeys([0x202D, 0x202E, *range(0xD800, 0xE000)], "\ufffd")
    return text.translate(pictures | lost | {0x7F: "␡"})


def tree(markup: str) -> html.HtmlElement:
    return html.fromstring(
        f"<html><body>{markup}</body></html>".encode(), parser=html.HTMLParser(encoding="utf-8")
    )


def assert_only_ours(root: html.HtmlElement) -> None:
    for element in root.iter():
        assert element.tag in OURS, html.tostring(element)
        assert set(element.attrib) <= OURS[element.tag], html.tostring(element)
        href = element.get("href", "/source/")
        assert href.startswith(("/source/", "https://", "http://"))


def citation(number: int = 1, **changes: object) -> Citation:
    plain = Citation(number, "d1", "p1", "Kettles", "kettle.md", None, 120, 260, "It boils in 95 seconds.")
    return replace(plain, **changes)  # type: ignore[arg-type]


def answer(text: str = "It boils in 95 seconds.", **changes: object) -> Answer:
    plain = Answer("How fast?", "How fast?", True, (Sentence(text, (1,)),), (citation(),))
    return replace(plain, **changes)  # type: ignore[arg-type]


def everywhere(text: str) -> Answer:
    cited = citation(1, document_id=text, passage_id=text, title=text, source=text, quote=text)
    sentences = (Sentence(text, (1,)), Sentence(text))
    return Answer(text, text, True, sentences, (cited,), (cited,), "model", text, text)


def document(text: str, **changes: object) -> Document:
    return replace(Document("d1", "Kettles", "kettle.md", "text/markdown", text), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["xss-strings", "naughty-strings"])
def test_attacks_in_every_field_of_an_answer_stay_text(name: str) -> None:
    for text in hostile(name):
        given = everywhere(text)
        for markup in (
            answer_html(given),
            transcript_html([Turn(text, text, given)], failed_html(text, text)),
        ):
            root = tree(markup)
            assert_only_ours(root)
            sentences = root.xpath("//span[contains(@class, 'sentence')]/text()")
            assert [str(s) for s in sentences] == [shown(text)] * (2 if text else 0)
            assert {a.get("title") for a in root.xpath("//a[@data-number]")} == {shown(text)}


@pytest.mark.parametrize("name", ["xss-strings", "naughty-strings"])
def test_attacks_in_every_field_of_a_document_stay_text(name: str) -> None:
    for text in hostile(name):
        given = document(text, title=text, source=text, metadata={"publisher": text, text: text})
        root = tree(source_html(given, 0, len(text)))
        assert_only_ours(root)
        assert "".join(root.xpath("//header/h2//text()")) == shown(text)
        if text.strip() and text.lstrip()[0] not in "|-=~`" and "\n" not in text:
            assert "".join(root.xpath("//mark//text()")) == shown(text)


def test_a_chat_over_nothing_leads_to_where_documents_are_added() -> None:
    assert '<a href="#documents">' in welcome_html(0)
    assert "#documents" not in welcome_html(1)


def test_a_whole_page_of_attacks_has_only_our_own_script() -> None:
    for text in hostile("xss-strings"):
        root = html.fromstring(source_page(document(text, title=text), 0, 5).encode())
        assert [script.get("src") for script in root.iter("script")] == ["/page/page.js"]
        assert root.xpath("//head/title")[0].text_content() == shown(text).replace("\r\n", "\n")


@given(st.text(alphabet=st.characters(codec=None)), st.integers(0, 200), st.integers(0, 200))
def test_any_text_of_a_document_is_shown_and_marked_as_it_is(text: str, start: int, end: int) -> None:
    root = tree(source_html(document(text), start, end))
    assert_only_ours(root)
    assert all(
        mark.text_content() in shown(text[start:end])
        for mark in root.iter("mark")
        if not mark.xpath("./span")
    )
    assert all(piece in shown(text) for piece in root.xpath("//div[@class='text']//text()"))


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_document_id_makes_a_path_on_this_server(document_id: str) -> None:
    [link] = tree(answer_html(answer(citations=(citation(document_id=document_id),)))).xpath(
        "//a[@data-number]"
    )
    parts = urlsplit(link.get("href"))
    assert (parts.scheme, parts.netloc) == ("", "")
    assert unquote(parts.path) == "/source/" + document_id.encode("utf-8", "replace").decode()
    assert parts.path.count("/") == 2


def test_a_number_links_to_its_quote() -> None:
    markup = answer_html(answer())
    [link] = tree(markup).xpath("//a[@class='citation']")
    assert (link.text, link.get("data-number"), link.get("href")) == (
        "1",
        "1",
        "/source/d1?start=120&end=260",
    )
    assert 'href="/source/d1?start=120&amp;end=260"' in markup


def test_a_number_without_its_citation_is_not_shown() -> None:
    given = answer(sentences=(Sentence("It boils.", (1, 7)),))
    assert tree(answer_html(given)).xpath("//a/@data-number") == ["1"]


def test_sources_are_listed_with_title_page_and_a_short_quote() -> None:
    long = citation(2, title="Toasters", page=7, quote="word " * 300)
    [first, second] = tree(answer_html(answer(citations=(citation(), long)))).xpath(
        "//section[@class='sources']//a"
    )
    assert "Kettles" in first.text_content()
    assert "It boils in 95 seconds." in first.text_content()
    assert "Toasters, page 7" in second.text_content()
    assert len(second.text_content()) < 250
    assert second.text_content().endswith("word…")


def test_a_quoted_row_is_listed_without_its_outer_bars() -> None:
    given = answer(citations=(citation(quote="| Arvo | 1.7 |"),))
    assert tree(answer_html(given)).xpath("//q/text()") == ["Arvo | 1.7"]


def test_an_unsupported_sentence_of_a_model_is_marked() -> None:
    given = answer(sentences=(Sentence("It boils.", (1,)), Sentence("It is red.")), mode="model")
    [marked] = tree(answer_html(given)).xpath("//span[contains(@class, 'unsupported')]")
    assert marked.text == "It is red."
    assert "supports" in marked.get("title")


def test_an_answer_of_quotes_has_nothing_unsupported() -> None:
    given = answer(sentences=(Sentence("It boils.", (1,)), Sentence("It is red.")))
    assert not tree(answer_html(given)).xpath("//span[contains(@class, 'unsupported')]")


def test_an_unanswered_question_shows_related_passages_and_cites_nothing() -> None:
    given = answer(
        "The documents do not say.", answered=False, citations=(), related=(citation(), citation(2))
    )
    given = replace(given, sentences=(Sentence("The documents do not say."),))
    root = tree(answer_html(given))
    assert "The documents do not say." in root.text_content()
    assert len(root.xpath("//a[@class='citation related']")) == 2
    assert not root.xpath("//a[@data-number]")


def test_the_notice_is_shown() -> None:
    assert "The model did not answer." in answer_html(answer(notice="The model did not answer."))


def test_a_transcript_holds_the_turns_in_order_and_the_growing_answer_last() -> None:
    turns = [Turn("First?", "First?", answer("One.")), Turn("Second?", "Second?", answer("Two."))]
    root = tree(transcript_html(turns, turn_html("Third?", answer("Three."), growing=True)))
    assert root.xpath("//h2/text()") == ["First?", "Second?", "Third?"]
    assert root.xpath("//article/@class") == ["turn", "turn", "turn growing"]
    assert "Searching" in pending_html("Fourth?")


def test_a_failure_is_told_below_its_question() -> None:
    root = tree(failed_html("How fast?", "The model cannot be reached; try again."))
    assert root.xpath("//h2/text()") == ["How fast?"]
    assert root.xpath("//p[@role='alert']/text()") == ["The model cannot be reached; try again."]


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


def test_an_error_page_escapes_its_sentence() -> None:
    assert "<b>" not in error_page("No document <b>.")
