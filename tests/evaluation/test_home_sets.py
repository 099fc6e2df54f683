"""The sets that grow in the home folder: what a person wrote stays, and drafts are kept without text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_report import Documents, document

from assistant.core.errors import NotFound, ReadError
from assistant.evaluation.drafting.drafts import draft_questions
from assistant.evaluation.drafting.home_sets import HomeSets
from assistant.evaluation.drafting.suggest import Suggestion
from assistant.evaluation.golden.sets import Place, Question

BEES = replace(document("A bee dance is a dance of bees in a hive.\n", "Dance", "bees.md"), id="b1")
(DRAFT,) = draft_questions(BEES)


@pytest.fixture
def own(tmp_path: Path) -> HomeSets:
    return HomeSets(tmp_path)


def test_a_question_is_added_replaced_and_removed_beside_what_a_person_wrote(own: HomeSets) -> None:
    own.save_question("own", Question("a", "Why?"))
    written = json.dumps({"id": "talk", "turns": [{"question": "Who?"}, {"question": "When?"}]})
    with own.path("own").open("a") as file:
        file.write(f"\n{written}\n")
    own.save_question("own", Question("b", "How?"))
    own.save_question("own", Question("a", "Why so?"))
    assert [q.text for q in own.questions("own")] == ["Who?", "When?", "How?", "Why so?"]
    own.remove_question("own", "b")
    assert written in own.path("own").read_text()
    with pytest.raises(NotFound):
        own.remove_question("own", "b")


def test_a_wrong_line_of_a_set_is_named(own: HomeSets) -> None:
    own.save_question("own", Question("a", "Why?"))
    with own.path("own").open("a") as file:
        file.write('{"question": 3}\n')
    with pytest.raises(ReadError, match="Line 2 of own"):
        own.save_question("own", Question("b", "How?"))


def test_drafts_are_kept_without_a_word_of_their_document(own: HomeSets, tmp_path: Path) -> None:
    own.add_drafts([Suggestion(DRAFT, "bees.md", ("other.md",))])
    own.add_drafts([Suggestion(DRAFT, "bees.md")])
    stored = (tmp_path / "golden" / "drafts.jsonl").read_text()
    assert "bee dance" not in stored
    assert own.pending_drafts(Documents(BEES)) == [Suggestion(DRAFT, "bees.md")]
    assert own.pending_drafts(Documents(BEES, document("x", source="other.md")))[0].elsewhere == ("other.md",)
    assert own.pending_drafts(Documents()) == []


def test_what_was_rejected_is_known_and_waits_no_more(own: HomeSets) -> None:
    own.add_drafts([Suggestion(DRAFT, "bees.md")])
    own.reject(DRAFT.id)
    assert own.pending_drafts(Documents(BEES)) == []
    assert own.decided_ids() == own.known_ids() == {DRAFT.id}
    with pytest.raises(NotFound):
        own.reject(DRAFT.id)


def test_facts_that_were_left_as_drafted_stay_places_and_others_become_words(own: HomeSets) -> None:
    own.add_drafts([Suggestion(DRAFT, "bees.md")])
    made = own.accept(DRAFT.id, Documents(BEES), "What is it?", ["dance of bees in a hive", " waggle "])
    ((drafted,), (typed,)) = made.facts
    assert isinstance(drafted, Place)
    assert (typed, made.text) == ("waggle", "What is it?")
    assert own.questions("own") == [made]
