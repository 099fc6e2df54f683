"""Conversations as HTML: each answer first, and below it the evidence that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from assistant.core.types import Answer, Citation, KeptTurn, Sentence
from assistant.text.html import Html, element, joined, spaced, text
from assistant.text.marks import runs, unmarked
from assistant.text.sources import source_url
from assistant.text.tables import as_sentence

QUOTE = 180
"""Characters of a quote in the list of sources."""
KEPT = "Kept as a golden question"
"""What became of an answer that was marked as bad."""
LONG = 400
"""Characters of a question above which the page shows its beginning only."""


def transcript_html(turns: Sequence[KeptTurn], last: Html | None = None) -> Html:
    """Render a conversation. `last` is its unfinished end: a pending, growing or failed turn."""
    done = [kept_html(kept) for kept in turns]
    return element("div", *done, *([last] if last else []), class_="turns")


def kept_html(kept: KeptTurn) -> Html:
    """Render a question and its answer as they are kept, with what can be done about them."""
    turn = kept.turn
    body = joined([answer_html(turn.answer), _deeds(turn.answer, kept.verdict)])
    return _turn(turn.question, body, "turn", str(kept.number))


def turn_html(question: str, answer: Answer, *, growing: bool = False) -> Html:
    """Render a question and its answer, which is not kept; `growing` while more sentences follow."""
    return _turn(question, answer_html(answer, growing=growing), "turn growing" if growing else "turn")


def pending_html(question: str) -> Html:
    """Render a question without any answer yet."""
    return _turn(question, element("p", text("Searching the documents…"), class_="waiting"), "turn growing")


def failed_html(question: str, message: str) -> Html:
    """Render a question that failed, with the error message."""
    return _turn(question, element("p", text(message), class_="failure", role="alert"), "turn failed")


def scope_html() -> Html:
    """Render the place for the name of the only document to search, filled by the page's script."""
    return element("div", id="only")


def suggestions_html() -> Html:
    """Render the place for suggested questions, filled by the page's script."""
    return element("div", class_="suggested", role="group", aria_label="Suggested questions")


def foreign_html(message: str) -> Html:
    """Render in place of a conversation that this browser does not have."""
    return element(
        "section",
        element("h1", text("No conversation")),
        element("p", text(message)),
        class_="welcome foreign",
    )


def welcome_html(documents: int) -> Html:
    """Render the greeting of an empty chat, with the number of documents."""
    heading = element("h1", text("Ask the documents"))
    if not documents:
        link = element("a", text("add some"), href="#documents")
        message = joined([text("There are no documents yet: "), link, text(" first.")])
    else:
        corpus = "the one document here" if documents == 1 else f"the {documents:,} documents here"
        message = text(f"Answers come only from {corpus}, and every sentence names the passage it rests on.")
    return element("section", heading, element("p", message), class_="welcome")


def _turn(question: str, body: Html, kind: str, number: str | None = None) -> Html:
    long = "question long" if len(question) > LONG else "question"
    heading = element("h2", text(question), class_=long, dir="auto")
    return element("article", heading, body, class_=kind, data_turn=number)


def _deeds(answer: Answer, verdict: str | None) -> Html:
    deeds = [_deed("copy", "Copy")] if answer.answered else []
    deeds += [_deed("again", "Ask again"), _deed("edit", "Edit question")]
    deeds.append(_deed("good", "Good answer", pressed=verdict == "good"))
    is_bad = verdict == "bad"
    deeds.append(_deed("bad", KEPT if is_bad else "Not a good answer", pressed=is_bad))
    return element("p", *deeds, class_="deeds")


def _deed(does: str, name: str, pressed: bool | None = None) -> Html:
    state = None if pressed is None else str(pressed).lower()
    kind = "deed thumb" if does == "bad" else "deed"
    return element("button", text(name), type="button", class_=kind, data_does=does, aria_pressed=state)


# -- the answer --------------------------------------------------------------------------------------


def answer_html(answer: Answer, *, growing: bool = False) -> Html:
    """Render the sentences with their numbers, then the evidence, and what else the documents say."""
    parts = [*_understood(answer), element("div", *_body(answer, growing), class_=_kind(answer))]
    for remark in filter(None, (answer.understood, answer.notice)):
        parts.append(element("p", text(remark), class_="notice", role="note", dir="auto"))
    if answer.citations:
        parts.append(_section("Evidence", "sources", answer.citations, _told(answer)))
    if answer.evidence and answer.answered:
        parts.append(_section("Also in the documents", "related-passages", answer.evidence))
    if answer.related and not answer.answered:
        parts.append(_section("Related passages", "related-passages", answer.related))
    return joined(parts)


def _kind(answer: Answer) -> str:
    return "answer" if answer.answered else "answer unanswered"


def _understood(answer: Answer) -> Iterator[Html]:
    """Yield the question as it was understood, where that is not how it was asked."""
    if _folded(answer.search_query) != _folded(answer.question):
        words = element("span", text(answer.search_query), class_="reading", dir="auto")
        edit = element("button", text("Edit"), type="button", class_="plain", data_does="reword")
        yield element("p", text("Understood as: "), words, text(" "), edit, class_="understood")


def _folded(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip(" ?.!…")


def _body(answer: Answer, growing: bool) -> Iterator[Html]:
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
            yield _table(columns, [cited[0] for _, cited in group])
        else:
            written = [_sentence(sentence, cited, checked) for sentence, cited in group]
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


def _table(columns: Sequence[str], rows: Sequence[Citation]) -> Html:
    """Render quoted rows under the names of their columns."""
    names = [element("th", text(name), scope="col", dir="auto") for name in columns]
    mark = element("th", element("span", text("Source"), class_="unseen"), scope="col")
    head = [element("thead", element("tr", *names, mark))] if any(columns) else []
    body = element("tbody", *map(_table_row, rows))
    return element(
        "div",
        element("table", *head, body, class_="hit"),
        class_="wide",
        tabindex="0",
        role="group",
        aria_label="From a table",
    )


def _table_row(citation: Citation) -> Html:
    values = [element("td", text(cell.value), dir="auto") for cell in citation.cells]
    number = element("td", _chips([citation]), class_="where")
    return element("tr", *values, number, class_="sentence", data_numbers=str(citation.number))


def _sentence(sentence: Sentence, cited: Sequence[Citation], checked: bool) -> Html:
    """Render a sentence with its numbers; where it is `checked` and has none, it is marked."""
    words = element("span", _words(sentence, cited), class_="words")
    if cited:
        numbers = " ".join(str(citation.number) for citation in cited)
        return element("span", words, _chips(cited), class_="sentence", data_numbers=numbers, dir="auto")
    if not checked or not sentence.is_whole:
        return element("span", words, class_="sentence", dir="auto")
    flag = element("span", text(" unsupported"), class_="flag")
    why = "No passage of the corpus supports this sentence."
    return element("span", words, flag, class_="sentence unsupported", title=why, dir="auto")


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


def _chips(citations: Sequence[Citation]) -> Html:
    return element("sup", *map(_chip, citations), class_="numbers")


def _chip(citation: Citation) -> Html:
    return element(
        "a",
        text(str(citation.number)),
        class_="citation",
        data_number=str(citation.number),
        href=source_url(citation),
        title=_label(citation),
        aria_label=f"Source {citation.number}: {_label(citation)}",
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
    heading: str, kind: str, citations: Iterable[Citation], told: frozenset[str] = frozenset()
) -> Html:
    """Render citations by document; a quote is given once, and not where the answer has told it."""
    documents: dict[str, list[Citation]] = {}
    for citation in citations:
        documents.setdefault(citation.document_id, []).append(citation)
    items = [_document(found, kind, told) for found in documents.values()]
    return element("section", element("h3", text(heading)), element("ol", *items), class_=kind)


def _document(citations: Sequence[Citation], kind: str, told: frozenset[str]) -> Html:
    numbered = kind == "sources"
    title = element("span", text(citations[0].title), class_="title", dir="auto")
    if all(unmarked(citation.quote) in told for citation in citations):
        links = [_numbered(citation) for citation in citations]
        return element(
            "li", title, text(" "), element("span", *spaced(links), class_="places"), class_="document"
        )
    unique = {(citation.start, citation.end): citation for citation in citations}
    quotes = [element("li", _quoted(citation, numbered, told)) for citation in unique.values()]
    return element("li", title, element("ul", *quotes), class_="document")


def _numbered(citation: Citation) -> Html:
    number = element("span", text(str(citation.number)), class_="number")
    page = [] if citation.page is None else [element("span", text(f"page {citation.page}"), class_="page")]
    return element(
        "a",
        number,
        *page,
        class_="source-link",
        href=source_url(citation),
        aria_label=f"Source {citation.number}: {_label(citation)}",
    )


def _quoted(citation: Citation, numbered: bool, told: frozenset[str]) -> Html:
    """Render a passage. A related one is not evidence, so it has no number that an answer could cite."""
    number = [element("span", text(str(citation.number)), class_="number")] if numbered else []
    page = [] if citation.page is None else [element("span", text(f"page {citation.page}"), class_="page")]
    quote = [element("q", text(_short(unmarked(citation.quote))), class_="quote", dir="auto")]
    if unmarked(citation.quote) in told:
        quote = [element("span", text("quoted above"), class_="page")]
    kind = "source-link" if numbered else "citation related"
    return element("a", *spaced([*number, *quote, *page]), class_=kind, href=source_url(citation))


def _label(citation: Citation) -> str:
    return citation.title if citation.page is None else f"{citation.title}, page {citation.page}"


def _short(quote: str) -> str:
    quote = " ".join(quote.split()).strip("| ")  # a table row without its outer bars
    if quote.count("|"):
        quote = ", ".join(filter(None, map(str.strip, quote.split("|"))))
    if len(quote) <= QUOTE:
        return quote
    return quote[:QUOTE].rsplit(" ", 1)[0].rstrip(",;:") + "…"
