"""The assistant as a whole: from a store and a question to an answer that can be checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import given as sources
from conftest import together
from model_server import refused, serve, text

from assistant.answering.answers import NOT_FOUND, NOTHING_THERE
from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.errors import NotFound, QuestionError, StoreBusy, StoreError
from assistant.core.types import AddResult, Answer, Citation
from assistant.store import lock

KETTLE = """# Arvo kettle

The Arvo kettle boils one litre in 95 seconds. Descale it every three months with citric acid.
"""
TOASTER = "# Brisa toaster\n\nThe Brisa toaster has seven browning levels and a crumb tray.\n"
HOW_FAST = "How fast does the Arvo kettle boil a litre?"


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """With two manuals."""
    with Assistant.open(settings) as opened:
        assert [o.status for o in opened.add(sources(kettle=KETTLE, toaster=TOASTER))] == ["added", "added"]
        yield opened


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of three documents to fill a store with."""
    folder = tmp_path / "corpus"
    (folder / "manuals").mkdir(parents=True)
    (folder / "manuals" / "kettle.md").write_text(KETTLE)
    (folder / "manuals" / "toaster.md").write_text(TOASTER)
    (folder / "about.md").write_text("# About\n\nManuals of the house.\n")
    return folder


def are_exact(assistant: Assistant, citations: tuple[Citation, ...]) -> bool:
    return all(assistant.show(c.document_id).text[c.start : c.end] == c.quote for c in citations)


def named(assistant: Assistant, title: str) -> str:
    return next(entry.id for entry in assistant.list() if entry.title == title)


# -- asking ------------------------------------------------------------------------------------------


def test_a_question_is_answered_with_exact_quotes(assistant: Assistant) -> None:
    answer = assistant.ask(HOW_FAST)
    assert answer.answered
    assert "95 seconds" in answer.text
    assert {c.title for c in answer.citations} == {"Arvo kettle"}
    assert are_exact(assistant, answer.citations)
    assert (answer.mode, answer.model, answer.notice, answer.related) == ("extractive", None, None, ())
    assert set(answer.timings_ms) == {"retrieve", "answer", "total"}


def test_what_the_documents_do_not_say_is_not_answered(assistant: Assistant) -> None:
    answer = assistant.ask("Who painted the ceiling of the Sistine Chapel?")
    assert not answer.answered
    assert answer.text == NOT_FOUND
    assert answer.citations == ()
    assert answer.related
    assert are_exact(assistant, answer.related)


def test_a_store_without_documents_says_so(settings: Settings) -> None:
    with Assistant.open(settings) as empty:
        answer = empty.ask(HOW_FAST, "c")
        assert (answer.answered, answer.text, answer.citations, answer.related) == (
            False,
            NOTHING_THERE,
            (),
            (),
        )


def test_an_answer_grows_and_ends_as_the_whole(assistant: Assistant) -> None:
    *growing, whole = assistant.stream("How is the Arvo kettle descaled and how fast does it boil?")
    assert growing
    for less, more in itertools.pairwise([*growing, whole]):
        assert more.sentences[: len(less.sentences)] == less.sentences
        assert more.citations[: len(less.citations)] == less.citations
    assert replace(whole, timings_ms={}) == growing[-1]


def test_a_follow_up_is_understood_from_its_own_conversation(assistant: Assistant) -> None:
    assistant.ask(HOW_FAST, "kettle")
    assistant.ask("How many browning levels does the Brisa toaster have?", "toaster")
    after = assistant.ask("And how often should it be descaled?", "kettle")
    assert "three months" in after.text
    assert "kettle" in after.search_query
    assert after.question == "And how often should it be descaled?"
    assert assistant.ask("Why?").search_query == "Why?"
    assert [turn.question for turn in assistant.turns("kettle")] == [HOW_FAST, after.question]
    assert assistant.turns("kettle")[-1].answer == after


def test_a_conversation_outlives_the_process(settings: Settings) -> None:
    with Assistant.open(settings) as first:
        first.add_bytes(KETTLE.encode(), "kettle.md")
        first.ask(HOW_FAST, "c")
    with Assistant.open(settings) as second:
        assert "three months" in second.ask("And how often should it be descaled?", "c").text


def test_a_long_conversation_goes_on(assistant: Assistant) -> None:
    for number in range(9):
        assistant.ask(f"Is there a manual number {number}?", "long")
    assert assistant.ask(HOW_FAST, "long").answered
    assert len(assistant.turns("long")) == 10


def test_a_question_that_is_left_before_its_end_is_no_turn(assistant: Assistant) -> None:
    next(assistant.stream(HOW_FAST, "left"))
    assert assistant.turns("left") == []


def test_halves_of_characters_do_no_harm(assistant: Assistant) -> None:
    answer = assistant.ask(f"{HOW_FAST} \ud83d", "talk")
    assert answer.answered
    assert answer.question == f"{HOW_FAST} ?"
    assert [turn.answer for turn in assistant.turns("talk")] == [answer]
    with pytest.raises(QuestionError):
        assistant.ask(HOW_FAST, "talk \udcff")


@pytest.mark.parametrize(
    "question", ["?", "\0", "☃", "the", "a " * 2000, "| --- |", "<b>x</b>", "AND OR NOT ("]
)
def test_questions_without_sense_get_a_sentence(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question, "odd")
    assert answer.text
    assert are_exact(assistant, answer.citations + answer.related)


# -- with a model ------------------------------------------------------------------------------------


def test_a_model_writes_the_answer_and_its_citations_are_checked(assistant: Assistant) -> None:
    reply = "The Arvo kettle boils one litre in 95 seconds. [1] It was made on the moon in 1850. [1]"
    with serve(text(reply)) as model:
        assistant.settings = replace(assistant.settings, model="m", base_url=model.url)
        answer = assistant.ask(HOW_FAST)
    assert (answer.mode, answer.model, answer.notice) == ("model", "m", None)
    assert answer.sentences[0].citations == (1,)
    assert answer.sentences[1].citations == ()
    assert "95 seconds" in answer.citations[0].quote
    assert are_exact(assistant, answer.citations)


def test_where_the_model_cannot_be_reached_the_answer_is_made_without_it(assistant: Assistant) -> None:
    assistant.settings = replace(assistant.settings, model="m", base_url=refused())
    answer = assistant.ask(HOW_FAST, "c")
    assert answer.answered
    assert answer.mode == "extractive"
    assert "95 seconds" in answer.text
    assert answer.notice
    assert answer.notice.endswith("This answer was made without the model.")
    nothing = assistant.ask("Who painted the ceiling of the Sistine Chapel?")
    assert not nothing.answered
    assert nothing.notice


# -- filling -----------------------------------------------------------------------------------------


def test_an_empty_store_is_filled_once(settings: Settings, corpus: Path) -> None:
    told: list[tuple[str, int]] = []
    with Assistant.open(replace(settings, corpus=corpus)) as assistant:
        assert assistant.fill(lambda outcome, of: told.append((outcome.source, of))) == 3
        assert told == [
            ("corpus/about.md", 3),
            ("corpus/manuals/kettle.md", 3),
            ("corpus/manuals/toaster.md", 3),
        ]
        assert assistant.fill(lambda *_: pytest.fail("filled again")) == 0
    (corpus / "more.md").write_text("# More\n\nMore text.\n")
    with Assistant.open(replace(settings, corpus=corpus)) as again:
        assert again.fill() == 0
        assert len(again.list()) == 3


def test_a_store_with_documents_of_one_s_own_is_left_as_it_is(settings: Settings, corpus: Path) -> None:
    with Assistant.open(replace(settings, corpus=corpus)) as assistant:
        assistant.add_bytes(b"# Mine\n\nMy own text.\n", "mine.md")
        assert assistant.fill() == 0
        assert [entry.title for entry in assistant.list()] == ["Mine"]
        assistant.remove(named(assistant, "Mine"))
        assert assistant.fill() == 0, "an emptied store is filled with what nobody added"
        assert assistant.list() == []


def test_without_a_corpus_nothing_is_filled_until_there_is_one(settings: Settings, corpus: Path) -> None:
    with Assistant.open(settings) as assistant:
        assert assistant.fill() == 0
    with Assistant.open(replace(settings, corpus=corpus)) as assistant:
        assert assistant.fill() == 3


def test_a_filling_that_was_interrupted_is_taken_up(settings: Settings, corpus: Path) -> None:
    def interrupt(outcome: AddResult, of: int) -> None:
        raise KeyboardInterrupt

    with Assistant.open(replace(settings, corpus=corpus)) as assistant:
        with pytest.raises(KeyboardInterrupt):
            assistant.fill(interrupt)
        assert assistant.fill() == 3
        assert len(assistant.list()) == 3


def test_what_was_removed_is_not_brought_back_by_filling(settings: Settings, corpus: Path) -> None:
    def interrupt(outcome: AddResult, of: int) -> None:
        raise KeyboardInterrupt

    with Assistant.open(replace(settings, corpus=corpus)) as assistant:
        with pytest.raises(KeyboardInterrupt):
            assistant.fill(interrupt)
        assistant.remove(named(assistant, "Arvo kettle"))
        assistant.fill()
        assert "Arvo kettle" not in [entry.title for entry in assistant.list()]


# -- documents ---------------------------------------------------------------------------------------


def test_what_is_removed_answers_no_more_and_is_quoted_nowhere(assistant: Assistant) -> None:
    assistant.ask(HOW_FAST, "c")
    assert assistant.remove(named(assistant, "Arvo kettle")).title == "Arvo kettle"
    answer = assistant.ask(HOW_FAST, "c")
    assert "95" not in answer.text
    assert not any("95" in c.quote for c in answer.citations + answer.related)
    assert "95 seconds" not in str(assistant.turns("c"))
    assert assistant.check().problems == ()


def test_what_is_not_there_is_told(assistant: Assistant) -> None:
    for call in (assistant.show, assistant.remove):
        with pytest.raises(NotFound, match="assistant list"):
            call("nothing")


def test_a_new_version_answers_and_the_old_one_does_not(assistant: Assistant) -> None:
    outcome = assistant.add_bytes(KETTLE.replace("95", "80").encode(), "kettle.md")
    assert outcome.status == "updated"
    answer = assistant.ask(HOW_FAST)
    assert "80 seconds" in answer.text
    assert "95" not in answer.text


def test_threads_ask_while_others_add_and_remove(assistant: Assistant) -> None:
    """Each answer is from one version or the other, exactly quoted, or empty; never a mixture."""

    def work(number: int) -> list[Answer]:
        if number:
            return [assistant.ask(HOW_FAST, f"c{number}") for _ in range(12)]
        for seconds in range(20, 28):
            version = KETTLE.replace("95 seconds", f"{seconds} seconds") + f"\nMade in year {seconds}.\n"
            assert assistant.add_bytes(version.encode(), "kettle.md").status == "updated"
            outcome = assistant.add_bytes(f"# Lamp {seconds}\n\nA lamp.\n".encode(), "lamp.md")
            assistant.remove(outcome.document_id or "")
        return []

    answers = [answer for some in together(4, work) for answer in some]
    assert len(answers) == 36
    for answer in answers:
        assert len({c.document_id for c in answer.citations if c.source == "kettle.md"}) <= 1
    assert assistant.check().problems == ()
    assert len(assistant.list()) == 2


# -- opening -----------------------------------------------------------------------------------------


def test_a_store_that_is_open_cannot_be_opened_again(assistant: Assistant) -> None:
    with pytest.raises(StoreBusy, match="has the store open"):
        Assistant.open(assistant.settings)


def test_a_store_that_cannot_be_opened_is_not_held(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "ledger.db").write_bytes(b"no database " * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Assistant.open(settings)
    held = lock.acquire(settings.home, "a test")
    assert isinstance(held, lock.Lock)
    held.release()


# -- conversations -----------------------------------------------------------------------------------


def test_a_greeting_is_replied_to_without_looking_anything_up(assistant: Assistant) -> None:
    answer = assistant.ask("hello")
    assert (answer.answered, answer.citations, answer.related) == (False, (), ())
    assert "the 2 documents here" in answer.text


def test_a_question_that_names_nothing_is_asked_back(assistant: Assistant) -> None:
    answer = assistant.ask("How much does it cost?", "c")
    assert (answer.answered, answer.citations, answer.related) == (False, (), ())
    assert answer.text == "What does “it” refer to? Ask the question once more with the name of it."


def test_small_talk_is_no_topic(assistant: Assistant) -> None:
    levels = "How many browning levels does the Brisa toaster have?"
    assistant.ask(levels, "c")
    assistant.ask("thanks", "c")
    assert assistant.ask("Does it have a tray?", "c").search_query == f"{levels} Does it have a tray?"


def test_a_follow_up_on_something_else_of_the_kind_does_not_repeat_the_answer(settings: Settings) -> None:
    trade = "# Trade\n\nNorway sells fish to Peru for 3 million dollars a year. Chile is far away.\n"
    with Assistant.open(settings) as opened:
        list(opened.add(sources(trade=trade)))
        assert "3 million" in opened.ask("How much fish does Norway sell to Peru?", "c").text
        answer = opened.ask("and to Chile?", "c")
    assert answer.search_query == "How much fish does Norway sell to Chile?"
    assert "3 million" not in answer.text


def test_a_mistyped_word_is_mended_and_that_is_said(assistant: Assistant) -> None:
    shouted = assistant.ask("HOW MANY BROWNING LEVLES HAS THE BRISA TOASTER?")
    assert shouted.search_query == "How many browning levels has the brisa toaster?"
    assert shouted.understood == "Searched for “levels”, as “levles” is in no document."
