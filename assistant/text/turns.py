"""Conversations as HTML: each answer first, and below it the evidence that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from assistant.core.types import Answer, Citation, KeptTurn, Sentence, Usage
from assistant.text.html import Html, element, joined, spaced, text
from assistant.text.marks import runs, unmarked
from assistant.text.sources import source_url, whole_page
from assistant.text.tables import as_sentence
from assistant.text.wording import ENGLISH, Wording

QUOTE = 180
"""Characters of a quote in the list of sources."""
LIKELY, PROBABLE = 0.9, 0.65
"""The confidence from which an answer is called very likely, and from which probable."""
LONG = 400
"""Characters of a question above which the page shows its beginning only."""


def transcript_html(turns: Sequence[KeptTurn], last: Html | None = None, say: Wording = ENGLISH) -> Html:
    """Render a conversation. `last` is its unfinished end: a pending, growing or failed turn."""
    done = [kept_html(kept, say) for kept in turns]
    heading = element("h1", text(say("bar.chat")), class_="unseen")
    ends = [*([last] if last else []), *_total(turns, say)]
    return element("div", heading, *done, *ends, class_="turns")


def _total(turns: Sequence[KeptTurn], say: Wording) -> Iterator[Html]:
    """Yield the usage of a conversation of several turns, where a model was used."""
    used = [kept.turn.answer.usage for kept in turns if kept.turn.answer.usage]
    if len(used) > 1:
        yield _usage(sum(used, Usage()), "turn.all", say)


def _usage(used: Usage, key: str, say: Wording) -> Html:
    """Render the number of tokens with their cost; how many were read and written is seen on hover."""
    cost = "" if used.cost is None else f" ({used.cost:,.4f})"
    figures = say("turn.split", prompt=f"{used.prompt:,}", reply=f"{used.reply:,}")
    return element("p", text(say(key, tokens=f"{used.tokens:,}") + cost), class_="usage", title=figures)


def kept_html(kept: KeptTurn, say: Wording = ENGLISH) -> Html:
    """Render a question and its answer as they are kept, with what can be done about them."""
    turn = kept.turn
    body = joined([answer_html(turn.answer, say), _deeds(turn.answer, kept.verdict, say)])
    return _turn(turn.question, body, "turn", str(kept.number))


def turn_html(question: str, answer: Answer, say: Wording = ENGLISH, *, growing: bool = False) -> Html:
    """Render a question and its answer, which is not kept; `growing` while more sentences follow."""
    body = answer_html(answer, say, growing=growing)
    if not growing:
        return _turn(question, body, "turn")
    return _turn(question, joined([body, _stop(say)]), "turn growing")


def pending_html(question: str, say: Wording = ENGLISH) -> Html:
    """Render a question without any answer yet."""
    waiting = element("p", text(say("turn.searching")), class_="waiting")
    return _turn(question, joined([waiting, _stop(say)]), "turn growing")


def _stop(say: Wording) -> Html:
    return element("p", _deed("stop", say("turn.stop")), class_="deeds")


def failed_html(question: str, message: str) -> Html:
    """Render a question that failed, with the error message."""
    return _turn(question, element("p", text(message), class_="failure", role="alert"), "turn failed")


def scope_html() -> Html:
    """Render the place for the name of the only document to search, filled by the page's script."""
    return element("div", id="only")


def suggestions_html() -> Html:
    """Render the places for suggested questions and what the corpus is about, filled by the page's script."""
    return joined([element("div", class_="suggested", role="group"), element("div", class_="overview")])


def foreign_html(say: Wording = ENGLISH) -> Html:
    """Render in place of a conversation that this browser does not have."""
    heading, message = text(say("turn.none")), text(say("turn.foreign"))
    return element("section", element("h1", heading), element("p", message), class_="welcome foreign")


def welcome_html(documents: int, say: Wording = ENGLISH) -> Html:
    """Render the greeting of an empty chat, with the number of documents."""
    message = text(say("turn.here", count=f"{documents:,}"))
    if not documents:
        link = element("a", text(say("turn.add")), href="#documents")
        message = joined(spaced([text(say("turn.empty")), link]))
    heading = element("h1", text(say("turn.welcome")))
    return element("section", heading, element("p", message), class_="welcome")


def shared_page(name: str, turns: Sequence[KeptTurn], say: Wording = ENGLISH) -> Html:
    """Render a conversation as a page for reading alone."""
    note = element("p", text(say("share.note")), class_="understood")
    told = [turn_html(kept.turn.question, kept.turn.answer, say) for kept in turns]
    body = element(
        "main", element("h1", text(name), dir="auto"), note, *told, id="transcript", class_="shared"
    )
    return whole_page(name, body, say, ("page", "chat"))


def unshared_page(say: Wording = ENGLISH) -> Html:
    """Render in place of a conversation that is not shared, or no longer."""
    heading = element("h1", text(say("turn.none")))
    message = element("p", text(say("share.gone")))
    body = element("main", element("section", heading, message, class_="welcome"), id="transcript")
    return whole_page(say("turn.none"), body, say, ("page", "chat"))


def _turn(question: str, body: Html, kind: str, number: str | None = None) -> Html:
    long = "question long" if len(question) > LONG else "question"
    heading = element("h2", text(question), class_=long, dir="auto")
    return element("article", heading, body, class_=kind, data_turn=number)


def _deeds(answer: Answer, verdict: str | None, say: Wording) -> Html:
    deeds = [_deed("copy", say("turn.copy"))] if answer.answered else []
    deeds += [_deed("again", say("turn.again")), _deed("edit", say("turn.edit"))]
    deeds.append(_deed("good", say("turn.good"), pressed=verdict == "good"))
    is_bad = verdict == "bad"
    deeds.append(_deed("bad", say("turn.kept" if is_bad else "turn.bad"), pressed=is_bad))
    return element("p", *deeds, class_="deeds")


def _deed(does: str, name: str, pressed: bool | None = None) -> Html:
    state = None if pressed is None else str(pressed).lower()
    kind = "deed thumb" if does == "bad" else "deed"
    return element("button", text(name), type="button", class_=kind, data_does=does, aria_pressed=state)


# -- the answer --------------------------------------------------------------------------------------


def answer_html(answer: Answer, say: Wording = ENGLISH, *, growing: bool = False) -> Html:
    """Render the sentences with their numbers, then the evidence, and what else the documents say."""
    parts = [*_understood(answer, say), element("div", *_body(answer, growing, say), class_=_kind(answer))]
    if answer.answered and answer.confidence is not None and not growing:
        parts.append(_sureness(answer.confidence, say))
    for remark in filter(None, (answer.understood, answer.notice)):
        parts.append(element("p", text(remark), class_="notice", role="note", dir="auto"))
    if answer.usage and not growing:
        parts.append(_usage(answer.usage, "turn.tokens", say))
    if answer.citations:
        parts.append(_section("evidence", answer.citations, say, _told(answer)))
    if answer.evidence and answer.answered:
        parts.append(_section("also", answer.evidence, say))
    if answer.related and not answer.answered:
        parts.append(_section("related", answer.related, say))
    return joined(parts)


def _sureness(confidence: float, say: Wording) -> Html:
    """Render in words how sure an answer is, with the figure for who points at it."""
    level = "likely" if confidence >= LIKELY else "probable" if confidence >= PROBABLE else "possible"
    figure = say("turn.figure", percent=round(100 * confidence))
    return element("p", text(say(f"turn.{level}")), class_=f"sure {level}", title=figure)


def _kind(answer: Answer) -> str:
    return "answer" if answer.answered else "answer unanswered"


def _understood(answer: Answer, say: Wording) -> Iterator[Html]:
    """Yield the question as it was understood, where that is not how it was asked."""
    if _folded(answer.search_query) != _folded(answer.question):
        words = element("span", text(answer.search_query), class_="reading", dir="auto")
        edit = element("button", text(say("turn.reword")), type="button", class_="plain", data_does="reword")
        yield element("p", *spaced([text(say("turn.understood")), words, edit]), class_="understood")


def _folded(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip(" ?.!…")


def _body(answer: Answer, growing: bool, say: Wording) -> Iterator[Html]:
    """Yield the first sentence large, then the others, with those that are rows of tables as tables."""
    citations = {citation.number: citation for citation in answer.citations}
    checked = answer.mode != "extractive" and (growing or answer.answered)
    parts = (
        (sentence, [citations[n] for n in sentence.citations if n in citations])
        for sentence in answer.sentences
    )
    first = True
    for columns, group in groupby(parts, key=lambda part: _columns(*part)):
        if columns is not None:
            yield _table(columns, [cited[0] for _, cited in group], say)
        else:
            written = [_sentence(sentence, cited, checked, say) for sentence, cited in group]
            lead, rest = (written[:1], written[1:]) if first else ([], written)
            yield from (element("p", part, class_="lead", dir="auto") for part in lead)
            yield from _rest(rest, is_list=answer.mode == "extractive")
        first = False


def _rest(sentences: Sequence[Html], is_list: bool) -> Iterator[Html]:
    if sentences and is_list:
        yield element("ul", *(element("li", sentence, dir="auto") for sentence in sentences), class_="rest")
    elif sentences:
        yield element("p", *spaced(sentences), class_="rest", dir="auto")


def _columns(sentence: Sentence, cited: Sequence[Citation]) -> tuple[str, ...] | None:
    """Return the column names of a sentence that is a row of a table, word for word; None for others."""
    if len(cited) != 1 or len(cited[0].cells) < 2 or sentence.text != as_sentence(cited[0].cells):
        return None
    return tuple(cell.name for cell in cited[0].cells)


def _table(columns: Sequence[str], rows: Sequence[Citation], say: Wording) -> Html:
    """Render quoted rows under the names of their columns."""
    names = [element("th", text(name), scope="col", dir="auto") for name in columns]
    mark = element("th", element("span", text(say("turn.source")), class_="unseen"), scope="col")
    head = [element("thead", element("tr", *names, mark))] if any(columns) else []
    body = element("tbody", *(_table_row(row, say) for row in rows))
    return element(
        "div",
        element("table", *head, body, class_="hit"),
        class_="wide",
        tabindex="0",
        role="group",
        aria_label=say("turn.table"),
    )


def _table_row(citation: Citation, say: Wording) -> Html:
    values = [element("td", text(cell.value), dir="auto") for cell in citation.cells]
    number = element("td", _chips([citation], say), class_="where")
    return element("tr", *values, number, class_="sentence", data_numbers=str(citation.number))


def _sentence(sentence: Sentence, cited: Sequence[Citation], checked: bool, say: Wording) -> Html:
    """Render a sentence with its numbers; where it is `checked` and has none, it is marked."""
    words = element("span", _words(sentence, cited), class_="words")
    if cited:
        numbers = " ".join(str(citation.number) for citation in cited)
        return element("span", words, _chips(cited, say), class_="sentence", data_numbers=numbers, dir="auto")
    if not checked or not sentence.is_whole:
        return element("span", words, class_="sentence", dir="auto")
    flag = element("span", text(f" {say('turn.unsupported')}"), class_="flag")
    return element("span", words, flag, class_="sentence unsupported", title=say("turn.why"), dir="auto")


def _words(sentence: Sentence, cited: Sequence[Citation]) -> Html:
    """Render a sentence; one that is a quote keeps the code and the emphasis of its document."""
    if len(cited) == 1 and unmarked(cited[0].quote) == sentence.text:
        styled, said = _styled(cited[0].quote)
        if said == sentence.text:
            return styled
    return text(sentence.text)


def _styled(quote: str) -> tuple[Html, str]:
    """Return a quote with its inline markup as elements, and its text."""
    parts, said = [], []
    for run in runs(quote, 0, len(quote)):
        if "sign" in run.styles:
            continue
        words = quote[run.span.start : run.span.end]
        said.append(words)
        markup = text(words)
        for style in ("em", "strong", "code"):
            if style in run.styles:
                markup = element(style, markup)
        parts.append(markup)
    return joined(parts), "".join(said)


def _chips(citations: Sequence[Citation], say: Wording) -> Html:
    return element("sup", *(_chip(citation, say) for citation in citations), class_="numbers")


def _chip(citation: Citation, say: Wording) -> Html:
    return element(
        "a",
        text(str(citation.number)),
        class_="citation",
        data_number=str(citation.number),
        href=source_url(citation),
        title=_label(citation, say),
        aria_label=_numbered_label(citation, say),
    )


# -- evidence ----------------------------------------------------------------------------------------


def _told(answer: Answer) -> frozenset[str]:
    """Return the quotes that the answer gives word for word, which need not be told again."""
    quotes = {unmarked(citation.quote) for citation in answer.citations}
    rows = {citation.quote for citation in answer.citations if citation.cells}
    return frozenset(quotes & {sentence.text for sentence in answer.sentences}) | frozenset(
        map(unmarked, rows)
    )


def _section(
    name: str, citations: Iterable[Citation], say: Wording, told: frozenset[str] = frozenset()
) -> Html:
    """Render citations by document; a quote is given once, and not where the answer has told it."""
    documents: dict[str, list[Citation]] = {}
    for citation in citations:
        documents.setdefault(citation.document_id, []).append(citation)
    numbered = name == "evidence"
    items = [_document(found, numbered, told, say) for found in documents.values()]
    heading = element("h3", text(say(f"turn.{name}")))
    return element(
        "section", heading, element("ol", *items), class_="sources" if numbered else "related-passages"
    )


def _document(citations: Sequence[Citation], numbered: bool, told: frozenset[str], say: Wording) -> Html:
    title = element("span", text(citations[0].title), class_="title", dir="auto")
    if all(unmarked(citation.quote) in told for citation in citations):
        links = [_numbered(citation, say) for citation in citations]
        return element(
            "li", title, text(" "), element("span", *spaced(links), class_="places"), class_="document"
        )
    unique = {(citation.start, citation.end): citation for citation in citations}
    quotes = [element("li", _quoted(citation, numbered, told, say)) for citation in unique.values()]
    return element("li", title, element("ul", *quotes), class_="document")


def _numbered(citation: Citation, say: Wording) -> Html:
    source = element("span", text(say("turn.source")), class_="unseen")
    number = element("span", text(str(citation.number)), class_="number")
    parts = spaced([source, number, *_page(citation, say)])
    return element("a", *parts, class_="source-link", href=source_url(citation))


def _page(citation: Citation, say: Wording) -> Iterator[Html]:
    if citation.page is not None:
        yield element("span", text(say("turn.page", page=citation.page)), class_="page")


def _quoted(citation: Citation, numbered: bool, told: frozenset[str], say: Wording) -> Html:
    """Render a passage. A related one is not evidence, so it has no number that an answer could cite."""
    number = [element("span", text(str(citation.number)), class_="number")] if numbered else []
    quote = [element("q", text(_short(unmarked(citation.quote))), class_="quote", dir="auto")]
    if unmarked(citation.quote) in told:
        quote = [element("span", text(say("turn.told")), class_="page")]
    kind = "source-link" if numbered else "citation related"
    return element(
        "a", *spaced([*number, *quote, *_page(citation, say)]), class_=kind, href=source_url(citation)
    )


def _numbered_label(citation: Citation, say: Wording) -> str:
    return say("turn.number", number=citation.number, title=_label(citation, say))


def _label(citation: Citation, say: Wording) -> str:
    if citation.page is None:
        return citation.title
    return say("turn.place", title=citation.title, page=citation.page)


def _short(quote: str) -> str:
    quote = " ".join(quote.split()).strip("| ")  # a table row without its outer bars
    if quote.count("|"):
        quote = ", ".join(filter(None, map(str.strip, quote.split("|"))))
    if len(quote) <= QUOTE:
        return quote
    return quote[:QUOTE].rsplit(" ", 1)[0].rstrip(",;:") + "…"
