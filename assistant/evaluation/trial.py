"""A short trial of a language model: a few golden questions over the shipped documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from assistant.core.config import Settings, bundled
from assistant.evaluation.evaluate import open_shipped_store
from assistant.evaluation.golden import sets
from assistant.evaluation.scoring.scores import has_facts


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of one question."""

    question: str
    right: bool
    mode: str
    citations: int
    notice: str | None
    seconds: float

    @property
    def cited(self) -> str:
        """The source of the answer, for a person: the model with citations, or quotes."""
        return f"{self.citations} citations" if self.mode == "model" else "quotes in place of its reply"


def run(settings: Settings, count: int, notify: Callable[[str], None]) -> Iterator[Trial]:
    """Ask the model of `settings` the first questions of the golden set that have facts."""
    [golden] = sets.load_sets([bundled("eval/golden") / "iran.jsonl"])
    asked = (q for q in sets.questions(golden) if q.answerable and (q.facts or q.patterns))
    with open_shipped_store(settings, notify) as assistant:
        for question in islice(asked, count):
            began = time.perf_counter()
            answer = assistant.ask(question.text)
            seconds = round(time.perf_counter() - began, 2)
            right = answer.answered and has_facts(answer.text, question)
            yield Trial(question.text, right, answer.mode, len(answer.citations), answer.notice, seconds)
