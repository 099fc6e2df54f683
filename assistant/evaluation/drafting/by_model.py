"""Drafting of a golden question by a model, checked against its passage."""

from __future__ import annotations

import hashlib
import re

from assistant.answering.model import prompts, replies
from assistant.answering.model.language_model import Model
from assistant.core.types import Document, Passage, Span
from assistant.evaluation.drafting.drafts import QUESTION_LENGTH, Draft, is_well_worded, to_place
from assistant.evaluation.drafting.phrases import find_words

SHORTEST = 200
"""Characters of a passage that a model is asked about."""
_LINE = re.compile(r"^\W*(QUESTION|QUOTE|FACT)\W*:\s*(.+?)\s*$", re.MULTILINE)
_POINTING = re.compile(
    r"\b(?:this|the) (?:passage|text|excerpt|section)\b|\b(?:document|article) (?:above|below|say|state)",
    re.I,
)


def draft_by_model(document: Document, passage: Passage, model: Model) -> Draft | None:
    """Ask the model for a question that the passage answers; None if its quote is not in the passage.

    Raises:
        ModelError: the model fails.
    """
    text = "\n".join([document.title, *passage.headings, "", passage.text])
    fence = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    reply = replies.visible(model.complete(prompts.load("suggest", fence=fence, passage=text)))
    parts = {name: value.strip("\"“”'` ") for name, value in _LINE.findall(reply)}
    question, span = parts.get("QUESTION", ""), Span(passage.start, passage.end)
    quote = find_words(document.text, span, parts.get("QUOTE", ""))
    is_question = (
        len(question) in QUESTION_LENGTH and is_well_worded(question) and not _POINTING.search(question)
    )
    if quote is None or not is_question:
        return None
    fact, place = find_words(document.text, quote, parts.get("FACT", "")), to_place(document, quote)
    ident = hashlib.sha256(f"{place} {question}".encode("utf-8", "replace")).hexdigest()[:12]
    facts = (to_place(document, fact),) if fact else ()
    return Draft(f"draft-{ident}", question, "model", place, facts)
