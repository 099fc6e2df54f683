"""Passages -> an answer without a model: verbatim quotes of the documents.

A row that the question names is the answer by itself (see `look_up`, `aggregates`). Otherwise the sentences
of the best passages are completed to whole units (see `units`), those off topic are removed (see
`differences`), and the best is the answer, with others if it needs several; further statements are
`evidence`. With a confidence below `THRESHOLD`, the assistant abstains (see `_is_answered`). Experiments and
figures: docs/decisions/0004-sentence-choice.md and 0010-answer-shape.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answering import differences, reversals, units
from assistant.answering.citations import cite
from assistant.answering.question import Question, any_in, tokens
from assistant.answering.tables import rows
from assistant.answering.units import Candidate, Context, LoadDocument
from assistant.core.types import Citation, ScoredPassage, ScoredSentence, Sentence, Span
from assistant.retrieval.answer_type import asked_kind, lacks
from assistant.retrieval.confidence import confidence, log_odds
from assistant.retrieval.late_interaction import QUOTED
from assistant.text import languages
from assistant.text.language import language
from assistant.text.languages.questions import question_vocabulary

SENTENCES = 3
"""Limit on the sentences of an answer, except for variants of one statement."""
VARIANTS = 4
"""Limit on the variants of one statement."""
CHARACTERS = 550
"""Limit on the characters of an answer of several sentences."""
INTERACTION = 0.6
PASSAGE = 0.2
ANSWERS = 0.1
"""Weight of the reader's log odds; chosen on questions in everyday words (docs/decisions/0009-reader.md)."""
UNREAD = 0.02
"""The probability assumed for a sentence that the reader was not given, as others were nearer."""
WITHIN = 0.5
"""Difference to the best score within which a sentence is quoted if the answer may need several."""
NEARLY = 0.15
"""The same if one sentence is enough: the two are about equally good."""
THRESHOLD = 0.38
"""The confidence from which the assistant answers; see docs/decisions/0003-abstention.md."""
CERTAIN = 0.97
"""The confidence of an answer by rule: the question names the row and the column."""
RELATED = 3
DOUBTED = 0.1
"""Limit on the confidence if a "yes" may answer another question, or nothing matches the question."""
FOUND = 0.8
"""The reader's probability from which an answer is found, and below 1 - FOUND surely none."""
UNLIKELY = 0.3
"""The reader's probability of an answer below which it needs a word of the question."""
OF_ANOTHER = 0.5
"""The share of a sentence's words, without the question's, in another from which both say the same of two."""
POLAR = 0.5
"""The share of a yes/no question's content words that its answer must exceed."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Quotes of the passages. `confidence`, 0 to 1, is the probability that they answer the question.

    `evidence` has further quotes. `notice` is a sentence on documents that contradict each other.
    """

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    related: tuple[Citation, ...]
    confidence: float
    answered: bool
    evidence: tuple[Citation, ...] = ()
    notice: str | None = None


def extract(
    text: str, passages: Sequence[ScoredPassage], load_document: LoadDocument | None = None
) -> Extract:
    """Return the best quotes of `passages` (best first), even if they are not good enough for an answer.

    Without `load_document`, only the text of the passages is used.
    """
    question = Question(text)
    contexts = units.load_contexts(passages[:QUOTED], load_document)
    row_answer = rows.answer_by_rows(question, contexts)
    if row_answer.chosen and not _is_answered_elsewhere(row_answer.chosen, passages[:QUOTED]):
        return _make_extract(row_answer.chosen, (), passages, CERTAIN)
    found = units.find_candidates(question, contexts, _score)
    on_topic = differences.remove_off_topic(question, row_answer.allowed(found))
    telling = [unit for unit in on_topic if not _only_repeats(question, unit)]
    telling = reversals.without_reversed(question, telling, contexts)
    fitting = differences.rank_by_names(question, telling)
    chosen, left = _choose(question, fitting)
    if chosen and chosen[0].certain:
        estimate = CERTAIN
    else:
        estimate = _estimate_confidence(question, passages, contexts, found, fitting)
        if chosen and (
            (on_topic[0] != telling[0] and _is_worse(question, chosen[0], on_topic[0]))
            or _is_doubtful(question, chosen, contexts, passages)
        ):
            estimate = min(estimate, DOUBTED)
    return _make_extract(chosen, _choose_evidence(chosen, left), passages, estimate)


def _only_repeats(question: Question, unit: Candidate) -> bool:
    """Return True if a sentence says no more than what a question that is no yes/no question has."""
    if unit.kind != "sentence" or question.is_polar or question.is_follow_up:
        return False
    return all(map(question.has, _statement(unit)))


def _is_worse(question: Question, unit: Candidate, best: Candidate) -> bool:
    """Return True if a candidate has fewer words of the question than the best, which does not answer, and is
    not read as an answer."""
    return _matched(question, unit) < _matched(question, best) and _answers(unit) < FOUND


def _answers(unit: Candidate) -> float:
    """Return the reader's probability that a sentence of the candidate answers."""
    return max((s.answers or 0.0 for s in unit.scored.sentences if _overlap(unit.span, s.span)), default=0.0)


def _is_answered_elsewhere(rows: Sequence[Candidate], passages: Sequence[ScoredPassage]) -> bool:
    """Return True if the reader finds an answer in a sentence, and none in any of the rows.

    "How fast does the Arvo boil a litre?" names a row and a column, Litres, and asks for neither.
    """
    read = [(scored, s) for scored in passages for s in scored.sentences if s.answers is not None]
    of_rows = [s.answers or 0.0 for scored, s in read if _is_of(scored, s, rows)]
    of_others = [s.answers or 0.0 for scored, s in read if not _is_of(scored, s, rows)]
    return bool(of_rows and of_others) and max(of_rows) < 1 - FOUND and max(of_others) > FOUND


def _is_of(scored: ScoredPassage, sentence: ScoredSentence, units: Sequence[Candidate]) -> bool:
    """Return True if a sentence is part of one of the candidates."""
    return any(
        unit.scored.passage.id == scored.passage.id and _overlap(unit.span, sentence.span) for unit in units
    )


def _overlap(span: Span, other: Span) -> bool:
    return span.start < other.end and other.start < span.end


def related(passages: Sequence[ScoredPassage]) -> tuple[Citation, ...]:
    """Cite the best sentence of each of the nearest passages, to be offered if there is no answer."""
    best = []
    for scored in passages:
        plain = (units.plain_candidate(scored, s, _score(scored, s)) for s in scored.sentences)
        if found := [unit for unit in plain if unit is not None]:
            best.append(max(found, key=lambda unit: unit.score))
    return _cite(best[:RELATED])


def _score(scored: ScoredPassage, sentence: ScoredSentence) -> float:
    """Score a sentence as an answer: the only place where candidates are scored."""
    own = sentence.cosine + INTERACTION * sentence.interaction
    answers = log_odds(UNREAD if sentence.answers is None else sentence.answers)
    return own + PASSAGE * scored.score + ANSWERS * answers


def _estimate_confidence(
    question: Question,
    passages: Sequence[ScoredPassage],
    contexts: Sequence[Context],
    found: Sequence[Candidate],
    fitting: Sequence[Candidate],
) -> float:
    """Return the confidence; it must hold for the passages without the sentences off topic, too."""
    if not fitting:
        return 0.0
    estimate = confidence(question.text, passages)
    fitting_ranges = {(unit.document_id, unit.span) for unit in fitting}
    ranges = ((unit.document_id, unit.span) for unit in found)
    off_topic = [*(r for r in ranges if r not in fitting_ranges), *units.rejected_pairs(question, contexts)]
    if not off_topic:
        return estimate
    kept = [replace(scored, sentences=_without(scored, off_topic)) for scored in passages[:QUOTED]]
    left = [*(scored for scored in kept if scored.sentences), *passages[QUOTED:]]
    return min(estimate, confidence(question.text, left))


def _without(scored: ScoredPassage, ranges: Sequence[tuple[str, Span]]) -> tuple[ScoredSentence, ...]:
    """Return the sentences of a passage that overlap none of the ranges of documents."""
    spans = [span for document_id, span in ranges if document_id == scored.passage.document_id]
    return tuple(
        sentence for sentence in scored.sentences if not any(_overlap(span, sentence.span) for span in spans)
    )


def _is_answered(chosen: Sequence[Candidate], estimate: float) -> bool:
    """Return True if the chosen candidates are an answer: the only place where that is decided."""
    return bool(chosen) and estimate >= THRESHOLD


def _is_doubtful(
    question: Question,
    chosen: Sequence[Candidate],
    contexts: Sequence[Context],
    passages: Sequence[ScoredPassage],
) -> bool:
    """Return True if the chosen candidates lack the amount that is asked for, or have too few words of the
    question.

    They need most words of a yes/no question if the documents answer only other yes/no questions, and one
    word of any question if the reader finds no answer.
    """
    words = [word for unit in chosen for word in tokens(f"{unit.above} {unit.quote}")]
    coverage = question.coverage(words)
    if asked_kind(question.last)[0] == "amount" and lacks(question.last, [unit.text for unit in chosen]):
        return True
    if question.is_polar and coverage <= POLAR and units.has_only_other_polar_pairs(question, contexts):
        return True
    read = [s.answers for scored in passages[:QUOTED] for s in scored.sentences if s.answers is not None]
    is_translated = languages.language_of(question.text) != languages.language_of(chosen[0].quote)
    return bool(read) and max(read) < UNLIKELY and coverage == 0 and not is_translated


# -- choosing ----------------------------------------------------------------------------------------


def _choose(question: Question, ranked: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Return the candidates of the answer, and all that may answer, without variants that are not meant.

    The best comes first, then the others in reading order, its document first. If the question asks for
    several sentences, the best is in reading order too.
    """
    if not ranked:
        return [], []
    certain = [unit for unit in ranked if unit.certain]
    if certain:
        return certain[:1], list(ranked)
    ranked = differences.prefer_words_beside_year(question, ranked)
    variants, others = differences.split_variants(question, ranked[0], ranked)
    left = [unit for unit in ranked if unit not in others]
    chosen = variants[:VARIANTS]
    if chosen[0].kind in ("sentence", "row") and len(chosen) == 1:
        margin = WITHIN if question.wants_more or question.is_follow_up else NEARLY
        near = left if question.wants_more else _as_near(question, chosen[0], left)
        chosen = _fill(chosen, near, chosen[0].score - margin)
    order = list(dict.fromkeys(unit.document_id for unit in chosen))
    first = None if question.wants_more else chosen[0]

    def place(unit: Candidate) -> tuple[bool, int, int]:
        return unit is not first, order.index(unit.document_id), unit.span.start

    return sorted(chosen, key=place), left


def _as_near(question: Question, best: Candidate, units: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without those that say of another what the best says of what is asked about:
    they have less of the question, and as much of the best besides."""
    asked = {word for word in tokens(best.quote) if question.has(word)}
    said, matched = _statement(best) - asked, _matched(question, best)
    return [
        unit
        for unit in units
        if _matched(question, unit) >= matched or len(said & _statement(unit)) < OF_ANOTHER * len(said)
    ]


def _statement(unit: Candidate) -> frozenset[str]:
    """Return the content words of a candidate."""
    words = tokens(unit.quote)
    return frozenset(words) - question_vocabulary().function_words_of(words)


def _matched(question: Question, unit: Candidate) -> int:
    """Return how many telling words of the question the candidate has, or what is above it: get and got."""
    words = frozenset(tokens(f"{unit.above} {unit.quote}"))
    asked = (word for word in question.specific_words if word not in language().light)
    return sum(
        any_in([word], words) or any(language().are_synonyms(word, own) for own in words) for word in asked
    )


def _choose_evidence(chosen: Sequence[Candidate], ranked: Sequence[Candidate]) -> list[Candidate]:
    """Return the next best candidates that are near the best, within the limits of an answer."""
    if not chosen:
        return []
    return _fill(chosen, ranked, max(unit.score for unit in chosen) - WITHIN)[len(chosen) :]


def _fill(chosen: Sequence[Candidate], ranked: Sequence[Candidate], least: float) -> list[Candidate]:
    """Return `chosen` with the next best of at least this score that add something, within the limits."""
    filled = list(chosen)
    for unit in ranked:
        if len(filled) >= SENTENCES or unit.score < least:
            break
        has_room = sum(len(other.text) for other in [*filled, unit]) <= CHARACTERS
        is_repeated = any(differences.adds_little(unit.quote, other.quote) for other in filled)
        if has_room and unit not in filled and not is_repeated:
            filled.append(unit)
    return filled


# -- citing ------------------------------------------------------------------------------------------


def _make_extract(
    chosen: Sequence[Candidate],
    evidence: Sequence[Candidate],
    passages: Sequence[ScoredPassage],
    estimate: float,
) -> Extract:
    return Extract(
        sentences=tuple(Sentence(unit.text, (number,)) for number, unit in enumerate(chosen, 1)),
        citations=_cite(chosen),
        related=related(passages),
        confidence=estimate,
        answered=_is_answered(chosen, estimate),
        evidence=_cite(evidence),
        notice=_conflict_notice(chosen),
    )


def _conflict_notice(chosen: Sequence[Candidate]) -> str | None:
    """Return a sentence on the first two documents that contradict each other, with their dates."""
    conflict = next(differences.find_conflicts(chosen), None)
    if conflict is None:
        return None
    units_with_words = zip((conflict.first, conflict.second), conflict.words, strict=True)
    sides = sorted(units_with_words, key=lambda side: side[0].date)
    statements = ", ".join(f"“{_title_with_date(unit)}” says {words}" for unit, words in sides)
    return f"The documents differ: {statements}."


def _title_with_date(unit: Candidate) -> str:
    return f"{unit.scored.title}, {unit.date}" if unit.date else unit.scored.title


def _cite(chosen: Sequence[Candidate]) -> tuple[Citation, ...]:
    return tuple(
        cite(number, unit.scored, unit.span, unit.quote, unit.cells) for number, unit in enumerate(chosen, 1)
    )
