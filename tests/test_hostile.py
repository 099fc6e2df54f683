"""A few of the attacks of `make hostile`, so that each run of the tests meets every kind of them."""

from __future__ import annotations

import random
import re
from itertools import islice
from pathlib import Path

import pytest
from faults.process import alone
from hostile import altered, claims, door, faulty, ledger, models, statements
from model_server import serve
from test_faults import missed

from assistant.assistant import Assistant
from assistant.core.types import Source
from assistant.embedding.embedders import E5
from assistant.retrieval.reader import Reader

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KINDS = {"a clause added", "an attribute added", "another predicate", "a negation", "an opposite"}
"""Of false statements, those of which none passes."""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc to tell what is read")
def test_what_the_page_never_sends_reads_and_copies_nothing() -> None:
    assert [figure for figure in missed(door.figures(2)) if "slowest" not in figure] == []


@alone
def test_damaged_ledgers_lose_no_original_and_are_told(tmp_path: Path) -> None:
    for result in islice(ledger._run(tmp_path, 0, 0, random.Random(0)), 4):
        assert (result.alive, result.kept, result.told, result.sound) == (True,) * 4, result


@pytest.mark.parametrize("shape", ["thoughts", "silence", "drips", "list after list"])
def test_a_model_without_an_end_is_left_at_its_deadline(tmp_path: Path, shape: str) -> None:
    """The time from the deadline to the answer is measured by `make hostile`."""
    with serve(models.SHAPES[shape]) as server, models._opened(tmp_path, server.url, 1.0) as assistant:
        list(assistant.add([Source("kettles.md", lambda: models.TEXT)]))
        answer = assistant.ask(models.QUESTION)
    assert re.search("made without the model|quotes of them instead", answer.notice or "")
    assert "three minutes" in answer.text


def test_each_fault_of_a_model_is_told_and_the_next_turn_works() -> None:
    """The times are measured by `make hostile`."""
    results = faulty.run(1)
    assert [r for r in results if not (r.is_told and r.is_whole and r.goes_on)] == []


def test_of_scripted_sentences_no_changed_figure_name_or_negation_is_shown_unmarked(
    shipped: Assistant,
) -> None:
    assert missed(altered.figures_over(shipped, 6)) == []


def test_of_each_kind_of_false_statement_none_passes(e5: E5) -> None:
    some = {statement.kind: statement for statement in statements.FALSE if statement.kind in KINDS}
    reader = Reader(e5)
    assert [one.sentence for one in some.values() if claims.is_supported(one, e5, reader)] == []
