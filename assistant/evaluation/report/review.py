"""Review of one result with the text at its places: expected, answered, cited and retrieved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant.evaluation.golden.places import GONE, Quote, QuoteLookup
from assistant.evaluation.golden.sets import Excerpt, Place, Question
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.scoring.scores import contains_quote, is_named

MAX_TEXT = 400
"""Characters of a passage that are shown."""
UNKNOWN = "unknown, as the question is no longer in its golden set"
ABSTAINED = "It said that the documents do not answer this question."


@dataclass(frozen=True, slots=True)
class ReviewedQuote:
    """A quote cut to MAX_TEXT; `right` if it was expected."""

    title: str
    source: str
    text: str
    place: Place
    right: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Review:
    """The texts that a person needs to judge a result."""

    expected: tuple[str, ...]
    said: str
    cited: tuple[ReviewedQuote, ...]
    retrieved: tuple[ReviewedQuote, ...]


def review(result: Result, question: Question | None, quotes: QuoteLookup) -> Review:
    """Return the result with its texts. `question` is None if its set no longer holds it."""
    return Review(
        tuple(describe_expected(question, quotes)) if question else (UNKNOWN,),
        describe_answer(result, quotes),
        tuple(_review_quotes(result.cited, question, quotes)),
        tuple(_review_quotes(result.retrieved, question, quotes)),
    )


def describe_answer(result: Result, quotes: QuoteLookup) -> str:
    """Return the answer or, if it is not stored, the quotes it cites."""
    if not result.answered:
        return ABSTAINED
    return result.answer or " … ".join(quotes.texts(result.cited)) or f"It quoted {GONE}."


def describe_expected(question: Question, quotes: QuoteLookup) -> Iterator[str]:
    """Yield the requirements of a right answer, a line each."""
    if not question.answerable:
        yield "that it abstains"
    for fact in question.facts:
        yield " or ".join(f"“{text}”" for text in quotes.texts(fact)) or GONE
    yield from (f"a match of {pattern}" for pattern in question.patterns)
    yield from question.documents
    yield from (f"“{passage}”" for passage in quotes.texts(question.passages))
    if question.wrong:
        yield "another passage than the one that was marked wrong"
    if question.reference:
        yield question.reference


def _review_quotes(
    places: Iterable[Place], question: Question | None, quotes: QuoteLookup
) -> Iterator[ReviewedQuote]:
    for place in places:
        quote = quotes.quote(place)
        text = quote.text if len(quote.text) <= MAX_TEXT else f"{quote.text[:MAX_TEXT]}…"
        is_right = question is not None and _is_expected(question, quote)
        yield ReviewedQuote(quote.title, quote.source, text, place, is_right, quote.gone)


def _is_expected(question: Question, quote: Quote) -> bool:
    def matches(excerpt: Excerpt) -> bool:
        if isinstance(excerpt, Place):
            return excerpt.overlaps(quote.place)
        return contains_quote(quote.text, excerpt)

    if question.passages:
        return any(map(matches, question.passages))
    return any(is_named(quote.source, name) for name in question.documents)
