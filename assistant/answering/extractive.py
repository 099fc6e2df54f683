"""Passages -> an answer without a model: the best sentences of the best passages, quoted word for word.

A sentence counts by its cosine with the question, by how well its words meet the question's, each and all,
and by its passage's score. The answer is given in reading order, each sentence with its citation. Whether the
passages answer at all is judged by `confidence`; below `THRESHOLD` the assistant says that it does not know.
Trials and figures: docs/decisions/0004-sentence-choice.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.core.types import Citation, ScoredPassage, ScoredSentence, Sentence
from assistant.retrieval.confidence import confidence
from assistant.retrieval.late_interaction import QUOTED
from assistant.text import tables

SENTENCES = 3
"""An answer's length at most."""
CHARACTERS = 550
"""The same in characters, unless its only sentence is longer."""
INTERACTION = 1.0
PEAK = 0.5
PASSAGE = 0.2
WITHIN = 0.5
"""How far below the best a sentence may score and still be quoted."""
THRESHOLD = 0.22
"""The confidence from which on an answer is given; see docs/decisions/0003-abstention.md."""
RELATED = 3
REPEATED = 0.8
"""The share of its words that stand in another sentence from which on a sentence says nothing new."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What the passages say. `confidence`, 0 to 1, is how likely they answer the question."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    related: tuple[Citation, ...]
    confidence: float
    answered: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    scored: ScoredPassage
    sentence: ScoredSentence
    score: float
    text: str

    @property
    def place(self) -> tuple[str, int]:
        return self.scored.passage.document_id, self.sentence.span.start


def extract(question: str, passages: Sequence[ScoredPassage]) -> Extract:
    """The answer that `passages`, best first, hold; cited, whether it is good enough to be shown or not."""
    chosen = _chosen(list(_candidates(passages[:QUOTED])))
    citations = tuple(_citation(number, c) for number, c in enumerate(chosen, 1))
    sentences = tuple(Sentence(_spoken(c), (number,)) for number, c in enumerate(chosen, 1))
    likely = confidence(question, passages)
    answered = bool(chosen) and likely >= THRESHOLD
    return Extract(sentences, citations, related(passages), likely, answered)


def related(passages: Sequence[ScoredPassage]) -> tuple[Citation, ...]:
    """The nearest passages, each by its best sentence: what to offer where there is no answer."""
    told = (list(_candidates([passage])) for passage in passages)
    best = [max(some, key=lambda candidate: candidate.score) for some in told if some]
    return tuple(_citation(number, c) for number, c in enumerate(best[:RELATED], 1))


def _candidates(passages: Sequence[ScoredPassage]) -> Iterable[_Candidate]:
    top = passages[0].score if passages else 0.0
    for scored in passages:
        for sentence in scored.sentences:
            text = scored.passage.quote(sentence.span)
            if not _says_nothing(scored, text):
                yield _Candidate(scored, sentence, _score(sentence) + PASSAGE * (scored.score - top), text)


def _score(sentence: ScoredSentence) -> float:
    return sentence.cosine + INTERACTION * sentence.interaction + PEAK * sentence.peak


def _says_nothing(scored: ScoredPassage, text: str) -> bool:
    """A heading, or a table's row of column names, says what follows is about; an empty row holds nothing."""
    passage = scored.passage
    leads = text.strip("# \t") in passage.headings or text in tables.column_rows(passage.text)
    return (leads and len(scored.sentences) > 1) or not any(map(str.isalnum, text))


def _chosen(candidates: list[_Candidate]) -> list[_Candidate]:
    """The best sentences that differ, in reading order; the document of the best one first."""
    ranked = sorted(candidates, key=lambda c: -c.score)
    chosen: list[_Candidate] = []
    for candidate in ranked:
        if len(chosen) == SENTENCES or candidate.score < ranked[0].score - WITHIN:
            break
        length = sum(len(one.text) for one in [*chosen, candidate])
        fits = not chosen or length <= CHARACTERS
        if fits and not any(_repeats(candidate.text, other.text) for other in chosen):
            chosen.append(candidate)
    order = list(dict.fromkeys(c.scored.passage.document_id for c in chosen))
    return sorted(chosen, key=lambda c: (order.index(c.scored.passage.document_id), c.sentence.span.start))


def _repeats(one: str, other: str) -> bool:
    """Whether `one` says hardly anything that `other` does not."""
    words = set(re.findall(r"\w+", one.lower()))
    return len(words & set(re.findall(r"\w+", other.lower()))) >= REPEATED * max(1, len(words))


def _spoken(candidate: _Candidate) -> str:
    """The sentence as it is shown: without Markdown's marks, a table row by its column names."""
    text = " ".join(candidate.text.split())
    if tables.is_row(text):
        passage = candidate.scored.passage
        at = candidate.sentence.span.start - passage.start
        return tables.spoken(text, tables.columns_above(passage.text, at) or passage.header)
    return re.sub(r"^(?:[-*+]|\d{1,3}[.)]|#{1,6})\s+", "", text)


def _citation(number: int, candidate: _Candidate) -> Citation:
    passage, span = candidate.scored.passage, candidate.sentence.span
    return Citation(
        number=number,
        document_id=passage.document_id,
        passage_id=passage.id,
        title=candidate.scored.title,
        source=candidate.scored.source,
        page=passage.page,
        start=span.start,
        end=span.end,
        quote=candidate.text,
    )
