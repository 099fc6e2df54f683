"""The sentences of a model -> sentences with citations: each number is checked, and missing ones are found.

A number is kept only if its passage supports the sentence. A sentence without such a number gets that of
another passage of the same retrieval that supports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.answering.citations import cite
from assistant.answering.model.replies import Claim, is_denial
from assistant.answering.support import capitals, support_check
from assistant.core.types import Citation, ScoredPassage, Sentence, Span
from assistant.text.words import content, share

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts -> unit vectors, one row each."""

LONGEST = 1000
"""Limit on the characters of a sentence that is checked; a longer one counts as unsupported."""
NEAREST = 4
"""Passages that a sentence without a valid number is matched with: those that share most of its words."""
READ = 2
"""How many of these are given to the reader."""
SHARED = 0.5
"""The share of its content words that a passage must have for that."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Sentences with their citations; `answered` if any of them has one."""

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()

    @property
    def answered(self) -> bool:
        return bool(self.citations)


@dataclass(frozen=True, slots=True)
class _Quote:
    """A range of the document of `passages[place]`."""

    place: int
    span: Span


class CitationChecker:
    """Finds the quotes of the passages that support each claim. Results and vectors are cached."""

    def __init__(
        self,
        passages: Sequence[ScoredPassage],
        embed: Embed | None,
        require_time: Callable[[], None],
        supports: support_check.Supports | None = None,
    ) -> None:
        self._passages = passages
        self._require_time = require_time
        self._embed = embed
        self._supports = supports and self._in_time(supports)
        self._texts = [f"{context_of(scored)}\n{scored.passage.text}" for scored in passages]
        self._proper = capitals.proper(*self._texts)
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._found: dict[Claim, list[_Quote]] = {}

    def _in_time(self, supports: support_check.Supports) -> support_check.Supports:
        """Return `supports` with a look at the time before each use: a claim may be read many times."""

        def supported(claim: str, quote: str, context: str) -> float:
            self._require_time()
            return supports(claim, quote, context)

        return supported

    def draft(self, claims: Sequence[Claim], unfinished: Sequence[Claim] = ()) -> Checked:
        """Return the claims with citations, numbered by first appearance; equal quotes share a number."""
        citations: dict[tuple[str, Span], Citation] = {}
        sentences = []
        for claim in claims:
            numbers = [self._cite(quote, citations).number for quote in self._quotes(claim)]
            sentences.append(Sentence(claim.text, tuple(dict.fromkeys(numbers))))
        sentences += [Sentence(claim.text, is_whole=False) for claim in unfinished]
        return Checked(tuple(sentences), tuple(citations.values()))

    def _cite(self, quote: _Quote, citations: dict[tuple[str, Span], Citation]) -> Citation:
        scored = self._passages[quote.place]
        citation = cite(len(citations) + 1, scored, quote.span, scored.passage.quote(quote.span))
        return citations.setdefault((scored.passage.document_id, quote.span), citation)

    # -- one claim -----------------------------------------------------------------------------------

    def _quotes(self, claim: Claim) -> list[_Quote]:
        """Return the quotes that support a claim; none if it is too long, or denies that there is one."""
        if len(claim.text) + len(claim.after) > LONGEST or is_denial([claim]):
            return []
        if claim not in self._found:
            self._require_time()
            self._found[claim] = self._cited(claim) or self._matched(claim)
        return self._found[claim]

    def _cited(self, claim: Claim) -> list[_Quote]:
        """Return one quote of each passage that the claim cites, or of all together."""
        sentence, places = self._sentence(claim), self._places(claim)
        found = [quote for place in places if (quote := self._quote(sentence, place, self._supports))]
        return self._with_item(claim, found or self._combine(sentence, places))

    def _matched(self, claim: Claim) -> list[_Quote]:
        """Return a quote of a passage that the claim does not cite, and that supports it."""
        sentence, cited = self._sentence(claim), self._places(claim)
        if not cited and not support_check.is_claim(sentence):
            return []
        nearest = self._nearest(sentence, [at for at in range(len(self._passages)) if at not in cited])
        for supports, places in ((None, nearest), (self._supports, nearest[:READ])):
            for place in places:
                if quote := self._quote(sentence, place, supports):
                    return self._with_item(claim, [quote])
        combined = (self._combine(sentence, [place]) for place in nearest[:READ])
        return self._with_item(claim, next(filter(None, combined), []))

    def _nearest(self, sentence: str, places: Iterable[int]) -> list[int]:
        stems = content(sentence)
        shares = {place: share(stems, self._texts[place]) for place in places}
        ranked = sorted(shares, key=lambda place: -shares[place])
        return [place for place in ranked if shares[place] >= SHARED][:NEAREST]

    def _sentence(self, claim: Claim) -> str:
        return capitals.with_capitals(f"{claim.after} {claim.text}".strip(), self._proper)

    def _places(self, claim: Claim) -> list[int]:
        return [n - 1 for n in dict.fromkeys(claim.numbers) if 0 < n <= len(self._passages)]

    def _with_item(self, claim: Claim, quotes: list[_Quote]) -> list[_Quote]:
        """Return the quotes if they support a list item itself, and not only its introduction."""
        if not claim.after or not quotes:
            return quotes
        text = "\n".join(self._passages[quote.place].passage.quote(quote.span) for quote in quotes)
        return quotes if support_check.supported(claim.text, text, context=claim.after) else []

    # -- one passage ---------------------------------------------------------------------------------

    def _quote(self, sentence: str, place: int, supports: support_check.Supports | None) -> _Quote | None:
        """Return the shortest run of sentences of one passage that supports `sentence`."""
        spans, context = self._spans(place), context_of(self._passages[place])
        texts = [self._evidence(place, span) for span in spans]
        similarities = self._similarities(sentence, texts)
        run = support_check.best_quote(sentence, texts, similarities, context, supports)
        known = support_check.closest(similarities, run)
        span = Span(spans[run[0]].start, spans[run[-1]].end)
        if support_check.is_no_statement(self._passages[place].passage.quote(span)):
            return None
        joined = support_check.joined(texts, run)
        is_supported = support_check.supported(sentence, joined, known, context, supports)
        return _Quote(place, span) if is_supported else None

    def _combine(self, sentence: str, places: Sequence[int]) -> list[_Quote]:
        """Return the fewest sentences of some passages that support `sentence` together."""
        spans = [(place, span) for place in places for span in self._spans(place)]
        texts = [self._evidence(place, span) for place, span in spans]
        context = "\n".join(context_of(self._passages[place]) for place in places)
        chosen = support_check.fewest(sentence, texts, self._similarities(sentence, texts), context)
        return [_Quote(*spans[at]) for at in chosen]

    def _spans(self, place: int) -> Sequence[Span]:
        passage = self._passages[place].passage
        return passage.sentences or (Span(passage.start, passage.end),)

    def _evidence(self, place: int, span: Span) -> str:
        """Return the text of a sentence; empty if it states nothing: a heading names what is spoken of."""
        text, headings = self._passages[place].passage.quote(span), self._passages[place].passage.headings
        is_heading = text.startswith("#") or text.strip("# ") in headings
        return "" if is_heading or support_check.is_no_statement(text) else text

    def _similarities(self, sentence: str, texts: Sequence[str]) -> list[float] | None:
        if self._embed is None or not texts:
            return None
        if new := [text for text in dict.fromkeys([sentence, *texts]) if text not in self._vectors]:
            self._require_time()
            self._vectors |= zip(new, self._embed(new), strict=True)
        return [float(self._vectors[text] @ self._vectors[sentence]) for text in texts]


def context_of(scored: ScoredPassage) -> str:
    """Return the title, headings and column names above a passage."""
    return "\n".join(filter(None, [scored.title, *scored.passage.headings, scored.passage.header]))
