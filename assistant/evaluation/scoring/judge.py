"""Marks that a model gives: LlamaIndex's evaluators with our prompts, spoken to through our own client."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from llama_index.core.evaluation import CorrectnessEvaluator, FaithfulnessEvaluator, RelevancyEvaluator
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.prompts import PromptTemplate

from assistant.answering import prompts
from assistant.answering.language_model import CONTEXT, Model
from assistant.core.errors import ModelError
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import Examined

WORST = 1.0


class Speaker(CustomLLM):
    """Our client as LlamaIndex's evaluators take it, with its deadline and its refusal of redirects."""

    client: Any

    @property
    def metadata(self) -> LLMMetadata:
        """Its name, and how much it reads."""
        return LLMMetadata(model_name=self.client.name, context_window=CONTEXT)

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        """The whole reply. Raises ModelError."""
        return CompletionResponse(text=self.client.complete(prompt))

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        """The reply in one piece, for evaluators read it whole."""
        yield self.complete(prompt)


class Judge:
    """A model that marks answers. One that cannot be reached marks nothing."""

    def __init__(self, model: Model) -> None:
        speaker = Speaker(client=model)
        # Documents cannot know it, so none can end what is told to be data.
        fence = secrets.token_hex(4)
        faithful = _template(
            prompts.load("faithfulness", fence=fence, passages="{context_str}", statement="{query_str}")
        )
        relevant = _template(
            prompts.load("relevancy", fence=fence, passages="{context_str}", exchange="{query_str}")
        )
        correct = _template(
            prompts.load(
                "correctness",
                fence=fence,
                question="{query}",
                reference="{reference_answer}",
                answer="{generated_answer}",
            )
        )
        # The passages of an answer fit into one prompt, so that nothing is ever refined.
        self._faithful = FaithfulnessEvaluator(speaker, eval_template=faithful, refine_template=faithful)
        self._relevant = RelevancyEvaluator(speaker, eval_template=relevant, refine_template=relevant)
        self._correct = CorrectnessEvaluator(speaker, eval_template=correct, parser_function=grade)

    def marks(self, question: Question, examined: Examined) -> dict[str, float]:
        """Faithfulness and relevancy of what was answered, 0 or 1; correctness, 1 to 5, where the question
        has a reference (abstaining is worst)."""
        try:
            return (
                self._answered(question, examined) if examined.answer.answered else self._abstained(question)
            )
        except ModelError:
            return {}

    def _abstained(self, question: Question) -> dict[str, float]:
        return {"correctness": WORST} if question.reference else {}

    def _answered(self, question: Question, examined: Examined) -> dict[str, float]:
        given = {"query": examined.query.text, "response": examined.text}
        contexts: Sequence[str] = [scored.passage.text for scored in examined.passages]
        found = {
            "faithfulness": self._faithful.evaluate(**given, contexts=contexts).score,
            "relevancy": self._relevant.evaluate(**given, contexts=contexts).score,
        }
        if question.reference:
            found["correctness"] = self._correct.evaluate(**given, reference=question.reference).score
        return {name: score for name, score in found.items() if score is not None}


def grade(reply: str) -> tuple[float | None, str | None]:
    """The grade in a reply, 1 to 5, and the reason; no grade where the reply begins with none."""
    first, _, reason = reply.strip().partition("\n")
    found = re.search(r"(?<![\d.])[1-5](?:\.\d+)?(?![\d.]*\d)", first)
    return (min(float(found[0]), 5.0) if found else None), reason.strip() or None


def _template(text: str) -> PromptTemplate:
    # As an object: of a plain string, FaithfulnessEvaluator takes no notice.
    return PromptTemplate(text)
