"""Passages -> an answer by a model, each sentence checked as it arrives; and rewriting of follow-ups.

The prompt has the passages as numbered data. The text of the reply is kept; a number is kept only if its
passage was in the prompt and supports the sentence, and becomes a citation of the sentences of the document
that do. A sentence without citations is kept, and rendered as unsupported.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.answering.citations import cite
from assistant.answering.model import prompts, replies
from assistant.answering.model.language_model import Model
from assistant.answering.model.replies import Claim
from assistant.answering.support import support_check
from assistant.core.deadline import Deadline
from assistant.core.types import Citation, ScoredPassage, Sentence, Span

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts -> unit vectors, one row each."""

ASKED = 6
"""Limit on the sentences that the prompt asks for."""
READ = 20
"""Limit on the sentences that are read."""
GROWTH = 16
"""A growing reply is parsed again when 1/16 of it is new."""
LONGEST = 1000
"""Limit on the characters of a sentence that is checked; a longer one counts as unsupported."""
QUESTION = 400
"""Limit on the characters of a rewritten question; a longer reply is not a question."""
TURNS = 6
"""Earlier turns in the prompt that rewrites a follow-up."""
TURN = 600
"""Limit on the characters of an earlier answer in that prompt."""

# Controls, lone surrogates, bidirectional overrides, and invisible tag characters.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_LABEL = re.compile(r"\A\W*(?:(?:stand-?alone|rewritten|last|the)\s+)*question\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PartialAnswer:
    """An answer as it grows; its last sentence has no citations yet.

    The last draft is `answered` if any of its sentences is supported; otherwise it is empty.
    """

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    answered: bool = False


def compose(
    question: str,
    passages: Sequence[ScoredPassage],
    model: Model,
    embed: Embed | None = None,
    until: Deadline | None = None,
    supports: support_check.Supports | None = None,
) -> Iterator[PartialAnswer]:
    """Yield drafts of the model's answer to `question` from `passages`; the last is complete.

    Raises:
        ModelError: the model failed or the deadline passed; earlier drafts are no answer.
        Withdrawn: `until` was withdrawn.
    """
    until = until or Deadline(model.seconds)
    checker = _CitationChecker(passages, embed, lambda: model.require(until), supports)
    text, parsed, last = "", 0, None
    with closing(model.stream(_prompt(question, passages), until)) as pieces:
        for piece in pieces:
            text += piece
            # Parsing only after growth by a fraction keeps the total work proportional to the length.
            if len(text) - parsed < len(text) // GROWTH:
                continue
            parsed = len(text)
            if replies.is_undecided(text) or replies.is_not_found(text):
                continue
            claims = replies.claims(text, len(passages))
            draft = checker.draft(claims[:-1], claims[-1:])
            if draft != last:
                yield (last := draft)
            if len(claims) > READ:
                break
    claims = [] if replies.is_not_found(text) else replies.claims(text, len(passages))
    whole = checker.draft(claims[:READ])
    yield whole if whole.answered else PartialAnswer()


def condense(
    question: str, history: Sequence[tuple[str, str]], model: Model, until: Deadline | None = None
) -> str:
    """Rewrite `question` to be understood without the earlier questions and answers (oldest first).

    It is unchanged if there is no history, or if the model's reply is not a question.

    Raises:
        ModelError: the model failed or the deadline passed.
        Withdrawn: `until` was withdrawn.
    """
    if not history:
        return question
    turns = [_clean(f"Question: {earlier}\nAnswer: {answer[:TURN]}") for earlier, answer in history[-TURNS:]]
    earlier, asked = "\n\n".join(turns), _clean(question)
    prompt = prompts.load("condense", fence=_fence(earlier, asked), history=earlier, question=asked)
    rewritten = _LABEL.sub("", replies.visible(model.complete(prompt, until))).strip(" \t\n\"'“”*`")
    is_line = 0 < len(rewritten) <= QUESTION and "\n" not in rewritten
    is_question = is_line and not replies.is_not_found(rewritten) and any(map(str.isalnum, rewritten))
    return rewritten if is_question else question


# -- the prompt ------------------------------------------------------------------------------------


def _prompt(question: str, passages: Sequence[ScoredPassage]) -> str:
    asked = _clean(question)
    texts = [_clean(f"{_context(scored)}\n\n{scored.passage.text}") for scored in passages]
    fence = _fence(asked, *texts)
    fenced = (f"BEGIN {fence} passage {n}\n{text}\nEND {fence}" for n, text in enumerate(texts, 1))
    return prompts.load("answer", question=asked, passages="\n\n".join(fenced), fence=fence, limit=str(ASKED))


def _context(scored: ScoredPassage) -> str:
    """Return the title, headings and column names above a passage."""
    return "\n".join(filter(None, [scored.title, *scored.passage.headings, scored.passage.header]))


def _fence(*texts: str) -> str:
    """Return a word that occurs in none of `texts`, so that none of them can close its own fence."""
    for salt in itertools.count():
        word = hashlib.sha256(f"{salt} {texts}".encode("utf-8", "replace")).hexdigest()[:12]
        if not any(word in text for text in texts):
            return word
    raise AssertionError


def _clean(text: str) -> str:
    return _HIDDEN.sub("", text)


# -- the check -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Quote:
    """A range of the document of `passages[place]`."""

    place: int
    span: Span


class _CitationChecker:
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
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._found: dict[Claim, list[_Quote]] = {}

    def _in_time(self, supports: support_check.Supports) -> support_check.Supports:
        """Return `supports` with a look at the time before each use: a claim may be read many times."""

        def supported(claim: str, quote: str, context: str) -> float:
            self._require_time()
            return supports(claim, quote, context)

        return supported

    def draft(self, claims: Sequence[Claim], unfinished: Sequence[Claim] = ()) -> PartialAnswer:
        """Return the claims with citations, numbered by first appearance; equal quotes share a number."""
        citations: dict[tuple[str, Span], Citation] = {}
        sentences = []
        for claim in claims:
            numbers = [self._cite(quote, citations).number for quote in self._quotes(claim)]
            sentences.append(Sentence(claim.text, tuple(dict.fromkeys(numbers))))
        sentences += [Sentence(claim.text, is_whole=False) for claim in unfinished]
        return PartialAnswer(tuple(sentences), tuple(citations.values()), bool(citations))

    def _cite(self, quote: _Quote, citations: dict[tuple[str, Span], Citation]) -> Citation:
        scored = self._passages[quote.place]
        citation = cite(len(citations) + 1, scored, quote.span, scored.passage.quote(quote.span))
        return citations.setdefault((scored.passage.document_id, quote.span), citation)

    def _quotes(self, claim: Claim) -> list[_Quote]:
        """Return the supporting quotes: one of each cited passage, or of all together."""
        if len(claim.text) + len(claim.after) > LONGEST:
            return []
        if claim not in self._found:
            self._require_time()
            cited = [n - 1 for n in dict.fromkeys(claim.numbers) if 0 < n <= len(self._passages)]
            sentence = f"{claim.after} {claim.text}".strip()
            single = [quote for place in cited if (quote := self._quote(sentence, place))]
            found = single or self._combine(sentence, cited)
            self._found[claim] = found if self._is_item_supported(claim, found) else []
        return self._found[claim]

    def _is_item_supported(self, claim: Claim, quotes: Sequence[_Quote]) -> bool:
        """Return True if the quotes support a list item itself, and not only its introduction."""
        if not claim.after:
            return True
        text = "\n".join(self._passages[quote.place].passage.quote(quote.span) for quote in quotes)
        return support_check.supported(claim.text, text, context=claim.after)

    def _quote(self, sentence: str, place: int) -> _Quote | None:
        """Return the shortest run of sentences of one passage that supports `sentence`."""
        spans, context = self._spans(place), _context(self._passages[place])
        texts = [self._evidence(place, span) for span in spans]
        similarities = self._similarities(sentence, texts)
        run = support_check.best_quote(sentence, texts, similarities, context, self._supports)
        known = support_check.closest(similarities, run)
        span = Span(spans[run[0]].start, spans[run[-1]].end)
        if support_check.is_no_statement(self._passages[place].passage.quote(span)):
            return None
        joined = support_check.joined(texts, run)
        is_supported = support_check.supported(sentence, joined, known, context, self._supports)
        return _Quote(place, span) if is_supported else None

    def _combine(self, sentence: str, cited: Sequence[int]) -> list[_Quote]:
        """Return the fewest sentences of several passages that support `sentence` together."""
        spans = [(place, span) for place in cited for span in self._spans(place)]
        texts = [self._evidence(place, span) for place, span in spans]
        context = "\n".join(_context(self._passages[place]) for place in cited)
        chosen = support_check.fewest(sentence, texts, self._similarities(sentence, texts), context)
        return [_Quote(*spans[at]) for at in chosen]

    def _spans(self, place: int) -> Sequence[Span]:
        passage = self._passages[place].passage
        return passage.sentences or (Span(passage.start, passage.end),)

    def _evidence(self, place: int, span: Span) -> str:
        """Return the text of a sentence; empty if it is not a statement."""
        text = self._passages[place].passage.quote(span)
        return "" if support_check.is_no_statement(text) else text

    def _similarities(self, sentence: str, texts: Sequence[str]) -> list[float] | None:
        if self._embed is None or not texts:
            return None
        if new := [text for text in dict.fromkeys([sentence, *texts]) if text not in self._vectors]:
            self._require_time()
            self._vectors |= zip(new, self._embed(new), strict=True)
        return [float(self._vectors[text] @ self._vectors[sentence]) for text in texts]
