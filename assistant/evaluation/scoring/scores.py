"""The marks of one answer: every figure that can be told of a question by itself, by name.

What does not apply is left out: no marks for facts where none are expected, none for citations where nothing
was answered. Marks for documents count a document at its best passage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.answering import support_check
from assistant.core.types import Answer, Citation, Passage, Query, ScoredPassage
from assistant.evaluation.golden.patterns import matches
from assistant.evaluation.golden.sets import Place, Question, Quoted
from assistant.evaluation.scoring.metrics import hit_at, ndcg_at, recall_at, reciprocal_rank, rouge_l

DEPTH = 10
"""Places of the ranking that are looked at."""
Marks = Mapping[str, float]
Likeness = Callable[[str, Sequence[str]], Sequence[float]]
"""The cosines of one text with others."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One answer with how it came about. `confidence`, 0 to 1, is how likely the passages answer."""

    query: Query
    passages: Sequence[ScoredPassage]
    answer: Answer
    confidence: float
    milliseconds: float
    draft: str
    """What was answered or, where it abstained, what it would have said."""

    @property
    def text(self) -> str:
        """What was answered, without the numbers of citations."""
        return " ".join(sentence.text for sentence in self.answer.sentences)


def marks(question: Question, examined: Examined, likeness: Likeness) -> Marks:
    """All marks of `examined` as the answer to `question`."""
    found = _abstention(question, examined.answer.answered) | {"latency": examined.milliseconds}
    if question.answerable:
        found |= _retrieval(question, examined.passages) | _answer(question, examined, likeness)
        found |= _citations(question, examined)
    if question.wrong:
        found["repeated"] = float(repeats(question, examined.answer.citations))
    if examined.answer.answered and examined.answer.sentences:
        found["citation_recall"] = _supported(examined, likeness)
    return found


def would_be_right(question: Question, examined: Examined) -> bool:
    """Whether the draft answers the question: it holds the facts or, where none are told, the passages that
    it was made from are right. To answer an unanswerable question is never right."""
    if question.facts or question.patterns:
        return holds(examined.draft, question)
    return question.answerable and _retrieval(question, examined.passages).get("hit@5", 1.0) == 1


def holds(text: str, question: Question) -> bool:
    """Whether `text` holds all facts (any alternative of each) and matches all patterns of the question,
    without regard to case and white space."""
    folded = _folded(text)
    facts = all(
        any(_folded(one) in folded for one in fact if isinstance(one, str)) for fact in question.facts
    )
    return facts and all(matches(pattern, text) for pattern in question.patterns)


def is_named(source: str, name: str) -> bool:
    """Whether a document's source is `name`, or ends with it as a path does."""
    # A path may have been written on a machine of the other kind.
    source, name = source.replace("\\", "/"), name.replace("\\", "/").lstrip("/")
    return source == name or source.endswith(f"/{name}")


def is_of(text: str, quote: str) -> bool:
    """Whether `text` holds the quote, or the better half of it: a passage may end in its middle."""
    text, quote = _folded(text), _folded(quote)
    if quote in text or text in quote:
        return True
    matcher = SequenceMatcher(None, text, quote, autojunk=False)
    return matcher.find_longest_match().size * 2 > min(len(text), len(quote))


def is_at(passage: Passage, quoted: Quoted) -> bool:
    """Whether a passage is what is expected: by where both stand, or by what it holds of the quote."""
    if isinstance(quoted, Place):
        return quoted.overlaps(Place(passage.document_id, passage.start, passage.end))
    return is_of(passage.text, quoted)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


# -- retrieval -----------------------------------------------------------------------------------------------


def _retrieval(question: Question, passages: Sequence[ScoredPassage]) -> dict[str, float]:
    """By passage where the question names any, else by document."""
    gold = frozenset(map(str, question.passages or question.documents))
    if not gold:
        return {}
    names = _passage_names if question.passages else _document_names
    ranked = list(dict.fromkeys(name for scored in passages for name in names(question, scored)))
    found = {f"recall@{k}": recall_at(k, ranked, gold) for k in range(1, DEPTH + 1)}
    found |= {f"hit@{k}": hit_at(k, ranked, gold) for k in (1, 3, 5, DEPTH)}
    gains = dict.fromkeys(gold, 1.0)
    return found | {"mrr": reciprocal_rank(ranked, gold), f"ndcg@{DEPTH}": ndcg_at(DEPTH, ranked, gains)}


def _document_names(question: Question, scored: ScoredPassage) -> Iterator[str]:
    """The name that the question knows the passage's document by, or that which the corpus does."""
    yield next((name for name in question.documents if is_named(scored.source, name)), scored.source)


def _passage_names(question: Question, scored: ScoredPassage) -> Iterator[str]:
    """The quotes of the question that the passage holds, or the passage's own id."""
    quotes = [str(quoted) for quoted in question.passages if is_at(scored.passage, quoted)]
    yield from quotes or [scored.passage.id]


# -- answer, citations, abstention ---------------------------------------------------------------------------


def _answer(question: Question, examined: Examined, likeness: Likeness) -> dict[str, float]:
    """An answer that was not given holds nothing."""
    text = examined.text if examined.answer.answered else ""
    found: dict[str, float] = {}
    if question.facts or question.patterns:
        found["facts"] = float(bool(text) and holds(text, question))
    if question.reference:
        found["rougeL"] = rouge_l(text, question.reference)
        found["similarity"] = likeness(text, [question.reference])[0] if text else 0.0
    return found


def _citations(question: Question, examined: Examined) -> dict[str, float]:
    """`cited`: whether any citation is a right one; `citation_precision`: the share of those that are."""
    if not (question.passages or question.documents):
        return {}
    passages = {scored.passage.id: scored.passage for scored in examined.passages}
    right = [is_right(question, c, passages.get(c.passage_id)) for c in examined.answer.citations]
    found = {"cited": float(any(right))}
    return found | ({"citation_precision": sum(right) / len(right)} if right else {})


def is_right(question: Question, citation: Citation, passage: Passage | None = None) -> bool:
    """Whether a citation, of this passage where it is known, is of what the question expects."""
    if question.passages:
        return any(is_at(passage or _quoted(citation), quoted) for quoted in question.passages)
    return any(is_named(citation.source, name) for name in question.documents)


def repeats(question: Question, citations: Sequence[Citation]) -> bool:
    """Whether an answer rests on nothing but what an earlier one was marked wrong for."""
    quotes = map(_quoted, citations)
    return bool(citations) and all(any(is_at(q, bad) for bad in question.wrong) for q in quotes)


def _quoted(citation: Citation) -> Passage:
    """What a citation quotes, as a passage of its own."""
    c = citation
    return Passage(c.passage_id, c.document_id, 0, c.start, c.end, c.quote, page=c.page)


def _supported(examined: Examined, likeness: Likeness) -> float:
    """The share of the answer's sentences that their quotes support (citation recall in Gao et al., 2023)."""
    quotes = {citation.number: citation for citation in examined.answer.citations}
    held = 0
    for sentence in examined.answer.sentences:
        cited = [quotes[number] for number in sentence.citations if number in quotes]
        held += _is_supported(sentence.text, cited, examined, likeness)
    return held / len(examined.answer.sentences)


def _is_supported(text: str, cited: Sequence[Citation], examined: Examined, likeness: Likeness) -> bool:
    if not cited:
        return False
    quote = "\n".join(citation.quote for citation in cited)
    context = "\n".join(line for citation in cited for line in _context(citation, examined.passages))
    if support_check.supported(text, quote, None, context):
        return True
    return support_check.supported(text, quote, likeness(text, [quote])[0], context)


def _context(citation: Citation, passages: Sequence[ScoredPassage]) -> Iterator[str]:
    """What stands above a quote: title, headings, the names of columns."""
    yield citation.title
    for scored in passages:
        passage = scored.passage
        if passage.id == citation.passage_id:
            yield from passage.headings
            yield passage.header or ""
            above = passage.text[: max(citation.start - passage.start, 0)].split("\n")
            yield from (line for line in above if "|" in line)


def _abstention(question: Question, answered: bool) -> dict[str, float]:
    found = {"abstained_wrongly" if question.answerable else "abstained_rightly": float(not answered)}
    return found if answered else found | {"abstention_precision": float(not question.answerable)}
