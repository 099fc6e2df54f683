"""The quotes for the parts of a question as one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.extractive import Extract
from assistant.core.types import Citation, Sentence

LEFT = "The documents do not answer this part: {parts}"


def joined_extracts(parts: Sequence[str], extracts: Sequence[Extract]) -> Extract:
    """Return the quotes of all answered parts in order, each quote once; a notice names the other parts."""
    answered = [extracted for extracted in extracts if extracted.answered]
    numbers = dict[tuple[str, int, int], int]()
    sentences, citations = list[Sentence](), list[Citation]()
    for extracted in answered:
        for sentence, citation in zip(extracted.sentences, extracted.citations, strict=True):
            place = citation.document_id, citation.start, citation.end
            if place not in numbers:
                numbers[place] = len(numbers) + 1
                sentences.append(replace(sentence, citations=(numbers[place],)))
                citations.append(replace(citation, number=numbers[place]))
    left = [f"“{part}”" for part, extracted in zip(parts, extracts, strict=True) if not extracted.answered]
    remarks = [extracted.notice for extracted in answered]
    remarks += [LEFT.format(parts=" ".join(left))] if left else []
    return Extract(
        tuple(sentences),
        tuple(citations),
        extracts[0].related,
        min(extracted.confidence for extracted in answered),
        True,
        notice=" ".join(filter(None, dict.fromkeys(remarks))) or None,
    )
