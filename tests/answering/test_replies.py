"""Replies: plain sentences with their numbers, however a model interprets the requested format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.model.replies import Claim, claims, is_not_found, is_undecided, visible


def told(text: str, known: int = 5) -> list[tuple[str, tuple[int, ...]]]:
    return [(claim.text, claim.numbers) for claim in claims(text, known)]


@pytest.mark.parametrize(
    "reply",
    [
        "Fish is sold. [1][2]",
        "Fish is sold [1, 2].",
        "Fish is sold [1] [2].",
        "Fish is sold. (1, 2)",
        "Fish is sold (1)(2).",
        "Fish is sold【1】【2】.",
        "Fish is sold【1†source】【2†source】.",
        "Fish [1] is sold [2].",
        "Fish is sold [1-2].",
        "Fish is sold [passages 1 and 2].",
        "Fish is sold [^1][^2].",
        r"Fish is sold \[1\]\[2\].",
        "Fish is sold [1](http://a.example)[2](http://b.example).",
        "Fish is sold.<sup>1,2</sup>",
        "Fish is sold.\n[1]\n[2]",
        "Fish is sold.\n\nSources: [1], [2]",
        "[1][2] Fish is sold.",
        "**Answer:** Fish is sold. [1][2]",
        "<think>Is it [3]? No.</think>\n\nFish is sold. [1][2]",
        "Let me see [3].</think>Fish is sold. [1][2]",
        "Fish is sold. [1][2]\n\n**Sources:**\n1. Trade of Norway [1]\n2. Ports [2]",
    ],
)
def test_numbers_belong_to_the_sentence_before_them(reply: str) -> None:
    assert told(reply) == [("Fish is sold.", (1, 2))]


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        ("A fish. [1] Some oil. [2]", [("A fish.", (1,)), ("Some oil.", (2,))]),
        ("A fish.[1]Some oil.[2]", [("A fish.", (1,)), ("Some oil.", (2,))]),
        ("A fish [1]\nSome oil [2]", [("A fish", (1,)), ("Some oil", (2,))]),
        ("[1] A fish.\n[2] Some oil.", [("A fish.", (1,)), ("Some oil.", (2,))]),
        (
            "Dr. Ek sold 3.5 t to the U.S. [1] He won.",
            [("Dr. Ek sold 3.5 t to the U.S.", (1,)), ("He won.", ())],
        ),
        ("Sold in 1404 (2025), (1) fish and (2) oil.", [("Sold in 1404 (2025), (1) fish and (2) oil.", ())]),
        ("A fish (9).", [("A fish (9).", ())]),
        ("A fish [9].", [("A fish.", (9,))]),
        ("Norway\nsells fish. [1]", [("Norway sells fish.", (1,))]),
        ("魚が売られた。[1] 油も。[2]", [("魚が売られた。", (1,)), ("油も。", (2,))]),
    ],
)
def test_sentences_are_told_apart(reply: str, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert told(reply) == sentences


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        ("## Trade\n\nNorway sells fish. [1]", [("Trade: Norway sells fish.", (1,))]),
        ("- Fish is sold. [1]\n* Oil is not. [2]", [("Fish is sold.", (1,)), ("Oil is not.", (2,))]),
        ("1. Fish is sold. [1]\n2. Oil is not. [2]", [("Fish is sold.", (1,)), ("Oil is not.", (2,))]),
        ("Norway sells:\n- fish\n- oil [1]", [("Norway sells: fish, oil", (1,))]),
        ("**Norway** sells *fish*, `oil` and ~~gas~~. [1]", [("Norway sells fish, oil and gas.", (1,))]),
        ("> See [the port](http://a.example) ![of Bergen](x.png). [1]", [("See the port of Bergen.", (1,))]),
        ("```\nNorway sells fish. [1]\n```", [("Norway sells fish.", (1,))]),
        ("    Norway sells fish. [1]", [("Norway sells fish.", (1,))]),
        ("Norway <b>sells</b> fish<br/>. [1]", [("Norway sells fish.", (1,))]),
        (
            "<p onclick='x()'>Norway sells &lt;script&gt;fish&lt;/script&gt;.</p> [1]",
            [("Norway sells fish.", (1,))],
        ),
        (
            "| Port | Goods |\n|---|---|\n| Bergen | fish [1] |\n| Oslo | oil [2] |",
            [("Port, Goods: Bergen, fish", (1,)), ("Oslo, oil", (2,))],
        ),
        ("Use `assistant show <ID>`. [1]", [("Use assistant show <ID>.", (1,))]),
        ("Is 2 * 3 < 7? [1]", [("Is 2 * 3 < 7?", (1,))]),
    ],
)
def test_markdown_becomes_plain_sentences(reply: str, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert told(reply) == sentences


def test_a_later_item_of_a_list_knows_what_it_continues() -> None:
    found = claims("Norway sells:\n\n- fish [1]\n- oil [2]\n\nBergen is a port. [3]", 5)
    assert found == [
        Claim("Norway sells: fish", (1,)),
        Claim("oil", (2,), after="Norway sells:"),
        Claim("Bergen is a port.", (3,)),
    ]


@pytest.mark.parametrize(
    "reply",
    [
        "NOT FOUND",
        "NOT FOUND.",
        "not found",
        "Not found.",
        '"NOT FOUND"',
        "**NOT FOUND**",
        "NOT_FOUND",
        "Answer: NOT FOUND",
        "The answer is NOT FOUND.",
        "NOT FOUND. The passages speak of fish only. [1]",
        "<think>Fish?</think>\nNOT FOUND\n",
    ],
)
def test_not_found_is_understood(reply: str) -> None:
    assert is_not_found(reply)
    assert all(is_undecided(reply[:end]) or is_not_found(reply[:end]) for end in range(len(reply)))


@pytest.mark.parametrize(
    "reply", ["Not found in Oslo, the fish is sold in Bergen. [1]", "Fish. NOT FOUND", "No.", ""]
)
def test_what_is_an_answer_is_not_taken_for_not_found(reply: str) -> None:
    assert not is_not_found(reply)


def test_not_found_after_an_answer_is_no_sentence() -> None:
    assert told("Fish is sold. [1] NOT FOUND.") == [("Fish is sold.", (1,))]


LONG = "A:\n- **fish** [1]\n- oil [2, 3]\n\nPorts (few) sold 3.5 t. [1] It was [4] little (2).\n\nEnd【5】"


def test_a_sentence_that_is_finished_does_not_change_any_more() -> None:
    whole = claims(LONG, 5)
    for end in range(len(LONG)):
        finished = claims(LONG[:end], 5)[:-1]
        assert finished == whole[: len(finished)]


def test_no_half_bracket_is_shown_while_a_reply_grows() -> None:
    growing = [claim.text for end in range(len(LONG)) for claim in claims(LONG[:end], 5)]
    assert not [text for text in growing if set("[【】]*") & set(text) or text.endswith("(")]


@given(st.text(alphabet="aB1.[]()【】*_#|`<>/\\&;:!?- \n\t\ue000\ue001é", max_size=120))
def test_any_reply_can_be_read(reply: str) -> None:
    for claim in claims(reply, 3):
        assert claim.text == claim.text.strip() != ""
        assert "\n" not in claim.text
        assert not set("\ue000\ue001") & set(claim.text)
    assert isinstance(visible(reply), str)
