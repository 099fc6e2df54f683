"""Sentences completed to quotable units: an answer with its question, a list with its introduction.

A candidate is such a unit with the score of its best sentence. Headings, titles, column names, comments and
questions without answers are not candidates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answering.question import Question, any_in, synonyms, tokens
from assistant.core.errors import NotFound
from assistant.core.types import Cell, Document, ScoredPassage, ScoredSentence, Span
from assistant.retrieval.reader import is_heading
from assistant.text import tables, words
from assistant.text.marks import unmarked
from assistant.text.structure import Line, Listing, Pair, Structure, is_question, unlabelled
from assistant.text.values import moments, numbers, years
from assistant.text.words import folded

LISTED = 1_500
"""Limit on the characters of a displayed list; the rest is counted."""
SAME_QUESTION = 0.75
"""The least share of a question's content words in a yes/no question of a document and its answer, for these
to answer it."""

LoadDocument = Callable[[str], Document]
"""Return a document by its id. Raises NotFound if it was removed meanwhile."""
UnitKind = Literal["sentence", "pair", "list", "row"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quotable range of a document, its text for display, and its score for the question."""

    scored: ScoredPassage
    span: Span
    quote: str
    text: str
    score: float
    kind: UnitKind = "sentence"
    cells: tuple[Cell, ...] = ()
    terms: str = ""
    """The text that is compared with the question: the quote with its headings."""
    certain: bool = False
    """True if the question identifies it exactly: a row and its column, the number of a step."""
    date: str = ""
    """The date in the document's metadata."""

    @property
    def document_id(self) -> str:
        return self.scored.passage.document_id

    @property
    def above(self) -> str:
        """The title and the headings above it."""
        return " ".join([self.scored.title, *self.scored.passage.headings])

    def overlaps(self, other: Candidate) -> bool:
        """Return True if both quote the same part of a document."""
        apart = self.span.end <= other.span.start or other.span.end <= self.span.start
        return self.document_id == other.document_id and not apart


@dataclass(frozen=True, slots=True)
class Context:
    """A passage with its document and the structure around it."""

    scored: ScoredPassage
    document: Document
    structure: Structure

    def candidate(self, span: Span, text: str, score: float, kind: UnitKind = "sentence") -> Candidate:
        """Return the candidate that quotes `span` of the document."""
        quote = self.document.text[span.start : span.end]
        date = self.document.metadata.get("date", "")
        return Candidate(self.scored, span, quote, text, score, kind, terms=unmarked(quote), date=date)


def load_contexts(passages: Iterable[ScoredPassage], load_document: LoadDocument | None) -> list[Context]:
    """Load the documents of the passages, without those that were removed meanwhile."""
    documents: dict[str, Document] = {}
    found = []
    for scored in passages:
        passage = scored.passage
        try:
            document = documents.get(passage.document_id) or _document(scored, load_document)
        except NotFound:
            continue
        if document.text[passage.start : passage.end] != passage.text:
            continue
        documents[passage.document_id] = document
        found.append(Context(scored, document, Structure(document, Span(passage.start, passage.end))))
    return found


def _document(scored: ScoredPassage, load_document: LoadDocument | None) -> Document:
    """Return the document, or the passage as a document if documents cannot be loaded."""
    if load_document is not None:
        return load_document(scored.passage.document_id)
    text = "\n" * scored.passage.start + scored.passage.text
    return Document(scored.passage.document_id, scored.title, scored.source, "text/plain", text)


def find_candidates(
    question: Question, contexts: Sequence[Context], score: Callable[[ScoredPassage, ScoredSentence], float]
) -> list[Candidate]:
    """Return the candidates of the passages, each once with its best score, best first."""
    best: dict[tuple[str, int, int], Candidate] = {}
    for context in contexts:
        for sentence in context.scored.sentences:
            value = score(context.scored, sentence)
            for unit in _find_units(question, context, sentence.span, value):
                key = (unit.document_id, unit.span.start, unit.span.end)
                if key not in best or best[key].score < unit.score:
                    best[key] = unit
    ranked = sorted(best.values(), key=lambda unit: -unit.score)
    return _without_parts(_without_unwanted_lists(question, ranked))


def has_only_other_polar_pairs(question: Question, contexts: Sequence[Context]) -> bool:
    """Return True if the documents answer yes/no questions, but not this one."""
    polar = [pair for pair in _pairs(question, contexts) if _is_polar(question, *pair)]
    return bool(polar) and not any(_answers(question, *pair) for pair in polar)


def rejected_pairs(question: Question, contexts: Sequence[Context]) -> list[tuple[str, Span]]:
    """Return the ranges of the questions with answers that are off topic, each with its document's id."""
    return [
        (context.document.id, Span(pair.question.start, pair.answer.end))
        for context, pair in _pairs(question, contexts)
        if not _answers(question, context, pair)
    ]


def _pairs(question: Question, contexts: Sequence[Context]) -> Iterator[tuple[Context, Pair]]:
    for context in contexts:
        for sentence in context.scored.sentences:
            if pair := _pair(question, context, sentence.span):
                yield context, pair


def _is_polar(question: Question, context: Context, pair: Pair) -> bool:
    asked, answer = _pair_texts(context, pair)
    return Question(asked).is_polar or question.vocabulary.begins_with_yes(folded(answer))


def plain_candidate(scored: ScoredPassage, sentence: ScoredSentence, score: float) -> Candidate | None:
    """Return a sentence by itself, to be offered as related; None for headings and the like."""
    text = scored.passage.quote(sentence.span)
    if is_heading_or_empty(scored, text):
        return None
    return Candidate(scored, sentence.span, text, display_text(scored, sentence.span), score)


# -- units -------------------------------------------------------------------------------------------


def _find_units(question: Question, context: Context, span: Span, score: float) -> Iterator[Candidate]:
    text = context.document.text[span.start : span.end]
    if is_heading_or_empty(context.scored, text) or _is_title(context, span):
        return
    if tables.is_row(" ".join(text.split())):
        yield from _row_candidates(question, context, span, score)
        return
    pair = _pair(question, context, span)
    if pair is not None:
        yield from _pair_candidates(question, context, pair, score)
        return
    if is_question(text) or not _has_relevant_facts(question, context, span):
        return
    listing = context.structure.listing(span)
    if listing and len(listing.items) > 1:
        yield from _list_candidates(question, context, listing, span, score)
    elif text.rstrip(" *_\"'”’)").endswith((":", "：")):
        yield from _introduced_candidates(context, span, score)
    else:
        yield context.candidate(span, display_text(context.scored, span, context.document.text), score)


def _has_relevant_facts(question: Question, context: Context, span: Span) -> bool:
    """Return False for lines such as `Owner: Ola Dahl` that add no word of the question to the headings."""
    facts = context.structure.facts(span)
    if len(facts) < 2:
        return True
    above = tokens(" ".join([context.scored.title, *context.scored.passage.headings]))
    asked = [w for w in question.specific_words if not any_in([w], above)]
    line_words = [word for name, value, _ in facts for word in tokens(f"{name} {value}")]
    return not asked or any_in([k for w in asked for k in (w, *synonyms(w))], line_words)


def is_heading_or_empty(scored: ScoredPassage, text: str) -> bool:
    """Return True for a heading or header row above other sentences, and for text without any word."""
    return is_heading(scored, text) or not any(map(str.isalnum, unmarked(text)))


def _is_title(context: Context, span: Span) -> bool:
    """Return True for the title of the document, and for a short separate line without a stop."""
    text = context.document.text[span.start : span.end]
    alone = len(context.scored.sentences) == 1
    first = not context.document.text[: span.start].strip("#=*_- \t\n")
    if first and unmarked(text).strip("# ") == context.document.title and not alone:
        return True
    at = context.structure.line_at(span.start)
    line = context.structure.lines[at]
    if context.document.headings or line.kind != "text" or (line.body, line.end) != (span.start, span.end):
        return False
    around = [*context.structure.lines[max(0, at - 1) : at], *context.structure.lines[at + 1 : at + 2]]
    apart = len(around) == (1 if at == 0 else 2) and all(near.kind == "blank" for near in around)
    bare = unmarked(text)
    return (
        apart
        and not alone
        and bare[-1:].isalpha()
        and len(bare.split()) <= 8
        and not any(map(str.isdigit, bare))
    )


def display_text(scored: ScoredPassage, span: Span, whole: str | None = None) -> str:
    """Return a sentence for display: without Markdown; a table row with its column names."""
    passage = scored.passage
    text = " ".join((whole[span.start : span.end] if whole else passage.quote(span)).split())
    if tables.is_row(text):
        return tables.as_sentence(tables.named_cells(text, _columns(scored, span)))
    bare = re.sub(r"^(?:[-*+]|\d{1,3}[.)]|#{1,6})\s+", "", text)
    return unmarked(unlabelled(bare)) or bare


def _columns(scored: ScoredPassage, span: Span) -> str | None:
    passage = scored.passage
    return tables.columns_above(passage.text, max(0, span.start - passage.start)) or passage.header


def _row_candidates(question: Question, context: Context, span: Span, score: float) -> Iterator[Candidate]:
    """Yield a row if its cells, not only its column names, share a word with the question."""
    text = context.document.text[span.start : span.end]
    cells = tables.named_cells(text, _columns(context.scored, span))
    names = {word for cell in cells for word in tokens(cell.name)}
    values = [word for cell in cells for word in tokens(cell.value) if word not in names]
    if question.specific_words and not any_in(question.specific_words, values):
        return
    if not _has_figures(question, context, cells):
        return
    asked = next((cell for cell in cells if is_question(cell.value)), None)
    rest = tuple(cell for cell in cells if cell is not asked)
    if asked and rest:
        if not _is_answered_by(question, asked.value, " ".join(cell.value for cell in rest)):
            return
        answer = rest[0].value if len(rest) == 1 else tables.as_sentence(rest)
        unit = context.candidate(span, _with_question(question, asked.value, answer), score, "pair")
    else:
        unit = context.candidate(span, tables.as_sentence(cells), score, "row")
    above = " ".join([context.scored.title, *context.scored.passage.headings, *(cell.name for cell in cells)])
    if question.names and words.missing(" ".join(map(str.capitalize, question.names)), f"{above} {text}"):
        return
    yield replace(unit, cells=cells, terms=f"{above} {unit.terms}")


def _has_figures(question: Question, context: Context, cells: Sequence[Cell]) -> bool:
    """Return True if a row and the headings above have the years and a day of the question."""
    texts = [context.scored.title, *context.scored.passage.headings, *(cell.value for cell in cells)]
    held = frozenset().union(*map(years, texts))
    days = frozenset().union(*map(moments, texts))
    return question.years <= held | numbers(" ; ".join(texts)) and (
        not question.days or bool(question.days & days)
    )


# -- questions and answers ---------------------------------------------------------------------------


def _pair(question: Question, context: Context, span: Span) -> Pair | None:
    """Return the question and answer that a sentence is part of. Below a heading that is a question, only a
    "yes" or "no" is such an answer; other text is quoted by itself."""
    pair = context.structure.pair(span)
    if (
        pair is None
        or context.structure.lines[context.structure.line_at(pair.question.start)].kind != "heading"
    ):
        return pair
    own = context.document.text[span.start : span.end]
    if span.start == pair.answer.start and question.vocabulary.begins_with_yes(
        folded(unmarked(unlabelled(own)))
    ):
        return Pair(pair.question, span)
    return None


def _pair_texts(context: Context, pair: Pair) -> tuple[str, str]:
    text = context.document.text
    asked = unmarked(unlabelled(text[pair.question.start : pair.question.end])).lstrip("# ")
    return asked, unmarked(unlabelled(text[pair.answer.start : pair.answer.end]))


def _answers(question: Question, context: Context, pair: Pair) -> bool:
    asked, answer = _pair_texts(context, pair)
    return bool(answer) and _is_answered_by(question, asked, answer)


def _pair_candidates(question: Question, context: Context, pair: Pair, score: float) -> Iterator[Candidate]:
    if _answers(question, context, pair):
        whole = Span(pair.question.start, pair.answer.end)
        yield context.candidate(whole, _with_question(question, *_pair_texts(context, pair)), score, "pair")


def _is_answered_by(question: Question, asked: str, answer: str) -> bool:
    """Return True if the answer to `asked` may answer the question; "yes" only if both ask the same."""
    other = Question(asked)
    coverage = question.coverage([*tokens(asked), *tokens(answer)])
    if question.vocabulary.begins_with_yes(folded(answer)) or other.is_polar:
        return coverage >= SAME_QUESTION
    return any(map(question.has, other.specific_words)) or coverage >= 0.5


def _with_question(question: Question, asked: str, answer: str) -> str:
    """Return the answer, preceded by its question if it needs it."""
    if question.vocabulary.begins_with_yes(folded(answer)):
        return f"{asked} {answer}"
    return answer


# -- lists -------------------------------------------------------------------------------------------


def _list_candidates(
    question: Question, context: Context, listing: Listing, span: Span, score: float
) -> Iterator[Candidate]:
    """Yield the step that is asked for; or the item by itself, and the whole list if that is asked for."""
    if question.step is not None:
        yield from _step_candidates(question, context, listing, score)
        return
    is_lead = listing.lead.start == span.start and listing.lead.end == span.end
    if is_lead or question.wants_list:
        whole = Span(listing.lead.start, listing.items[-1].end)
        yield context.candidate(whole, _list_text(context.document.text, listing), score, "list")
    if not is_lead:
        yield context.candidate(span, display_text(context.scored, span, context.document.text), score)


def _step_candidates(
    question: Question, context: Context, listing: Listing, score: float
) -> Iterator[Candidate]:
    """Yield the step with the number that is asked for, if the question fits the list."""
    lead = context.document.text[listing.lead.start : listing.lead.end]
    above = f"{lead} {context.scored.title} {' '.join(context.scored.passage.headings)}"
    item = _item_by_number(question.step or 0, listing)
    if item is not None and _fits_list(question, above):
        text = unmarked(context.document.text[item.body : item.end])
        unit = context.candidate(Span(item.start, item.end), f"{_label(item)}{text}", score, "list")
        yield replace(unit, terms=f"{above} {unit.terms}", certain=True)


def _item_by_number(number: int, listing: Listing) -> Line | None:
    numbers = {item.number: item for item in listing.top if item.number is not None}
    if number < 0:
        return listing.top[-1]
    if numbers:
        return numbers.get(number)
    return listing.top[number - 1] if 0 < number <= len(listing.top) else None


def _fits_list(question: Question, above: str) -> bool:
    """Return True if the headings and introduction of a list have most other words of the question."""
    rest = [w for w in question.words_beside_step if w not in question.vocabulary.generic]
    return 2 * sum(any_in([w], tokens(above)) for w in rest) >= len(rest)


def _list_text(text: str, listing: Listing) -> str:
    """Return the introduction and the items of a list, with the number of items omitted."""
    lead = unmarked(text[listing.lead.start : listing.lead.end])
    lines, length = [lead] if lead else [], len(lead)
    for place, item in enumerate(listing.items):
        inside = "  " * (item.indent > listing.items[0].indent)
        line = f"{inside}{_label(item) or '- '}{unmarked(text[item.body : item.end])}"
        length += len(line)
        if length > LISTED and place:
            lines.append(f"(+ {len(listing.items) - place})")
            break
        lines.append(line)
    return "\n".join(lines)


def _label(item: Line) -> str:
    return f"{item.marker} " if any(map(str.isalnum, item.marker)) else ""


def _introduced_candidates(context: Context, span: Span, score: float) -> Iterator[Candidate]:
    """Yield a sentence that ends in a colon with the line that follows, unless that is a list or a table."""
    lines = context.structure.lines
    at = context.structure.line_at(max(span.start, span.end - 1))
    following = next((line for line in lines[at + 1 :] if line.kind != "blank"), None)
    if following is None or following.kind in ("heading", "row") or span.end < lines[at].end - 3:
        return
    end = following.end
    if following.kind == "fence":
        fence = lines[lines.index(following) + 1 :][:8]
        code = next((line for line in fence if line.kind == "fence"), None)
        end = code.end if code else end
    whole = Span(span.start, end)
    body = re.sub(r"(?m)^[ \t]*(?:```|~~~)\w*[ \t]*$", " ", context.document.text[whole.start : whole.end])
    yield context.candidate(whole, unmarked(body), score)


def _without_unwanted_lists(question: Question, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Remove lists that fit the question only by its kind, if there are candidates within them."""

    def is_unwanted(unit: Candidate) -> bool:
        is_list = unit.kind == "list" and question.step is None
        has_parts = is_list and any(other is not unit and other.overlaps(unit) for other in ranked)
        return has_parts and not _is_whole_list_wanted(question, unit)

    return [unit for unit in ranked if not is_unwanted(unit)]


def _is_whole_list_wanted(question: Question, whole: Candidate) -> bool:
    """Return True if the heading and introduction of a list have most of the words of the question."""
    above = [*tokens(whole.text.split("\n")[0]), *tokens(" ".join(whole.scored.passage.headings[-1:]))]
    asked = question.specific_words or question.content_words
    return bool(asked) and 2 * sum(any_in([w], above) for w in asked) >= len(asked)


def _without_parts(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Merge overlapping candidates into the longest, with the best score; best first."""
    kept: list[Candidate] = []
    for unit in sorted(ranked, key=lambda unit: -(unit.span.end - unit.span.start)):
        over = next((at for at, other in enumerate(kept) if other.overlaps(unit)), None)
        if over is None:
            kept.append(unit)
        else:
            kept[over] = replace(kept[over], score=max(kept[over].score, unit.score))
    return sorted(kept, key=lambda unit: (-unit.score, unit.document_id, unit.span.start))
