"""Marks by a model: LlamaIndex's evaluators with our prompts, through our own client."""

from __future__ import annotations

import functools
import re
import secrets
import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Any

from llama_index.core.evaluation import CorrectnessEvaluator, FaithfulnessEvaluator, RelevancyEvaluator
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.prompts import PromptTemplate

from assistant.answering.model import prompts
from assistant.answering.model.language_model import CONTEXT, Model
from assistant.core.errors import ModelError
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import ExaminedAnswer

WORST = 1.0
FORGIVEN = 1
"""Known statements that a judge may take wrongly: half of them are guessed right."""


class ClientLLM(CustomLLM):
    """Adapter of our client, with its deadline and its refusal of redirects, to LlamaIndex."""

    client: Any

    @property
    def metadata(self) -> LLMMetadata:
        """Name and context window."""
        return LLMMetadata(model_name=self.client.name, context_window=CONTEXT)

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        """Return the whole reply. Raises ModelError."""
        return CompletionResponse(text=self.client.complete(prompt))

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        """Yield the reply in one piece, as evaluators read it whole."""
        yield self.complete(prompt)


class Judge:
    """A model that marks answers. If it cannot be reached, there are no marks."""

    def __init__(self, model: Model) -> None:
        client = ClientLLM(client=model)
        # Unknown to documents, so that none can end the block of data.
        fence = secrets.token_hex(4)
        # Templates, as FaithfulnessEvaluator ignores a plain string.
        faithful = PromptTemplate(
            prompts.load("faithfulness", fence=fence, passages="{context_str}", statement="{query_str}")
        )
        relevant = PromptTemplate(
            prompts.load("relevancy", fence=fence, passages="{context_str}", exchange="{query_str}")
        )
        correct = PromptTemplate(
            prompts.load(
                "correctness",
                fence=fence,
                question="{query}",
                reference="{reference_answer}",
                answer="{generated_answer}",
            )
        )
        # The passages of an answer fit into one prompt, so the refine templates are not used.
        self._faithful = FaithfulnessEvaluator(client, eval_template=faithful, refine_template=faithful)
        self._relevant = RelevancyEvaluator(client, eval_template=relevant, refine_template=relevant)
        self._correct = CorrectnessEvaluator(client, eval_template=correct, parser_function=parse_grade)

    def mistakes(self) -> int:
        """Return how many known statements the model judges wrongly.

        Raises:
            ModelError: it cannot be asked.
        """
        return sum(self._supports(each["text"], each["passage"]) != each["supported"] for each in _known())

    def _supports(self, text: str, passage: str) -> bool:
        return bool(self._faithful.evaluate(query="", response=text, contexts=[passage]).passing)

    def marks(self, question: Question, examined: ExaminedAnswer) -> dict[str, float]:
        """Return faithfulness and relevancy of an answer, 0 or 1, and correctness, 1 to 5, if there is a
        reference; abstaining has the worst correctness."""
        if not examined.answer.answered:
            return {"correctness": WORST} if question.reference else {}
        try:
            return self._evaluate(question, examined)
        except ModelError:
            return {}

    def _evaluate(self, question: Question, examined: ExaminedAnswer) -> dict[str, float]:
        exchange = {"query": examined.query.text, "response": examined.text}
        contexts: Sequence[str] = [scored.passage.text for scored in examined.passages]
        scores = {
            "faithfulness": self._faithful.evaluate(**exchange, contexts=contexts).score,
            "relevancy": self._relevant.evaluate(**exchange, contexts=contexts).score,
        }
        if question.reference:
            scores["correctness"] = self._correct.evaluate(**exchange, reference=question.reference).score
        return {name: score for name, score in scores.items() if score is not None}


def appoint(model: Model) -> tuple[Judge | None, str]:
    """Return a judge, and its name as a condition of a run; None and why, for a model that is none."""
    judge, known = Judge(model), len(_known())
    try:
        mistakes = judge.mistakes()
    except ModelError as fault:
        return None, f"none: {fault.message}"
    if mistakes > FORGIVEN:
        told = f"as it took {mistakes} of {known} known statements wrongly"
        return None, f"none: {model.name} is no judge, {told}"
    return judge, model.name


@functools.cache
def _known() -> list[dict[str, Any]]:
    """Return statements with their passages, and whether these support them."""
    text = resources.files(__package__).joinpath("known_statements.toml").read_text("utf-8")
    statements: list[dict[str, Any]] = tomllib.loads(text)["statement"]
    return statements


def parse_grade(reply: str) -> tuple[float | None, str | None]:
    """Parse the grade in the first line of a reply, 1 to 5, or None, and the reason."""
    first, _, reason = reply.strip().partition("\n")
    match = re.search(r"(?<![\d.])[1-5](?:\.\d+)?(?![\d.]*\d)", first)
    return (min(float(match[0]), 5.0) if match else None), reason.strip() or None
