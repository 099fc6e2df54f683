"""Passages -> an answer by a model, each sentence checked as it comes; and follow-ups made to stand alone.

The model is given the passages as numbered data. Of what it writes, the text is kept; the numbers are kept
only where they name a passage that was given and that supports the sentence. Each becomes a citation of the
very sentences of the document that support it. A sentence without any stays, and is marked by that.
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

from assistant.answering import prompts, replies, support_check
from assistant.answering.language_model import Model
from assistant.answering.replies import Claim
from assistant.core.deadline import Deadline
from assistant.core.types import Citation, ScoredPassage, Sentence, Span

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, a row each."""

ASKED = 6
"""Sentences that the model is asked to keep to."""
READ = 20
"""Sentences after which nothing more is read."""
GROWTH = 16
"""A text that grows is read again once a part of this many is new."""
LONGEST = 1000
"""Characters of a sentence that can be checked; a longer one is none, and is not taken for supported."""
QUESTION = 400
"""Characters of a question at most; a model that writes more has not written one."""
TURNS = 6
TURN = 600
"""Characters of an earlier answer that a follow-up is understood from."""

# Controls, lone surrogates, what turns the order of text round, and the invisible alphabet of tags.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_LABEL = re.compile(r"\A\W*(?:(?:stand-?alone|rewritten|last|the)\s+)*question\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PartialAnswer:
    """An answer as far as it is written. The last sentence of one that grows has no citations yet.

    `answered` counts in the last draft: whether anything of it is supported. If not, it holds nothing.
    """

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    answered: bool = False


def compose(
    question: str, passages: Sequence[ScoredPassage], model: Model, embed: Embed | None = None,
    until: Deadline | None = None, supports: support_check.Supports | None = None,
) -> Iterator[PartialAnswer]:  # fmt: skip
    """The model's answer to `question` from `passages`, as it grows; the last draft is the whole.

    Raises:
        ModelError: the model fails, or `until` is over. What was given until then is no answer.
        Withdrawn: `until` was withdrawn.
    """
    until = until or Deadline(model.seconds)
    checked = _Checked(passages, embed, lambda: model.require(until), supports)
    text, read, last = "", 0, None
    with closing(model.stream(_prompt(question, passages), until)) as pieces:
        for piece in pieces:
            text += piece
            # Read anew only when it has grown by a part of itself, so that the work grows as the text does.
            if len(text) - read < len(text) // GROWTH:
                continue
            read = len(text)
            if replies.is_undecided(text) or replies.is_not_found(text):
                continue
            claims = replies.claims(text, len(passages))
            draft = checked.draft(claims[:-1], claims[-1:])
            if draft != last:
                yield (last := draft)
            if len(claims) > READ:
                break
    claims = [] if replies.is_not_found(text) else replies.claims(text, len(passages))
    whole = checked.draft(claims[:READ])
    yield whole if whole.answered else PartialAnswer()


def condense(
    question: str, history: Sequence[tuple[str, str]], model: Model, until: Deadline | None = None
) -> str:
    """`question` as one that stands alone, by what was asked and answered before (oldest first).

    It is left as it is where there is no history, or where the model writes no question.

    Raises:
        ModelError: the model fails, or `until` is over.
        Withdrawn: `until` was withdrawn.
    """
    if not history:
        return question
    turns = [_clean(f"Question: {asked}\nAnswer: {answer[:TURN]}") for asked, answer in history[-TURNS:]]
    told, asked = "\n\n".join(turns), _clean(question)
    prompt = prompts.load("condense", fence=_fence(told, asked), history=told, question=asked)
    written = _LABEL.sub("", replies.visible(model.complete(prompt, until))).strip(" \t\n\"'“”*`")
    sound = 0 < len(written) <= QUESTION and "\n" not in written and not replies.is_not_found(written)
    return written if sound and any(c.isalnum() for c in written) else question


# -- the prompt ------------------------------------------------------------------------------------


def _prompt(question: str, passages: Sequence[ScoredPassage]) -> str:
    asked = _clean(question)
    texts = [_clean(f"{_context(scored)}\n\n{scored.passage.text}") for scored in passages]
    fence = _fence(asked, *texts)
    fenced = (f"BEGIN {fence} passage {n}\n{text}\nEND {fence}" for n, text in enumerate(texts, 1))
    return prompts.load("answer", question=asked, passages="\n\n".join(fenced), fence=fence, limit=str(ASKED))


def _context(scored: ScoredPassage) -> str:
    """What stands above a passage in its document: title, headings, names of columns."""
    return "\n".join(filter(None, [scored.title, *scored.passage.headings, scored.passage.header]))


def _fence(*texts: str) -> str:
    """A word that stands in none of `texts`, so that none of them can end the part that it stands in."""
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
    """`passages[place]`, and the range of its document that is quoted."""

    place: int
    start: int
    end: int


class _Checked:
    """What of a reply the passages support. Each claim and each text is looked at once."""

    def __init__(
        self, passages: Sequence[ScoredPassage], embed: Embed | None, require_time: Callable[[], None],
        supports: support_check.Supports | None = None,
    ) -> None:  # fmt: skip
        self._passages = passages
        self._require_time = require_time
        self._embed = embed
        self._supports = supports
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._found: dict[Claim, list[_Quote]] = {}

    def draft(self, claims: Sequence[Claim], unfinished: Sequence[Claim] = ()) -> PartialAnswer:
        """The claims with their citations, numbered by appearance; a quote cited twice has one number."""
        citations: dict[tuple[str, int, int], Citation] = {}
        sentences = []
        for claim in claims:
            numbers = [self._cite(quote, citations).number for quote in self._quotes(claim)]
            sentences.append(Sentence(claim.text, tuple(dict.fromkeys(numbers))))
        sentences += [Sentence(claim.text, is_whole=False) for claim in unfinished]
        return PartialAnswer(tuple(sentences), tuple(citations.values()), bool(citations))

    def _cite(self, quote: _Quote, citations: dict[tuple[str, int, int], Citation]) -> Citation:
        scored = self._passages[quote.place]
        passage = scored.passage
        key = (passage.document_id, quote.start, quote.end)
        made = Citation(
            number=len(citations) + 1,
            document_id=passage.document_id,
            passage_id=passage.id,
            title=scored.title,
            source=scored.source,
            page=passage.page,
            start=quote.start,
            end=quote.end,
            quote=self._text(quote.place, quote.start, quote.end),
        )
        return citations.setdefault(key, made)

    def _quotes(self, claim: Claim) -> list[_Quote]:
        """What supports the claim: of each passage that it cites, or else of all of them together."""
        if len(claim.text) + len(claim.after) > LONGEST:
            return []
        if claim not in self._found:
            self._require_time()
            cited = [n - 1 for n in dict.fromkeys(claim.numbers) if 0 < n <= len(self._passages)]
            sentence = f"{claim.after} {claim.text}".strip()
            alone = [quote for place in cited if (quote := self._quote(sentence, place))]
            found = alone or self._together(sentence, cited)
            self._found[claim] = found if self._holds(claim, found) else []
        return self._found[claim]

    def _holds(self, claim: Claim, quotes: Sequence[_Quote]) -> bool:
        """Whether the item of a list stands in the quotes too, and not only the line that leads to it."""
        if not claim.after:
            return True
        text = "\n".join(self._text(quote.place, quote.start, quote.end) for quote in quotes)
        return support_check.supported(claim.text, text, context=claim.after)

    def _quote(self, sentence: str, place: int) -> _Quote | None:
        """The shortest run of sentences of one passage that supports `sentence`."""
        spans, context = self._spans(place), _context(self._passages[place])
        texts = [self._evidence(place, span) for span in spans]
        similarities = self._similarities(sentence, texts)
        run = support_check.best_quote(sentence, texts, similarities, context, self._supports)
        known = support_check.closest(similarities, run)
        quote = _Quote(place, spans[run[0]].start, spans[run[-1]].end)
        if support_check.is_no_statement(self._text(place, quote.start, quote.end)):
            return None
        joined = support_check.joined(texts, run)
        return quote if support_check.supported(sentence, joined, known, context, self._supports) else None

    def _together(self, sentence: str, cited: Sequence[int]) -> list[_Quote]:
        """The fewest sentences of several places that support `sentence` together."""
        spans = [(place, span) for place in cited for span in self._spans(place)]
        texts = [self._evidence(place, span) for place, span in spans]
        context = "\n".join(_context(self._passages[place]) for place in cited)
        chosen = support_check.fewest(sentence, texts, self._similarities(sentence, texts), context)
        return [_Quote(spans[at][0], spans[at][1].start, spans[at][1].end) for at in chosen]

    def _spans(self, place: int) -> Sequence[Span]:
        passage = self._passages[place].passage
        return passage.sentences or (Span(passage.start, passage.end),)

    def _text(self, place: int, start: int, end: int) -> str:
        passage = self._passages[place].passage
        return passage.text[start - passage.start : end - passage.start]

    def _evidence(self, place: int, span: Span) -> str:
        """The text of a sentence; nothing where it is no statement."""
        text = self._text(place, span.start, span.end)
        return "" if support_check.is_no_statement(text) else text

    def _similarities(self, sentence: str, texts: Sequence[str]) -> list[float] | None:
        if self._embed is None or not texts:
            return None
        if new := [text for text in dict.fromkeys([sentence, *texts]) if text not in self._vectors]:
            self._vectors |= zip(new, self._embed(new), strict=True)
        return [float(self._vectors[text] @ self._vectors[sentence]) for text in texts]
