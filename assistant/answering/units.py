"""Sentences completed to what a person would quote: an answer with its question, a list with its lead.

A candidate is such a unit with the score of its best sentence. What is no statement is none: headings,
titles, names of columns, comments, a question without its answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answering.question import Question, kin, meets, tokens
from assistant.core.errors import NotFound
from assistant.core.types import Cell, Document, ScoredPassage, ScoredSentence, Span
from assistant.text import tables, words
from assistant.text.marks import unmarked
from assistant.text.structure import Line, Listing, Pair, Structure, is_question, unlabelled
from assistant.text.values import moments, numbers, years
from assistant.text.words import folded

LISTED = 1_500
"""Characters of a list that are shown; what is left out is counted."""
ALIKE = 0.75
"""The share of a question's telling words that a question in a document and its answer must hold before its
"yes" is taken for the answer."""
LEADS = 0.5
"""How far below the best item of a list what leads to it may score, and the list is still meant."""

Read = Callable[[str], Document]
"""A document by its id. Raises NotFound where it was removed meanwhile."""
Kind = Literal["sentence", "pair", "list", "row"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be quoted: a range of a document, what is shown of it, and how well it meets the question."""

    scored: ScoredPassage
    span: Span
    quote: str
    text: str
    score: float
    kind: Kind = "sentence"
    cells: tuple[Cell, ...] = ()
    terms: str = ""
    """What it says with what it is said of: the text by which it is compared with the question."""

    certain: bool = False
    """Whether the question names it by rule: a row and its column, the number of a step."""
    date: str = ""
    """The date that the document itself gives."""

    @property
    def document_id(self) -> str:
        return self.scored.passage.document_id

    @property
    def above(self) -> str:
        """The title and the headings that it stands below."""
        return " ".join([self.scored.title, *self.scored.passage.headings])

    def overlaps(self, other: Candidate) -> bool:
        """Whether both quote some of the same text."""
        apart = self.span.end <= other.span.start or other.span.end <= self.span.start
        return self.document_id == other.document_id and not apart


@dataclass(frozen=True, slots=True)
class Sighted:
    """A passage with its document and the structure around it."""

    scored: ScoredPassage
    document: Document
    structure: Structure

    def candidate(self, span: Span, text: str, score: float, kind: Kind = "sentence") -> Candidate:
        """What `span` of the document gives."""
        quote = self.document.text[span.start : span.end]
        date = self.document.metadata.get("date", "")
        return Candidate(self.scored, span, quote, text, score, kind, terms=unmarked(quote), date=date)


def sighted(passages: Iterable[ScoredPassage], read: Read | None) -> list[Sighted]:
    """The passages with their documents; those of documents that were removed meanwhile are left out."""
    documents: dict[str, Document] = {}
    found = []
    for scored in passages:
        passage = scored.passage
        try:
            document = documents.get(passage.document_id) or _document(scored, read)
        except NotFound:
            continue
        if document.text[passage.start : passage.end] != passage.text:
            continue
        documents[passage.document_id] = document if read else documents.get(passage.document_id, document)
        found.append(Sighted(scored, document, Structure(document, Span(passage.start, passage.end))))
    return found


def _document(scored: ScoredPassage, read: Read | None) -> Document:
    """The document, or as much of it as the passage holds."""
    if read is not None:
        return read(scored.passage.document_id)
    text = "\n" * scored.passage.start + scored.passage.text
    return Document(scored.passage.document_id, scored.title, scored.source, "text/plain", text)


def candidates(
    question: Question, seen: Sequence[Sighted], score: Callable[[ScoredPassage, ScoredSentence], float]
) -> list[Candidate]:
    """All that may be quoted of some passages, each once, with its best score; best first."""
    best: dict[tuple[str, int, int], Candidate] = {}
    for sight in seen:
        for sentence in sight.scored.sentences:
            value = score(sight.scored, sentence)
            for unit in _units(question, sight, sentence.span, value):
                key = (unit.document_id, unit.span.start, unit.span.end)
                if key not in best or best[key].score < unit.score:
                    best[key] = unit
    ranked = sorted(best.values(), key=lambda unit: -unit.score)
    return _without_parts(_with_lists(question, ranked))


def asks_something_else(question: Question, seen: Sequence[Sighted]) -> bool:
    """Whether documents of questions and answers answer others for yes or no, and not this one."""
    spans = ((sight, s.span) for sight in seen for s in sight.scored.sentences)
    pairs = ((sight, pair) for sight, span in spans if (pair := _pair(question, sight, span)))
    polar = [next(_paired(question, s, p, 0.0), None) for s, p in pairs if _is_polar(question, s, p)]
    return bool(polar) and all(unit is None for unit in polar)


def turned_down(question: Question, seen: Sequence[Sighted]) -> list[tuple[str, Span]]:
    """The places of the questions and answers that are of something else, each with its document's id."""
    spans = ((sight, s.span) for sight in seen for s in sight.scored.sentences)
    pairs = ((sight, pair) for sight, span in spans if (pair := _pair(question, sight, span)))
    return [
        (sight.document.id, Span(pair.question.start, pair.answer.end))
        for sight, pair in pairs
        if next(_paired(question, sight, pair, 0.0), None) is None
    ]


def _is_polar(question: Question, sight: Sighted, pair: Pair) -> bool:
    text = sight.document.text
    asked = Question(unmarked(unlabelled(text[pair.question.start : pair.question.end])).lstrip("# "))
    answer = unmarked(unlabelled(text[pair.answer.start : pair.answer.end]))
    return asked.is_polar or question.known.begins_with_yes(folded(answer))


def plain(scored: ScoredPassage, sentence: ScoredSentence, score: float) -> Candidate | None:
    """A sentence as it stands, or None where it says nothing: to be offered as related."""
    text = scored.passage.quote(sentence.span)
    if says_nothing(scored, text):
        return None
    return Candidate(scored, sentence.span, text, shown(scored, sentence.span), score)


# -- units -------------------------------------------------------------------------------------------


def _units(question: Question, sight: Sighted, span: Span, score: float) -> Iterator[Candidate]:
    text = sight.document.text[span.start : span.end]
    if says_nothing(sight.scored, text) or _is_title(sight, span):
        return
    if tables.is_row(" ".join(text.split())):
        yield from _row(question, sight, span, score)
        return
    pair = _pair(question, sight, span)
    if pair is not None:
        yield from _paired(question, sight, pair, score)
        return
    if is_question(text) or not _tells_of(question, sight, span):
        return
    listing = sight.structure.listing(span)
    if listing and len(listing.items) > 1:
        yield from _of_list(question, sight, listing, span, score)
    elif text.rstrip(" *_\"'”’)").endswith((":", "：")):
        yield from _led(sight, span, score)
    else:
        yield sight.candidate(span, shown(sight.scored, span, sight.document.text), score)


def _tells_of(question: Question, sight: Sighted, span: Span) -> bool:
    """Whether lines `Owner: Ola Dahl` hold a word of the question that does not stand above them already; any
    other sentence does."""
    facts = sight.structure.facts(span)
    if len(facts) < 2:
        return True
    above = tokens(" ".join([sight.scored.title, *sight.scored.passage.headings]))
    asked = [w for w in question.telling if w not in question.known.generic and not meets([w], above)]
    said = [word for name, value, _ in facts for word in tokens(f"{name} {value}")]
    return not asked or meets([k for w in asked for k in (w, *kin(w))], said)


def says_nothing(scored: ScoredPassage, text: str) -> bool:
    """A heading, or a table's row of column names, says what follows is about; an empty row holds nothing."""
    passage = scored.passage
    leads = text.strip("# \t") in passage.headings or text in tables.column_rows(passage.text)
    return (leads and len(scored.sentences) > 1) or not any(map(str.isalnum, unmarked(text)))


def _is_title(sight: Sighted, span: Span) -> bool:
    """Whether a line is the title of the document, or like one: short, without a stop, over what follows."""
    text = sight.document.text[span.start : span.end]
    alone = len(sight.scored.sentences) == 1
    first = not sight.document.text[: span.start].strip("#=*_- \t\n")
    if first and unmarked(text).strip("# ") == sight.document.title and not alone:
        return True
    at = sight.structure.line_at(span.start)
    line = sight.structure.lines[at]
    if sight.document.headings or line.kind != "text" or (line.body, line.end) != (span.start, span.end):
        return False
    around = [*sight.structure.lines[max(0, at - 1) : at], *sight.structure.lines[at + 1 : at + 2]]
    apart = len(around) == (1 if at == 0 else 2) and all(near.kind == "blank" for near in around)
    bare = unmarked(text)
    return (
        apart
        and not alone
        and bare[-1:].isalpha()
        and len(bare.split()) <= 8
        and not any(map(str.isdigit, bare))
    )


def shown(scored: ScoredPassage, span: Span, whole: str | None = None) -> str:
    """A sentence as it is shown: without the marks of Markdown, a table row by its column names."""
    passage = scored.passage
    text = " ".join((whole[span.start : span.end] if whole else passage.quote(span)).split())
    if tables.is_row(text):
        return tables.spoken(tables.named(text, _columns(scored, span)))
    bare = re.sub(r"^(?:[-*+]|\d{1,3}[.)]|#{1,6})\s+", "", text)
    return unmarked(unlabelled(bare)) or bare


def _columns(scored: ScoredPassage, span: Span) -> str | None:
    passage = scored.passage
    return tables.columns_above(passage.text, max(0, span.start - passage.start)) or passage.header


def _row(question: Question, sight: Sighted, span: Span, score: float) -> Iterator[Candidate]:
    """A row that shares a word of its cells with the question, not of its column names alone."""
    text = sight.document.text[span.start : span.end]
    cells = tables.named(text, _columns(sight.scored, span))
    names = {word for cell in cells for word in tokens(cell.name)}
    said = [word for cell in cells for word in tokens(cell.value) if word not in names]
    asked = [w for w in question.telling if w not in question.known.generic]
    if asked and not meets(asked, said):
        return
    if not _has_figures(question, sight, cells):
        return
    there = next((cell for cell in cells if is_question(cell.value)), None)
    rest = tuple(cell for cell in cells if cell is not there)
    if there and rest:
        if not _fits(question, there.value, " ".join(cell.value for cell in rest)):
            return
        answer = rest[0].value if len(rest) == 1 else tables.spoken(rest)
        unit = sight.candidate(span, _with_question(question, there.value, answer), score, "pair")
    else:
        unit = sight.candidate(span, tables.spoken(cells), score, "row")
    context = " ".join([sight.scored.title, *sight.scored.passage.headings, *(cell.name for cell in cells)])
    if question.names and words.missing(" ".join(map(str.capitalize, question.names)), f"{context} {text}"):
        return
    yield replace(unit, cells=cells, terms=f"{context} {unit.terms}")


def _has_figures(question: Question, sight: Sighted, cells: Sequence[Cell]) -> bool:
    """Whether a row, or what stands above it, has the years and the days of the question."""
    texts = [sight.scored.title, *sight.scored.passage.headings, *(cell.value for cell in cells)]
    held = frozenset().union(*map(years, texts))
    days = frozenset().union(*map(moments, texts))
    return question.years <= held | numbers(" ; ".join(texts)) and (
        not question.days or bool(question.days & days)
    )


# -- questions and answers ---------------------------------------------------------------------------


def _pair(question: Question, sight: Sighted, span: Span) -> Pair | None:
    """The question and answer that a sentence is of. What stands below a heading that asks is text like any
    other, but for a "yes", which is nothing without it."""
    pair = sight.structure.pair(span)
    if pair is None or sight.structure.lines[sight.structure.line_at(pair.question.start)].kind != "heading":
        return pair
    own = sight.document.text[span.start : span.end]
    if span.start == pair.answer.start and question.known.begins_with_yes(folded(unmarked(unlabelled(own)))):
        return Pair(pair.question, span)
    return None


def _paired(question: Question, sight: Sighted, pair: Pair, score: float) -> Iterator[Candidate]:
    text = sight.document.text
    asked = unmarked(unlabelled(text[pair.question.start : pair.question.end])).lstrip("# ")
    answer = unmarked(unlabelled(text[pair.answer.start : pair.answer.end]))
    if answer and _fits(question, asked, answer):
        whole = Span(pair.question.start, pair.answer.end)
        yield sight.candidate(whole, _with_question(question, asked, answer), score, "pair")


def _fits(question: Question, asked: str, answer: str) -> bool:
    """Whether the answer to `asked` can be one to the question: a "yes" only where both ask the same."""
    there = Question(asked)
    share = question.share([*tokens(asked), *tokens(answer)])
    if question.known.begins_with_yes(folded(answer)) or there.is_polar:
        return share >= ALIKE
    shared = [w for w in there.telling if w not in there.known.generic and question.holds(w)]
    return bool(shared) or share >= 0.5


def _with_question(question: Question, asked: str, answer: str) -> str:
    """The answer, after its question where it means nothing without."""
    if question.known.begins_with_yes(folded(answer)):
        return f"{asked} {answer}"
    return answer


# -- lists -------------------------------------------------------------------------------------------


def _of_list(
    question: Question, sight: Sighted, listing: Listing, span: Span, score: float
) -> Iterator[Candidate]:
    """The step that is asked for; else the item alone, and the list as a whole where it is asked for."""
    if question.step is not None:
        yield from _step(question, sight, listing, score)
        return
    is_lead = listing.lead.start == span.start and listing.lead.end == span.end
    if is_lead or question.wants_list:
        whole = Span(listing.lead.start, listing.items[-1].end)
        yield sight.candidate(whole, _listed(sight.document.text, listing), score, "list")
    if not is_lead:
        yield sight.candidate(span, shown(sight.scored, span, sight.document.text), score)


def _step(question: Question, sight: Sighted, listing: Listing, score: float) -> Iterator[Candidate]:
    """The step of the number that is asked for, where the list is the one that is meant; else nothing."""
    lead = sight.document.text[listing.lead.start : listing.lead.end]
    above = f"{lead} {sight.scored.title} {' '.join(sight.scored.passage.headings)}"
    item = _numbered(question.step or 0, listing)
    if item is not None and _is_of(question, above):
        text = unmarked(sight.document.text[item.body : item.end])
        unit = sight.candidate(Span(item.start, item.end), f"{_label(item)}{text}", score, "list")
        yield replace(unit, terms=f"{above} {unit.terms}", certain=True)


def _numbered(number: int, listing: Listing) -> Line | None:
    numbers = {item.number: item for item in listing.top if item.number is not None}
    if number < 0:
        return listing.top[-1]
    if numbers:
        return numbers.get(number)
    return listing.top[number - 1] if 0 < number <= len(listing.top) else None


def _is_of(question: Question, above: str) -> bool:
    """Whether what leads to a list has most of what the question asks for beside the step."""
    rest = [w for w in question.beside_step if w not in question.known.generic]
    return 2 * sum(meets([w], tokens(above)) for w in rest) >= len(rest)


def _listed(text: str, listing: Listing) -> str:
    """What leads to the list, and its items as they stand; what is left out is counted."""
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


def _led(sight: Sighted, span: Span, score: float) -> Iterator[Candidate]:
    """What leads to something that is no list, with the line that follows; nothing where none does."""
    lines = sight.structure.lines
    at = sight.structure.line_at(max(span.start, span.end - 1))
    following = next((line for line in lines[at + 1 :] if line.kind != "blank"), None)
    if following is None or following.kind in ("heading", "row") or span.end < lines[at].end - 3:
        return
    end = following.end
    if following.kind == "fence":
        fence = lines[lines.index(following) + 1 :][:8]
        code = next((line for line in fence if line.kind == "fence"), None)
        end = code.end if code else end
    whole = Span(span.start, end)
    body = re.sub(r"(?m)^[ \t]*(?:```|~~~)\w*[ \t]*$", " ", sight.document.text[whole.start : whole.end])
    yield sight.candidate(whole, unmarked(body), score)


def _with_lists(question: Question, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Without the lists that are asked for by the kind of the question alone, and not by what they are of."""
    if not ranked:
        return []
    kept = []
    for unit in ranked:
        inside = [other for other in ranked if other is not unit and other.overlaps(unit)]
        if unit.kind == "list" and inside and question.step is None and not _is_meant(question, unit, inside):
            continue
        kept.append(unit)
    return kept


def _is_meant(question: Question, whole: Candidate, items: Sequence[Candidate]) -> bool:
    """Whether a list is what is asked for, rather than one of its items: by what stands above."""
    context = [*tokens(whole.text.split("\n")[0]), *tokens(" ".join(whole.scored.passage.headings[-1:]))]
    telling = [w for w in question.telling if w not in question.known.generic] or question.telling
    return bool(telling) and 2 * sum(meets([w], context) for w in telling) >= len(telling)


def _without_parts(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Without what is part of a longer unit that is wanted, and without parts of a better one."""
    kept: list[Candidate] = []
    for unit in sorted(ranked, key=lambda unit: -(unit.span.end - unit.span.start)):
        over = next((at for at, other in enumerate(kept) if other.overlaps(unit)), None)
        if over is None:
            kept.append(unit)
        else:
            kept[over] = replace(kept[over], score=max(kept[over].score, unit.score))
    return sorted(kept, key=lambda unit: (-unit.score, unit.document_id, unit.span.start))
