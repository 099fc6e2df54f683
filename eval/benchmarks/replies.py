"""Replies of a real small model, played to the product: what of them is shown, and what becomes of the rest.

`small-model.jsonl.gz` has, for each question of a conversation, what the model wrote to it. Each sentence of
these replies was judged by hand against the shipped corpus: `eval/checks/replies.jsonl`; null is for what
is neither true nor false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from assistant.answering.model import replies
from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Answer
from assistant.evaluation import evaluate
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import has_facts
from eval.benchmarks.corpus import progress
from eval.benchmarks.data import find, read_rows
from eval.benchmarks.player import playing

LABELS = Path(__file__).parents[1] / "checks" / "replies.jsonl"
WAYS = {
    "verbose": "verbose prompt",
    "short": "short prompt, passages",
    "grammar": "short prompt and a grammar",
}
"""How the model was asked: the name of the figures, and how the data's own name of it begins."""
CONDENSING = "Last question: "
MANY = 1000
"""More than a prompt has passages: numbers that occur in none are no part of a sentence either."""


@dataclass(frozen=True, slots=True)
class Played:
    """A question, what the model wrote to it, and the answer that was made of that."""

    row: Mapping[str, Any]
    answer: Answer

    @property
    def said(self) -> list[str]:
        """The sentences of the reply."""
        written = self.row["completion"]
        return [] if replies.is_not_found(written) else [c.text for c in replies.claims(written, MANY)]

    @property
    def shown(self) -> list[str]:
        """The sentences of the answer that have a citation."""
        return [sentence.text for sentence in self.answer.sentences if sentence.citations]

    @property
    def is_right(self) -> bool:
        """True if the answer has all facts of the question."""
        facts = [fact if isinstance(fact, list) else [fact] for fact in self.row["facts"]]
        question = Question("", self.row["question"], facts=tuple(map(tuple, facts)))
        return self.answer.answered and has_facts(self.answer.text, question)


def run(data: Path, limit: int | None = None) -> dict[str, dict[str, float]]:
    """The figures of each way in which the model was asked."""
    [path] = find(data, "small-model.jsonl")
    rows = list(read_rows(path))
    labels = {row["sentence"]: row["true"] for row in read_rows(LABELS)}
    with evaluate.open_shipped_store(config.load({}), lambda _: None) as assistant:
        home = assistant.settings.home
        assistant.close()
        played = {
            name: list(play([row for row in rows if row["how"].startswith(how)][:limit], home))
            for name, how in WAYS.items()
        }
    return {name: figures(some, labels) for name, some in played.items()}


def play(rows: Sequence[Mapping[str, Any]], home: Path) -> Iterator[Played]:
    """Ask the questions of `rows` in order of the store in `home`, whose model replies what they say."""
    with _asking(home) as (assistant, now):
        conversation = ""
        for row in progress(rows, "Asking"):
            is_condensed = CONDENSING in row["prompt"]
            now["condense" if is_condensed else "answer"] = row["completion"]
            if is_condensed:
                continue
            conversation = conversation if row["turn"] else uuid4().hex
            yield Played(row, assistant.ask(row["question"], conversation))
            now.clear()


@contextmanager
def _asking(home: Path) -> Iterator[tuple[Assistant, dict[str, str]]]:
    """Open the store with a model that writes what the mapping says now."""
    now: dict[str, str] = {}
    with ExitStack() as stack:
        url = stack.enter_context(playing(lambda prompt: now[_asked(prompt)]))
        settings = replace(config.load({}), home=home, model="played", base_url=url, corpus=None)
        yield stack.enter_context(Assistant.open(settings)), now


def _asked(prompt: str) -> str:
    return "condense" if CONDENSING in prompt else "answer"


def figures(played: Sequence[Played], labels: Mapping[str, bool | None]) -> dict[str, float]:
    """The counts over some questions.

    A sentence that the answer has with a citation is shown unmarked, whoever wrote it; a true sentence of the
    reply that has none in the answer is withheld.
    """
    answerable = [one for one in played if one.row["answerable"]]
    others = [one for one in played if not one.row["answerable"]]
    shown = [labels[text] for one in played for text in one.shown if text in one.said]
    withheld = [text for one in played for text in one.said if labels[text] and text not in one.shown]
    return {
        "answerable": len(answerable),
        "right": sum(one.is_right for one in answerable),
        "abstained_wrongly": sum(not one.answer.answered for one in answerable),
        "unanswerable": len(others),
        "abstained_rightly": sum(not one.answer.answered for one in others),
        "shown": len(shown),
        "false_shown_unmarked": shown.count(False),
        "true_withheld": len(withheld),
    }
