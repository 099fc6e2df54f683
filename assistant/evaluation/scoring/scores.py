"""Marks of one answer: all figures of a single question, by name.

Marks that do not apply are left out: no marks for facts if none are expected, none for citations if nothing
was answered. Marks for documents count a document at its best passage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.answering.support import support_check
from assistant.core.types import Answer, Citation, Passage, Query, ScoredPassage
from assistant.evaluation.golden.patterns import matches
from assistant.evaluation.golden.sets import Excerpt, Place, Question
from assistant.evaluation.scoring.metrics import hit_at, ndcg_at, recall_at, reciprocal_rank, rouge_l

DEPTH = 10
"""Ranks of the retrieved passages that count."""
Marks = Mapping[str, float]
Likeness = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosines of one text with others."""


@dataclass(frozen=True, slots=True)
class ExaminedAnswer:
    """An answer with its query and passages. `confidence`, 0 to 1: probability that the passages answer."""

    query: Query
    passages: Sequence[ScoredPassage]
    answer: Answer
    confidence: float
    milliseconds: float
    draft: str
    """The answer or, if it abstained, the answer it would have given."""

    @property
    def text(self) -> str:
        """The answer without the numbers of citations."""
        return " ".join(sentence.text for sentence in self.answer.sentences)


def score_answer(question: Question, examined: ExaminedAnswer, likeness: Likeness) -> Marks:
    """Return all marks of `examined` as the answer to `question`."""
    marks = _abstention(question, examined.answer.answered) | {"latency": examined.milliseconds}
    if question.answerable:
        marks |= _retrieval(question, examined.passages) | _answer(question, examined, likeness)
        marks |= _citations(question, examined)
    if question.wrong:
        marks["repeated"] = float(repeats_wrong_citations(question, examined.answer.citations))
    if examined.answer.answered and examined.answer.sentences:
        marks["citation_recall"] = _citation_recall(examined, likeness)
    return marks


def would_be_right(question: Question, examined: ExaminedAnswer) -> bool:
    """True if the draft has the facts or, if the question names none, was made from the right passages. An
    answer to an unanswerable question is never right."""
    if question.facts or question.patterns:
        return has_facts(examined.draft, question)
    return question.answerable and _retrieval(question, examined.passages).get("hit@5", 1.0) == 1


def has_facts(text: str, question: Question) -> bool:
    """True if `text` has all facts (any alternative of each) and matches all patterns of the question,
    ignoring case and white space."""
    folded = _fold(text)
    alternatives = ([fact for fact in facts if isinstance(fact, str)] for facts in question.facts)
    is_complete = all(any(_fold(fact) in folded for fact in facts) for facts in alternatives)
    return is_complete and all(matches(pattern, text) for pattern in question.patterns)


def is_named(source: str, name: str) -> bool:
    """True if a document's source is `name`, or a path that ends with it."""
    # Paths of Windows and of POSIX may meet.
    source, name = source.replace("\\", "/"), name.replace("\\", "/").lstrip("/")
    return source == name or source.endswith(f"/{name}")


def contains_quote(text: str, quote: str) -> bool:
    """True if `text` contains the quote, or more than half of it: a passage may end in its middle."""
    text, quote = _fold(text), _fold(quote)
    if quote in text or text in quote:
        return True
    matcher = SequenceMatcher(None, text, quote, autojunk=False)
    return matcher.find_longest_match().size * 2 > min(len(text), len(quote))


def matches_excerpt(passage: Passage, excerpt: Excerpt) -> bool:
    """True if a passage overlaps the expected place, or contains the expected quote."""
    if isinstance(excerpt, Place):
        return excerpt.overlaps(Place(passage.document_id, passage.start, passage.end))
    return contains_quote(passage.text, excerpt)


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


# -- retrieval -----------------------------------------------------------------------------------------------


def _retrieval(question: Question, passages: Sequence[ScoredPassage]) -> dict[str, float]:
    """Rank by passage if the question names any, else by document."""
    gold = frozenset(map(str, question.passages or question.documents))
    if not gold:
        return {}
    names = _passage_names if question.passages else _document_names
    ranked = list(dict.fromkeys(name for scored in passages for name in names(question, scored)))
    marks = {f"recall@{k}": recall_at(k, ranked, gold) for k in range(1, DEPTH + 1)}
    marks |= {f"hit@{k}": hit_at(k, ranked, gold) for k in (1, 3, 5, DEPTH)}
    gains = dict.fromkeys(gold, 1.0)
    return marks | {"mrr": reciprocal_rank(ranked, gold), f"ndcg@{DEPTH}": ndcg_at(DEPTH, ranked, gains)}


def _document_names(question: Question, scored: ScoredPassage) -> Iterator[str]:
    """Yield the question's name for the passage's document, or else the document's source."""
    yield next((name for name in question.documents if is_named(scored.source, name)), scored.source)


def _passage_names(question: Question, scored: ScoredPassage) -> Iterator[str]:
    """Yield the excerpts of the question that the passage matches, or else the passage's id."""
    quotes = [str(excerpt) for excerpt in question.passages if matches_excerpt(scored.passage, excerpt)]
    yield from quotes or [scored.passage.id]


# -- answer, citations, abstention ---------------------------------------------------------------------------


def _answer(question: Question, examined: ExaminedAnswer, likeness: Likeness) -> dict[str, float]:
    """Treat an abstention as an empty answer."""
    text = examined.text if examined.answer.answered else ""
    marks: dict[str, float] = {}
    if question.facts or question.patterns:
        marks["facts"] = float(bool(text) and has_facts(text, question))
    if question.reference:
        marks["rougeL"] = rouge_l(text, question.reference)
        marks["similarity"] = likeness(text, [question.reference])[0] if text else 0.0
    return marks


def _citations(question: Question, examined: ExaminedAnswer) -> dict[str, float]:
    """`cited`: 1 if any citation is right; `citation_precision`: the share of right citations."""
    if not (question.passages or question.documents):
        return {}
    passages = {scored.passage.id: scored.passage for scored in examined.passages}
    right = [is_right_citation(question, c, passages.get(c.passage_id)) for c in examined.answer.citations]
    precision = {"citation_precision": sum(right) / len(right)} if right else {}
    return {"cited": float(any(right)), **precision}


def is_right_citation(question: Question, citation: Citation, passage: Passage | None = None) -> bool:
    """True if a citation is of an expected passage or document; `passage` is the cited one, if known."""
    if question.passages:
        return any(matches_excerpt(passage or _to_passage(citation), e) for e in question.passages)
    return any(is_named(citation.source, name) for name in question.documents)


def repeats_wrong_citations(question: Question, citations: Sequence[Citation]) -> bool:
    """True if an answer cites only what an earlier answer was marked wrong for."""
    quotes = map(_to_passage, citations)
    return bool(citations) and all(any(matches_excerpt(q, bad) for bad in question.wrong) for q in quotes)


def _to_passage(citation: Citation) -> Passage:
    """Return the quote of a citation as a passage."""
    c = citation
    return Passage(c.passage_id, c.document_id, 0, c.start, c.end, c.quote, page=c.page)


def _citation_recall(examined: ExaminedAnswer, likeness: Likeness) -> float:
    """Return the share of the answer's sentences that their quotes support (Gao et al., 2023)."""
    quotes = {citation.number: citation for citation in examined.answer.citations}
    supported = 0
    for sentence in examined.answer.sentences:
        cited = [quotes[number] for number in sentence.citations if number in quotes]
        supported += _is_supported(sentence.text, cited, examined, likeness)
    return supported / len(examined.answer.sentences)


def _is_supported(text: str, cited: Sequence[Citation], examined: ExaminedAnswer, likeness: Likeness) -> bool:
    if not cited:
        return False
    quote = "\n".join(citation.quote for citation in cited)
    context = "\n".join(line for citation in cited for line in _context(citation, examined.passages))
    if support_check.supported(text, quote, None, context):
        return True
    return support_check.supported(text, quote, likeness(text, [quote])[0], context)


def _context(citation: Citation, passages: Sequence[ScoredPassage]) -> Iterator[str]:
    """Yield the lines above a quote: title, headings, the names of columns."""
    yield citation.title
    for scored in passages:
        passage = scored.passage
        if passage.id == citation.passage_id:
            yield from passage.headings
            yield passage.header or ""
            above = passage.text[: max(citation.start - passage.start, 0)].split("\n")
            yield from (line for line in above if "|" in line)


def _abstention(question: Question, answered: bool) -> dict[str, float]:
    marks = {"abstained_wrongly" if question.answerable else "abstained_rightly": float(not answered)}
    return marks if answered else marks | {"abstention_precision": float(not question.answerable)}
