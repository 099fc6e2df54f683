"""A draft of a golden question that a model writes for a passage, as far as the passage bears it out."""

from __future__ import annotations

import hashlib
import re

from assistant.answering import prompts, replies
from assistant.answering.language_model import Model
from assistant.core.types import Document, Passage, Span
from assistant.evaluation.drafting.drafts import LENGTH, Draft, worded_well
from assistant.evaluation.drafting.phrases import within
from assistant.evaluation.golden.sets import Place

SHORTEST = 200
"""Characters of a passage that a model is asked about."""
_LINE = re.compile(r"^\W*(QUESTION|QUOTE|FACT)\W*:\s*(.+?)\s*$", re.MULTILINE)
_POINTING = re.compile(
    r"\b(?:this|the) (?:passage|text|excerpt|section)\b|\b(?:document|article) (?:above|below|say|state)",
    re.I,
)


def written(document: Document, passage: Passage, model: Model) -> Draft | None:
    """What the model asks of a passage; None where it asks nothing, or nothing that stands there.

    Raises:
        ModelError: the model fails.
    """
    text = "\n".join([document.title, *passage.headings, "", passage.text])
    fence = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    said = replies.visible(model.complete(prompts.load("suggest", fence=fence, passage=text)))
    told = {name: value.strip("\"“”'` ") for name, value in _LINE.findall(said)}
    question, whole = told.get("QUESTION", ""), Span(passage.start, passage.end)
    quote = within(document.text, whole, told.get("QUOTE", "")) if told.get("QUOTE") else None
    if quote is None or not _is_question(question):
        return None
    fact = within(document.text, quote, told["FACT"]) if told.get("FACT") else None
    place = Place(document.id, quote.start, quote.end)
    facts = (Place(document.id, fact.start, fact.end),) if fact else ()
    named = hashlib.sha256(f"{place} {question}".encode("utf-8", "replace")).hexdigest()[:12]
    return Draft(f"draft-{named}", question, "model", place, facts)


def _is_question(question: str) -> bool:
    return len(question) in LENGTH and worded_well(question) and not _POINTING.search(question)
