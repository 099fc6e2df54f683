"""One result with the text that it points to: what was expected, said, cited and retrieved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant.evaluation.golden.places import GONE, Quote, Quotes
from assistant.evaluation.golden.sets import Place, Question
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.scoring.scores import is_named, is_of

SHOWN = 400
"""Characters of a passage that are shown."""
CHANGED = "what its golden set said of it, which is not at hand any more"
ABSTAINED = "It said that the documents do not answer this question."


@dataclass(frozen=True, slots=True)
class Shown:
    """A quote, cut to what is shown; `right` where it is of what was expected."""

    title: str
    source: str
    text: str
    place: Place
    right: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Review:
    """What a person needs to judge a result."""

    expected: tuple[str, ...]
    said: str
    cited: tuple[Shown, ...]
    retrieved: tuple[Shown, ...]


def review(result: Result, question: Question | None, quotes: Quotes) -> Review:
    """The result with its text. `question` is None where its set does not tell it any more."""
    return Review(
        tuple(expected(question, quotes)) if question else (CHANGED,),
        said(result, quotes),
        tuple(_shown(result.cited, question, quotes)),
        tuple(_shown(result.retrieved, question, quotes)),
    )


def said(result: Result, quotes: Quotes) -> str:
    """What was answered: as it was said or, where that is not kept, as it was quoted."""
    if not result.answered:
        return ABSTAINED
    return result.answer or " … ".join(quotes.texts(result.cited)) or f"It quoted {GONE}."


def expected(question: Question, quotes: Quotes) -> Iterator[str]:
    """What a right answer shows, a line each."""
    if not question.answerable:
        yield "that it abstains"
    for fact in question.facts:
        yield " or ".join(f"“{one}”" for one in quotes.texts(fact)) or GONE
    yield from (f"a match of {pattern}" for pattern in question.patterns)
    yield from question.documents
    yield from (f"“{passage}”" for passage in quotes.texts(question.passages))
    if question.wrong:
        yield "another passage than the one that was marked wrong"
    if question.reference:
        yield question.reference


def _shown(places: Iterable[Place], question: Question | None, quotes: Quotes) -> Iterator[Shown]:
    for place in places:
        quote = quotes.quote(place)
        text = quote.text if len(quote.text) <= SHOWN else f"{quote.text[:SHOWN]}…"
        right = question is not None and _is_right(question, quote)
        yield Shown(quote.title, quote.source, text, place, right, quote.gone)


def _is_right(question: Question, quote: Quote) -> bool:
    for passage in question.passages:
        if passage.overlaps(quote.place) if isinstance(passage, Place) else is_of(quote.text, passage):
            return True
    return not question.passages and any(is_named(quote.source, name) for name in question.documents)
