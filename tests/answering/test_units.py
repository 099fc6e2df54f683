"""Whole units are quoted: answers with their questions, lists with what leads to them, steps with numbers."""

from __future__ import annotations

import pytest
from documents import asked, document, texts

FAQ = {
    "plain": "Library help\n\nHow long is a loan?\nThree weeks.\n\nWho mends books?\nThe bindery.\n",
    "labelled": "Help\n\nQ: How long is a loan?\nA: Three weeks.\n\nQ: Who mends books?\nA: The bindery.\n",
    "bold": "# Help\n\n**How long is a loan?** Three weeks.\n\n**Who mends books?** The bindery.\n",
    "numbered": "Help us\n\n1. How long is a loan?\nThree weeks.\n\n2. Who mends books?\nThe bindery.\n",
    "apart": "# Help\n\n**How long is a loan?**\n\nThree weeks.\n\n**Who mends books?**\n\nThe bindery.\n",
    "german": "Hilfe hier\n\nFrage: How long is a loan?\nAntwort: Three weeks.\n",
}


@pytest.mark.parametrize("form", FAQ)
def test_a_question_in_a_document_is_answered_by_what_follows_it(form: str) -> None:
    found = asked("How long is a loan?", document(FAQ[form], "help.md"), near="How long")
    assert texts(found) == ["Three weeks."]
    assert found.citations[0].quote.endswith("Three weeks.")
    assert "How long is a loan?" in found.citations[0].quote


def test_an_answer_of_several_sentences_is_given_whole() -> None:
    faq = document(
        "**Is there tea?** There is tea at four. Cups are in the hall.\n\n**Is there cake?** On Fridays.\n"
    )
    assert texts(asked("Is there tea?", faq, near="Is there tea")) == [
        "There is tea at four. Cups are in the hall."
    ]


def test_a_yes_is_shown_with_its_question() -> None:
    faq = document(
        "Q: May I bring a dog?\nA: Yes, on a leash.\n\nQ: Who has the keys?\nA: The porter.\n", "faq.txt"
    )
    assert texts(asked("May I bring a dog?", faq, near="dog")) == ["May I bring a dog? Yes, on a leash."]


def test_a_yes_is_no_answer_to_another_question() -> None:
    faq = document(
        "Q: May I bring a dog?\nA: Yes, on a leash.\n\nQ: Who has the keys?\nA: The porter.\n", "faq.txt"
    )
    found = asked("May I smoke in the hall?", faq, near="Yes")
    assert not found.answered
    assert not any("Yes" in text for text in texts(found))


def test_a_question_without_an_answer_is_not_quoted() -> None:
    odd = document("# Talk\n\nThe bell rings at six. Why does it ring?\n")
    assert texts(asked("When does the bell ring?", odd, near="ring")) == ["The bell rings at six."]


LIST = "# House\n\nBefore you go to bed:\n\n- Close the shutters.\n- Feed the cat.\n- Bank the fire.\n"


def test_what_leads_to_a_list_brings_all_of_it() -> None:
    found = asked("What must I do before I go to bed?", document(LIST), near="Before")
    assert texts(found) == ["Before you go to bed:\n- Close the shutters.\n- Feed the cat.\n- Bank the fire."]
    assert found.citations[0].quote == LIST.split("\n\n", 1)[1].strip()


def test_an_item_is_quoted_alone_where_it_is_asked_for() -> None:
    found = asked("What is to be done for the cat?", document(LIST), near="cat")
    assert texts(found)[0] == "Feed the cat."


def test_a_list_that_is_cut_says_how_many_items_are_left_out() -> None:
    items = "".join(f"- Count the spoons in drawer {n}, {'one by one, ' * 8}twice.\n" for n in range(1, 21))
    [text] = texts(
        asked("What must I count?", document(f"# House\n\nWhat you must count:\n\n{items}"), near="What you")
    )
    shown = text.count("- Count")
    assert 1 < shown < 20
    assert text.endswith(f"(+ {20 - shown})")


STEPS = "To bleed the brake:\n1. Open the valve.\n2. Press the pedal.\n3. Close the valve.\n"
LETTERED = "To bleed the brake:\na) Open the valve.\nb) Press the pedal.\nc) Close the valve.\n"


def test_steps_come_all_and_with_their_numbers() -> None:
    found = asked("How do I bleed the brake?", document(STEPS, "brake.txt"), near="bleed")
    assert texts(found) == [STEPS.strip()]


@pytest.mark.parametrize(
    ("question", "step"),
    [
        ("What is step 2 of bleeding the brake?", "2. Press the pedal."),
        ("What is the second step of bleeding the brake?", "2. Press the pedal."),
        ("What is the last step of bleeding the brake?", "3. Close the valve."),
        ("¿Cuál es el paso 2?", "2. Press the pedal."),
    ],
)
def test_a_step_is_found_by_its_number(question: str, step: str) -> None:
    found = asked(question, document(STEPS, "brake.txt"))
    assert (texts(found), found.answered) == ([step], True)


def test_a_lettered_step_is_found_by_its_place() -> None:
    found = asked("What is step 2 of bleeding the brake?", document(LETTERED, "brake.txt"))
    assert texts(found) == ["b) Press the pedal."]


def test_a_step_that_is_not_there_is_none_of_the_others() -> None:
    found = asked("What is step 9 of bleeding the brake?", document(STEPS, "brake.txt"))
    assert not found.answered


def test_a_title_line_is_no_answer() -> None:
    manual = document(
        "Pump manual\n\nThe pump is oiled twice a year by the smith. It stands in the yard.\n", "pump.txt"
    )
    assert texts(asked("Who oils the pump manual?", manual, near="Pump manual")) != []
    assert "Pump manual" not in texts(asked("Who oils the pump?", manual, near="Pump manual"))


def test_marks_and_comments_of_markdown_are_not_shown() -> None:
    guide = document(
        "# Guide\n\n<!-- secret: 70 -->\nThe code **E7** is in [the list](e.md)[^1], see `a_b`.\n"
    )
    found = asked("What is the code E7?", guide, near="E7")
    assert texts(found) == ["The code E7 is in the list, see a_b."]
    assert found.citations[0].quote == "The code **E7** is in [the list](e.md)[^1], see `a_b`."
    assert "secret" not in guide.text


def test_a_comment_in_code_is_code() -> None:
    assert "<!-- kept -->" in document("# Guide\n\n```html\n<!-- kept -->\n```\n").text


def test_a_summary_that_asks_is_answered_by_its_details() -> None:
    page = document(
        "# Guide\n\n<details><summary>When is the bath shut?</summary>\n"
        "The bath is shut on Mondays.\n</details>\n"
    )
    assert texts(asked("When is the bath shut?", page, near="bath")) == ["The bath is shut on Mondays."]


def test_a_follow_up_is_not_asked_for_the_amount_of_the_question_before() -> None:
    answer = asked(
        "How tall is the tower? Who manages it?", document("# Tower\n\nThe Light Trust manages the tower.\n")
    )
    assert texts(answer) == ["The Light Trust manages the tower."]
