"""A short trial of a language model: a few golden questions over the shipped documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.assistant import Assistant
from assistant.core.config import Settings, bundled
from assistant.core.endpoint import OPENAI, require_url
from assistant.core.model_choice import ModelChoice, as_key
from assistant.evaluation.evaluate import open_shipped_store
from assistant.evaluation.golden import sets
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import has_facts


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcomes with plain sentences, and with JSON by a schema."""

    plain: Sequence[Trial]
    structured: Sequence[Trial]

    @property
    def is_gain(self) -> bool:
        """True if the model does better with the schema: more is right, or more is its own and shown."""
        return _merit(self.structured) > _merit(self.plain)


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


def compare(settings: Settings, count: int, notify: Callable[[str], None]) -> Comparison:
    """Ask the model of `settings` the first golden questions that have facts, for each form of answers."""
    [golden] = sets.load_sets([bundled("eval/golden") / "iran.jsonl"])
    asked = [q for q in sets.questions(golden) if q.answerable and (q.facts or q.patterns)][:count]
    key = as_key(require_url(settings.base_url or OPENAI, "OPENAI_BASE_URL"), settings.model or "")
    choice = ModelChoice(settings.base_url, settings.model, settings.api_key, structured=(key,))
    with open_shipped_store(replace(settings, structured=(), model_is_fixed=False), notify) as assistant:
        plain = [_ask(assistant, question) for question in asked]
        notify("Asking the same by a JSON schema.")
        assistant.use_model(choice)
        return Comparison(plain, [_ask(assistant, question) for question in asked])


def _ask(assistant: Assistant, question: Question) -> Trial:
    began = time.perf_counter()
    answer = assistant.ask(question.text)
    seconds = round(time.perf_counter() - began, 2)
    right = answer.answered and has_facts(answer.text, question)
    return Trial(question.text, right, answer.mode, len(answer.citations), answer.notice, seconds)


def _merit(trials: Sequence[Trial]) -> tuple[int, int]:
    by_model = [trial for trial in trials if trial.mode == "model"]
    return sum(trial.right for trial in by_model), len(by_model)
