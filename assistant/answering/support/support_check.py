"""True if a sentence is supported by a quote, without asking a model, and which quote supports it best.

The check is one of words. Every word that carries what a sentence says must be in the quote: in another
form, by a synonym, or as a kind of it (see `faithfulness`); a few that are no verbs may be others where a
reader of both is sure. Figures, names and negations are those of the quote. Out of its sight are facts of a
quote put together in another way within a clause; wordings in quite other words are refused though they may
be true. The cosine decides only which quote is looked at first. Measured by `make hostile ARGS=claims` and
`python -m eval.benchmarks support`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from assistant.answering.support import roles
from assistant.answering.support.contradictions import contradicts, lacks_negation
from assistant.answering.support.faithfulness import is_faithful, plain, uncovered
from assistant.text import tables
from assistant.text.language import language
from assistant.text.quantities import allowed, claimed
from assistant.text.territories import territories
from assistant.text.words import WORD, content, folded, missing, names, share, stem

Supports = Callable[[str, str, str], float]
"""Sentence, quote and context -> how likely the quote says all of the sentence, 0 to 1; see `Reader`."""

SHORT = 4
"""Content words up to which none may be other than the quote's: in so few, any of them is the claim."""
LACKING = 0.5
"""The share of content words that the quote may say in quite other words, where a reader bears it out."""
WORDY = 6
"""Words from which a sentence is taken to have a verb, known or not."""
READ_AS_SUPPORT = 0.8
"""The probability from which a reader does; see docs/decisions/0012-support-check.md."""
READS = 4
"""Runs of sentences that are read at most, the nearest by words and vectors."""
OWN = 0.25
"""The share of content words that must be in the quote itself, and not only in its context."""
LONGEST_RUN = 3
"""Neighbouring sentences that a quote may take."""
NEARLY = 0.9
"""The share of content words from which a sentence is a copy of another, so that what differs was changed."""
MANY = 5
"""Content words that a sentence must have for that."""


_COMMAND = re.compile(
    r"\byour (?:reply|response|answer|output)\b"
    r"|\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules)\b"
    r"|\b(?:system prompt|you are now)\b",
    re.IGNORECASE | re.DOTALL,
)


def supported(
    sentence: str, quote: str, similarity: float | None = None, context: str = "",
    supports: Supports | None = None,
) -> bool:  # fmt: skip
    """True if `sentence` says nothing that `quote` does not say.

    Args:
        sentence: one sentence of an answer, without the numbers of its citations.
        quote: whole sentences of a document.
        similarity: the cosine of the two, where it is known.
        context: the text above the quote in its document (title, headings, names of columns). It may
            tell who or what the quote is about, and cannot contradict it.
        supports: a reader. Without one no content word may be other than the quote's.
    """
    if not WORD.search(sentence) and not claimed(sentence):
        return False
    if is_verbatim(sentence, quote) or _is_spoken_row(sentence, quote, context):
        return True
    if _is_fragment(sentence):
        return False
    said, there, above = plain(_with_countries_of(quote, sentence)), plain(quote), plain(context)
    lacking = uncovered(said, there, above)
    if lacking and (supports is None or not _may_lack(lacking, said)):
        return False
    if not _rests_on(said, there) or not _agrees(said, there, above) or not is_faithful(said, there, above):
        return False
    return not lacking or (supports is not None and supports(sentence, quote, context) >= READ_AS_SUPPORT)


def _is_fragment(sentence: str) -> bool:
    """True if it is a name or a figure alone, of which nothing is said."""
    known, spoken = language(), roles.spoken_of(sentence)
    if any(roles.is_verb(word) or word in known.be | known.have for word in spoken):
        return False
    return len(content(sentence)) + len(claimed(sentence)) < 2


def is_claim(sentence: str) -> bool:
    """True if something is said in it: it has a verb, or as many words as hold one in any language."""
    known, spoken = language(), roles.spoken_of(sentence)
    return len(spoken) >= WORDY or any(
        word in known.be | known.have or roles.is_verb_at(spoken, at) for at, word in enumerate(spoken)
    )


def _may_lack(lacking: frozenset[str], sentence: str) -> bool:
    """True if a reader may judge of these words: they are few, and no verb, for who did what is not its
    strength."""
    said = len(content(sentence))
    return said > SHORT and len(lacking) <= LACKING * said and not any(map(roles.is_verb, lacking))


def find_support(
    sentence: str, spans: Sequence[str], similarities: Sequence[float] | None = None, context: str = "",
    supports: Supports | None = None,
) -> list[int]:  # fmt: skip
    """The places of the spans that support `sentence`: a run of neighbours, or else the fewest together;
    none where nothing does."""
    run = best_quote(sentence, spans, similarities, context, supports)
    if supported(sentence, joined(spans, run), closest(similarities, run), context, supports):
        return [*run]
    return fewest(sentence, spans, similarities, context)


def _agrees(sentence: str, quote: str, context: str) -> bool:
    """True if figures, names and negations of the sentence are those of the quote."""
    if not claimed(sentence) <= allowed(quote) or not _names_stand(sentence, quote, context):
        return False
    return not contradicts(sentence, quote) and not lacks_negation(sentence, quote)


def is_verbatim(sentence: str, quote: str) -> bool:
    """True if `sentence` is one or more whole sentences, lines or cells of `quote`, word for word."""
    spoken = folded(sentence).strip(" .!?;|\"'").split()
    if not spoken:
        return False
    whole = r"\s+".join(re.escape(word) for word in spoken)
    begins, ends = r"(?:^|[.!?][\"')]*\s|[|\n])[\s\"'(]*", r"[\"')]*\s*(?:$|[.!?](?!\w)|[;|\n])"
    return re.search(begins + whole + ends, folded(quote)) is not None


def _is_spoken_row(sentence: str, quote: str, context: str) -> bool:
    """True if `sentence` is a row of `quote`, told with the names of its columns."""
    told = folded(sentence).strip()
    rows, heads = (
        [line for line in map(str.strip, text.splitlines()) if tables.is_row(line)]
        for text in (quote, context)
    )
    return any(
        folded(tables.as_sentence(tables.named_cells(row, head))) == told for row in rows for head in heads
    )


def is_no_statement(text: str) -> bool:
    """True if a text asks, or tells a model what to write: nothing that an answer can rest on."""
    return text.rstrip(" \"'”’)").endswith(("?", "？", "؟")) or _COMMAND.search(text) is not None


def best_quote(
    sentence: str, spans: Sequence[str], similarities: Sequence[float] | None = None, context: str = "",
    supports: Supports | None = None,
) -> range:  # fmt: skip
    """Return the sentences of a passage to quote: the shortest run of neighbours that supports `sentence`.

    Args:
        sentence: one sentence of an answer.
        spans: the sentences of a passage, in order; at least one.
        similarities: the cosine of each with `sentence`, where known.
        context, supports: as for `supported`.

    Returns:
        The places in `spans`, at most LONGEST_RUN; where no run supports it, the one that comes nearest.
    """

    near = {run: share(content(sentence), joined(spans, run)) + (closest(similarities, run) or 0.0)
            for run in _runs(len(spans))}  # fmt: skip
    ranked = sorted(near, key=lambda run: (len(run), -near[run]))
    helpful = _helpful(sentence, spans, context)
    may_help = [run for run in ranked if len(run) == 1 or helpful.issuperset(run)]
    for run in may_help:
        if supported(sentence, joined(spans, run), closest(similarities, run), context):
            return run
    if supports is not None:
        for run in sorted(may_help, key=lambda run: (-near[run], len(run)))[:READS]:
            if supported(sentence, joined(spans, run), closest(similarities, run), context, supports):
                return run
    return ranked[0]


def fewest(
    sentence: str, spans: Sequence[str], similarities: Sequence[float] | None = None, context: str = ""
) -> list[int]:
    """The places of the fewest of `spans` that support `sentence` together; none where LONGEST_RUN cannot.

    For a sentence that says in one what a passage, or several, say in different places.
    """
    stems, chosen = content(sentence), list[int]()
    helpful = _helpful(sentence, spans, context)
    for _ in range(min(LONGEST_RUN, len(helpful))):
        left = sorted(helpful.difference(chosen))
        gain = {at: share(stems, *(spans[i] for i in (*chosen, at))) for at in left}
        chosen.append(max(left, key=lambda at: (gain[at], similarities[at] if similarities else 0.0)))
        chosen.sort()
        if supported(sentence, joined(spans, chosen), closest(similarities, chosen), context):
            return chosen
    return []


def _helpful(sentence: str, spans: Sequence[str], context: str) -> frozenset[int]:
    """The places of the spans that may support the sentence together: those that do not contradict it; none
    at all where it is nearly one of them and still not borne out, for then something was changed."""
    copied = [span for span in spans if _is_copy(sentence, span)]
    if any(not _agrees(sentence, span, context) for span in copied):
        return frozenset()
    return frozenset(at for at, span in enumerate(spans) if not contradicts(sentence, span))


def _is_copy(sentence: str, span: str) -> bool:
    """True if a sentence is nearly a span, or is one with another name in the place of its own."""
    stems, gone = content(sentence), missing(sentence, span)
    if len(stems) >= MANY and share(stems, span) >= NEARLY:
        return True
    others = stems - frozenset(map(stem, gone))
    return bool(gone and missing(span, sentence)) and len(others) >= MANY and share(others, span) == 1


def joined(spans: Sequence[str], places: Iterable[int]) -> str:
    """The text of some of `spans`, a line each."""
    return "\n".join(spans[at] for at in places)


def closest(similarities: Sequence[float] | None, places: Iterable[int]) -> float | None:
    """The largest cosine of some of `similarities`."""
    return max(similarities[at] for at in places) if similarities is not None else None


def _runs(count: int) -> Iterator[range]:
    for length in range(1, LONGEST_RUN + 1):
        for start in range(count - length + 1):
            yield range(start, start + length)


def _rests_on(sentence: str, quote: str) -> bool:
    """True if the sentence says something, and enough of it is in the quote itself, not only its context."""
    stems, figures = content(sentence), claimed(sentence)
    return bool(figures) or (bool(stems) and share(stems, quote) >= OWN)


def _names_stand(sentence: str, quote: str, context: str) -> bool:
    """True if each name is in the quote, or in its context if the quote names nobody else instead."""
    gone = missing(sentence, quote)
    if not gone:
        return True
    if not context or missing(sentence, f"{quote}\n{context}"):
        return False
    if not missing(quote, sentence):
        return True
    others = names(quote) & roles.leading(quote)
    return gone <= roles.leading(sentence) and not missing(" ".join(map(str.title, others)), sentence)


def _with_countries_of(quote: str, sentence: str) -> str:
    """Return the sentence with its countries called what the quote calls them: Iran for Tehran."""
    theirs = {country.code: quote[country.start : country.end] for country in reversed(territories(quote))}
    for country in reversed(territories(sentence)):
        name = sentence[country.start : country.end]
        if country.code in theirs and name not in quote and theirs[country.code] not in sentence:
            sentence = sentence[: country.start] + theirs[country.code] + sentence[country.end :]
    return sentence
