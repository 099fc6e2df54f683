"""Passages -> an answer without a model: what the documents say, quoted word for word.

A row that the question names is the answer by itself (see `look_up`, `aggregates`). Else the sentences of the
best passages are completed to whole units (see `units`), what is said of something else is left out (see
`differences`), and the best is the answer, alone where it is enough; what else the documents say on it is
`evidence`. Whether they answer at all is judged in `_is_answered`; below `THRESHOLD` the assistant says that
it does not know. Trials and figures: docs/decisions/0004-sentence-choice.md and 0010-answer-shape.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.answering import differences, rows, units
from assistant.answering.question import Question, tokens
from assistant.answering.units import Candidate, Read, Sighted
from assistant.core.types import Citation, ScoredPassage, ScoredSentence, Sentence, Span
from assistant.retrieval.confidence import confidence
from assistant.retrieval.late_interaction import QUOTED

SENTENCES = 3
"""An answer's length at most; sentences that differ in what was not asked about come on top."""
VARIANTS = 4
CHARACTERS = 550
"""The same in characters, unless its only sentence is longer."""
INTERACTION = 1.0
PEAK = 0.5
PASSAGE = 0.2
WITHIN = 0.5
"""How far below the best a sentence may score and still be quoted where several belong to an answer."""
NEARLY = 0.15
"""The same where one is enough: it can hardly be told which of the two is the better."""
THRESHOLD = 0.25
"""The confidence from which on an answer is given; see docs/decisions/0003-abstention.md."""
CERTAIN = 0.97
"""The confidence of an answer by rule: the question names the row and the column."""
RELATED = 3
DOUBTED = 0.1
"""The confidence at most where a "yes" may be that of another question."""
UNLIKELY = 0.3
"""The probability of an answer, by the reader, below which words have to speak for it."""
POLAR = 0.5
"""The share of a question's telling words that stands in the answer to a question for yes or no at least."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What the passages say. `confidence`, 0 to 1, is how likely they answer the question.

    `evidence` is what they say on it besides. `notice` is a sentence on documents that contradict each other.
    """

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    related: tuple[Citation, ...]
    confidence: float
    answered: bool
    evidence: tuple[Citation, ...] = ()
    notice: str | None = None


def extract(text: str, passages: Sequence[ScoredPassage], read: Read | None = None) -> Extract:
    """The answer that `passages`, best first, hold; cited, whether it is good enough to be shown or not.

    `read` gives a document by its id; without it, only what the passages themselves hold is known.
    """
    question = Question(text)
    seen = units.sighted(passages[:QUOTED], read)
    ruled = rows.ruled(question, seen)
    if ruled.chosen:
        return _extracted(ruled.chosen, (), passages, CERTAIN)
    found = units.candidates(question, seen, _score)
    fitting = differences.by_names(question, differences.of_the_same(question, ruled.allowed(found)))
    chosen, left = _chosen(question, fitting)
    likely = CERTAIN if chosen and chosen[0].certain else _likely(question, passages, seen, found, fitting)
    if question.is_polar and likely < CERTAIN and not _is_of_it(question, chosen, seen):
        likely = min(likely, DOUBTED)
    if likely < CERTAIN and _is_beside_the_point(question, chosen, passages):
        likely = min(likely, DOUBTED)
    return _extracted(chosen, _besides(chosen, left), passages, likely)


def related(passages: Sequence[ScoredPassage]) -> tuple[Citation, ...]:
    """The nearest passages, each by its best sentence: what to offer where there is no answer."""
    best = []
    for scored in passages:
        told = [units.plain(scored, s, _score(scored, s)) for s in scored.sentences]
        some = [unit for unit in told if unit is not None]
        if some:
            best.append(max(some, key=lambda unit: unit.score))
    return tuple(_citation(number, unit) for number, unit in enumerate(best[:RELATED], 1))


def _score(scored: ScoredPassage, sentence: ScoredSentence) -> float:
    """How well a sentence answers: the one place where candidates are scored."""
    own = sentence.cosine + INTERACTION * sentence.interaction + PEAK * sentence.peak
    return own + PASSAGE * scored.score


def _likely(
    question: Question,
    passages: Sequence[ScoredPassage],
    seen: Sequence[Sighted],
    found: Sequence[Candidate],
    fitting: Sequence[Candidate],
) -> float:
    """The confidence; what is left of the passages has to give it too, when that on something else is out."""
    if not fitting:
        return 0.0
    likely = confidence(question.text, passages)
    stay = {(unit.document_id, unit.span) for unit in fitting}
    places = ((unit.document_id, unit.span) for unit in found)
    out = [*(place for place in places if place not in stay), *units.turned_down(question, seen)]
    if not out:
        return likely
    kept = [replace(scored, sentences=_without(scored, out)) for scored in passages[:QUOTED]]
    left = [*(scored for scored in kept if scored.sentences), *passages[QUOTED:]]
    return min(likely, confidence(question.text, left))


def _without(scored: ScoredPassage, out: Sequence[tuple[str, Span]]) -> tuple[ScoredSentence, ...]:
    """The sentences of a passage that stand in none of some places."""
    spans = [span for document_id, span in out if document_id == scored.passage.document_id]
    return tuple(s for s in scored.sentences if not any(_meet(s.span, span) for span in spans))


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _is_answered(chosen: Sequence[Candidate], likely: float) -> bool:
    """Whether what was chosen is shown as an answer: the one place where that is decided."""
    return bool(chosen) and likely >= THRESHOLD


def _is_of_it(question: Question, chosen: Sequence[Candidate], seen: Sequence[Sighted]) -> bool:
    """Whether what was chosen has most of the words of a question for yes or no, or need not have: it has to
    where documents of questions and answers answer others, so that it is hardly asked there."""
    if not units.asks_something_else(question, seen):
        return True
    said = [word for unit in chosen for word in tokens(f"{unit.above} {unit.quote}")]
    return question.share(said) > POLAR


def _is_beside_the_point(
    question: Question, chosen: Sequence[Candidate], passages: Sequence[ScoredPassage]
) -> bool:
    """True if what was chosen has no telling word of the question, and the reader finds no answer."""
    read = [s.answers for scored in passages[:QUOTED] for s in scored.sentences if s.answers is not None]
    said = [word for unit in chosen for word in tokens(f"{unit.above} {unit.quote}")]
    return bool(read) and max(read) < UNLIKELY and question.share(said) == 0


# -- choosing ----------------------------------------------------------------------------------------


def _chosen(question: Question, ranked: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """The best unit, then what belongs to the answer with it in reading order, its document first; and all
    that may answer, without what says the same of something else.

    Where the question wants several sentences, the best of them stands in its place among the others.
    """
    if not ranked:
        return [], []
    certain = [unit for unit in ranked if unit.certain]
    if certain:
        return certain[:1], list(ranked)
    ranked = differences.beside_the_year(question, ranked)
    same, others = differences.variants(question, ranked[0], ranked)
    left = [unit for unit in ranked if unit not in others]
    chosen = same[:VARIANTS]
    if chosen[0].kind in ("sentence", "row") and len(chosen) == 1:
        least = chosen[0].score - (WITHIN if question.wants_more or question.is_glued else NEARLY)
        chosen = _filled(chosen, left, lambda unit: unit.score >= least)
    order = list(dict.fromkeys(unit.document_id for unit in chosen))
    first = None if question.wants_more else chosen[0]

    def place(unit: Candidate) -> tuple[bool, int, int]:
        return unit is not first, order.index(unit.document_id), unit.span.start

    return sorted(chosen, key=place), left


def _besides(chosen: Sequence[Candidate], ranked: Sequence[Candidate]) -> list[Candidate]:
    """What else the documents say on it: the next best, as far as it is near the best and there is room."""
    if not chosen:
        return []
    least = max(unit.score for unit in chosen) - WITHIN
    return _filled(list(chosen), ranked, lambda unit: unit.score >= least)[len(chosen) :]


def _filled(
    chosen: list[Candidate], ranked: Sequence[Candidate], fits: Callable[[Candidate], bool]
) -> list[Candidate]:
    """`chosen` and the next best that fit and say something new, as far as there is room."""
    filled = list(chosen)
    for unit in ranked:
        if len(filled) >= SENTENCES or not fits(unit):
            break
        room = not filled or sum(len(one.text) for one in [*filled, unit]) <= CHARACTERS
        if (
            room
            and unit not in filled
            and not any(differences.adds_little(unit.quote, other.quote) for other in filled)
        ):
            filled.append(unit)
    return filled


# -- citing ------------------------------------------------------------------------------------------


def _extracted(
    chosen: Sequence[Candidate],
    besides: Sequence[Candidate],
    passages: Sequence[ScoredPassage],
    likely: float,
) -> Extract:
    citations = tuple(_citation(number, unit) for number, unit in enumerate(chosen, 1))
    evidence = tuple(_citation(number, unit) for number, unit in enumerate(besides, 1))
    sentences = tuple(Sentence(unit.text, (number,)) for number, unit in enumerate(chosen, 1))
    answered = _is_answered(chosen, likely)
    return Extract(sentences, citations, related(passages), likely, answered, evidence, _notice(chosen))


def _notice(chosen: Sequence[Candidate]) -> str | None:
    """A sentence on the documents that contradict each other, each with its date where it has one."""
    found = differences.conflicts(chosen)
    if not found:
        return None
    first = found[0]
    sides = sorted(zip((first.one, first.other), first.words, strict=True), key=lambda side: side[0].date)
    said = ", ".join(f"“{_titled(unit)}” says {words}" for unit, words in sides)
    return f"The documents differ: {said}."


def _titled(unit: Candidate) -> str:
    return f"{unit.scored.title}, {unit.date}" if unit.date else unit.scored.title


def _citation(number: int, unit: Candidate) -> Citation:
    passage, span = unit.scored.passage, unit.span
    return Citation(
        number=number,
        document_id=passage.document_id,
        passage_id=passage.id,
        title=unit.scored.title,
        source=unit.scored.source,
        page=passage.page,
        start=span.start,
        end=span.end,
        quote=unit.quote,
        cells=unit.cells,
    )
