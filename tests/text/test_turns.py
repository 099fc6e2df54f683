"""Whatever a conversation holds, the page made of it has only our own elements and attributes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markup import answer, assert_only_ours, citation, hostile, shown, tree

from assistant.core.types import Answer, Cell, KeptTurn, Sentence, Turn
from assistant.text.turns import (
    answer_html,
    failed_html,
    pending_html,
    transcript_html,
    turn_html,
    welcome_html,
)


def everywhere(text: str) -> Answer:
    cited = citation(1, document_id=text, passage_id=text, title=text, source=text, quote=text)
    sentences = (Sentence(text, (1,)), Sentence(text))
    return Answer(text, text, True, sentences, (cited,), (cited,), "model", text, text)


@pytest.mark.parametrize("name", ["xss-strings", "naughty-strings"])
def test_attacks_in_every_field_of_an_answer_stay_text(name: str) -> None:
    for text in hostile(name):
        given = everywhere(text)
        for markup in (
            answer_html(given),
            transcript_html([kept(Turn(text, text, given))], failed_html(text, text)),
        ):
            root = tree(markup)
            assert_only_ours(root)
            words = root.xpath("//span[@class='words']")
            assert [span.text_content() for span in words] == [shown(text)] * 2
            assert {a.get("title") for a in root.xpath("//a[@data-number]")} == {shown(text)}


def test_a_chat_over_nothing_leads_to_where_documents_are_added() -> None:
    assert '<a href="#documents">' in welcome_html(0)
    assert "#documents" not in welcome_html(1)


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_document_id_makes_a_path_on_this_server(document_id: str) -> None:
    [link] = tree(answer_html(answer(citations=(citation(document_id=document_id),)))).xpath(
        "//a[@data-number]"
    )
    parts = urlsplit(link.get("href"))
    assert (parts.scheme, parts.netloc) == ("", "")
    assert unquote(parts.path) == "/source/" + document_id.encode("utf-8", "replace").decode()
    assert parts.path.count("/") == 2


def kept(turn: Turn, number: int = 1, verdict: str | None = None) -> KeptTurn:
    return KeptTurn(number, "2026-11-29T18:00:00+00:00", turn, verdict)


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


def test_evidence_is_grouped_by_document_with_short_quotes_and_pages() -> None:
    long = citation(2, document_id="d2", title="Toasters", page=7, quote="word " * 300, start=5)
    other = citation(3, document_id="d2", title="Toasters", page=8, quote="It is red.", start=9)
    root = tree(answer_html(answer("Something else.", citations=(citation(), long, other))))
    [first, second] = root.xpath("//section[@class='sources']/ol/li")
    assert first.xpath(".//q/text()") == ["It boils in 95 seconds."]
    assert second.xpath("./span[@class='title']/text()") == ["Toasters"]
    [beginning, whole] = second.xpath(".//q/text()")
    assert beginning.endswith("word…")
    assert len(beginning) < 250
    assert whole == "It is red."
    assert [link.text_content().split()[-1] for link in second.iter("a")] == ["7", "8"]


def test_evidence_does_not_repeat_what_the_answer_has_quoted() -> None:
    root = tree(answer_html(answer()))
    assert not root.xpath("//q")
    [item] = root.xpath("//section[@class='sources']/ol/li")
    assert item.text_content() == "Kettles Source 1"


def test_a_row_of_a_table_is_a_table_under_the_names_of_its_columns() -> None:
    cells = (Cell("Model", "Arvo"), Cell("Litres", "1.7"))
    row = citation(quote="| Arvo | 1.7 |", cells=cells)
    root = tree(answer_html(answer("Model: Arvo; Litres: 1.7.", citations=(row,))))
    assert root.xpath("//table//th[@dir]/text()") == ["Model", "Litres"]
    assert root.xpath("//table//td[@dir]/text()") == ["Arvo", "1.7"]
    assert "Model:" not in root.text_content()
    assert root.xpath("//table//a/@data-number") == ["1"]


def test_the_first_sentence_leads_and_the_others_follow() -> None:
    given = answer(sentences=(Sentence("It boils.", (1,)), Sentence("It is red.", (1,))))
    root = tree(answer_html(given))
    assert root.xpath("//p[@class='lead']//span[@class='words']/text()") == ["It boils."]
    assert root.xpath("//ul[@class='rest']//span[@class='words']/text()") == ["It is red."]


def test_a_quote_keeps_its_code_and_emphasis_and_shows_no_signs() -> None:
    quote = "Use `chat --port` for **another** [port](https://example.org)."
    root = tree(answer_html(answer("Use chat --port for another port.", citations=(citation(quote=quote),))))
    [words] = root.xpath("//span[@class='words']")
    assert words.text_content() == "Use chat --port for another port."
    assert (words.xpath(".//code/text()"), words.xpath(".//strong/text()")) == (["chat --port"], ["another"])
    assert not words.xpath(".//a")


@pytest.mark.parametrize(
    ("asked", "is_told"), [("and there?", True), ("how  FAST ?", False), ("How fast?", False)]
)
def test_a_question_that_was_understood_otherwise_says_how(asked: str, is_told: bool) -> None:
    root = tree(answer_html(answer(question=asked)))
    assert root.xpath("//span[@class='reading']/text()") == (["How fast?"] if is_told else [])


@pytest.mark.parametrize("verdict", [None, "good", "bad"])
def test_what_a_reader_thought_of_an_answer_is_shown(verdict: str | None) -> None:
    root = tree(transcript_html([kept(Turn("How fast?", "How fast?", answer()), verdict=verdict)]))
    pressed = root.xpath("//button[@aria-pressed='true']/@data-does")
    assert pressed == ([verdict] if verdict else [])


def test_a_very_long_question_is_cut_by_the_page() -> None:
    assert "question long" in failed_html("kettle " * 600, "Shorten it.")
    assert "question long" not in failed_html("How fast?", "Shorten it.")


def test_an_unsupported_sentence_of_a_model_is_marked() -> None:
    given = answer(sentences=(Sentence("It boils.", (1,)), Sentence("It is red.")), mode="model")
    [marked] = tree(answer_html(given)).xpath("//span[contains(@class, 'unsupported')]")
    assert marked.text_content() == "It is red. unsupported"
    assert "supports" in marked.get("title")


def test_an_answer_of_quotes_has_nothing_unsupported() -> None:
    given = answer(sentences=(Sentence("It boils.", (1,)), Sentence("It is red.")))
    assert not tree(answer_html(given)).xpath("//span[contains(@class, 'unsupported')]")


def test_an_unanswered_question_shows_related_passages_and_cites_nothing() -> None:
    given = answer(
        "The documents do not say.",
        answered=False,
        citations=(),
        related=(citation(), citation(2, start=300)),
    )
    given = replace(given, sentences=(Sentence("The documents do not say."),))
    root = tree(answer_html(given))
    assert "The documents do not say." in root.text_content()
    assert len(root.xpath("//a[@class='citation related']")) == 2
    assert not root.xpath("//a[@data-number]")


def test_the_notice_is_shown() -> None:
    assert "The model did not answer." in answer_html(answer(notice="The model did not answer."))


def test_a_transcript_holds_the_turns_in_order_and_the_growing_answer_last() -> None:
    turns = [
        kept(Turn(asked, asked, answer(told))) for asked, told in (("First?", "One."), ("Second?", "Two."))
    ]
    root = tree(transcript_html(turns, turn_html("Third?", answer("Three."), growing=True)))
    assert root.xpath("//h2/text()") == ["First?", "Second?", "Third?"]
    assert root.xpath("//article/@class") == ["turn", "turn", "turn growing"]
    assert "Searching" in pending_html("Fourth?")


def test_a_failure_is_told_below_its_question() -> None:
    root = tree(failed_html("How fast?", "The model cannot be reached; try again."))
    assert root.xpath("//h2/text()") == ["How fast?"]
    assert root.xpath("//p[@role='alert']/text()") == ["The model cannot be reached; try again."]
