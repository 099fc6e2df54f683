"""The sets that grow in the home folder: what a person wrote stays, and drafts are kept without text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_report import Shelf, document

from assistant.core.errors import NotFound, ReadError
from assistant.evaluation.drafting.drafts import drafts
from assistant.evaluation.drafting.own_sets import Own
from assistant.evaluation.drafting.suggest import Suggestion
from assistant.evaluation.golden.sets import Place, Question

BEES = replace(document("A bee dance is a dance of bees in a hive.\n", "Dance", "bees.md"), id="b1")
(DRAFT,) = drafts(BEES)


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


def test_a_question_is_added_replaced_and_removed_beside_what_a_person_wrote(own: Own) -> None:
    own.put("own", Question("a", "Why?"))
    written = json.dumps({"id": "talk", "turns": [{"question": "Who?"}, {"question": "When?"}]})
    with own.path("own").open("a") as file:
        file.write(f"\n{written}\n")
    own.put("own", Question("b", "How?"))
    own.put("own", Question("a", "Why so?"))
    assert [q.text for q in own.questions("own")] == ["Who?", "When?", "How?", "Why so?"]
    own.remove("own", "b")
    assert written in own.path("own").read_text()
    with pytest.raises(NotFound):
        own.remove("own", "b")


def test_a_wrong_line_of_a_set_is_named(own: Own) -> None:
    own.put("own", Question("a", "Why?"))
    with own.path("own").open("a") as file:
        file.write('{"question": 3}\n')
    with pytest.raises(ReadError, match="Line 2 of own"):
        own.put("own", Question("b", "How?"))


def test_drafts_are_kept_without_a_word_of_their_document(own: Own, tmp_path: Path) -> None:
    own.keep([Suggestion(DRAFT, "bees.md", ("other.md",))])
    own.keep([Suggestion(DRAFT, "bees.md")])
    kept = (tmp_path / "golden" / "drafts.jsonl").read_text()
    assert "bee dance" not in kept
    assert own.pending(Shelf(BEES)) == [Suggestion(DRAFT, "bees.md")]
    assert own.pending(Shelf(BEES, document("x", source="other.md")))[0].elsewhere == ("other.md",)
    assert own.pending(Shelf()) == []


def test_what_was_rejected_is_known_and_waits_no_more(own: Own) -> None:
    own.keep([Suggestion(DRAFT, "bees.md")])
    own.reject(DRAFT.id)
    assert own.pending(Shelf(BEES)) == []
    assert own.decided() == own.known() == {DRAFT.id}
    with pytest.raises(NotFound):
        own.reject(DRAFT.id)


def test_facts_that_were_left_as_drafted_stay_places_and_others_become_words(own: Own) -> None:
    own.keep([Suggestion(DRAFT, "bees.md")])
    made = own.accept(DRAFT.id, Shelf(BEES), "What is it?", ["dance of bees in a hive", " waggle "])
    ((drafted,), (typed,)) = made.facts
    assert isinstance(drafted, Place)
    assert (typed, made.text) == ("waggle", "What is it?")
    assert own.questions("own") == [made]
