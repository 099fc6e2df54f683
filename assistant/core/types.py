"""The frozen types that packages exchange. They have no behaviour beyond derived values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["added", "unchanged", "updated", "rejected", "moved", "removed"]
"""The last two are of names, when a folder is followed."""
Stage = Literal["reading", "splitting", "embedding"]
Mode = Literal["extractive", "model"]
Notify = Callable[[str], None]
"""Called with a sentence for the user: on slow work, on what cannot be done."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level (1 is the highest) and the range of its line in the text."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a paginated document, with the text `text[start:end]`."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. All offsets in the project count characters of its plain `text`."""

    id: str
    title: str
    source: str
    media_type: str
    text: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document: `document.text[start:end] == text`.

    `headings` is the path of headings above it, outermost first. `sentences` are the quotable ranges, in
    characters of the document: sentences, headings and table rows, in reading order.
    """

    id: str
    document_id: str
    position: int
    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None
    sentences: tuple[Span, ...] = ()
    header: str | None = None
    """The header row of the table that its rows belong to, as text."""

    def quote(self, span: Span) -> str:
        """Return the text of a range of the document inside this passage, for example of a sentence."""
        return self.text[span.start - self.start : span.end - self.start]


@dataclass(frozen=True, slots=True)
class Query:
    """A search query."""

    text: str
    """The question rewritten to be understood without earlier turns. It is shown to the user."""
    focus: str = ""
    """The part of the text from the latest question; empty if that is all of it."""
    earlier: tuple[str, ...] = ()
    """Earlier questions, oldest first."""
    context: str = ""
    """The beginning of the text that is only context: the title of the source of the previous answer."""
    unclear: str = ""
    """A word of the question that refers to something that was never mentioned."""
    reading: str = ""
    """The interpretation of an ambiguous question, in a sentence."""
    parts: tuple[Query, ...] = ()
    """The parts of a question that asks for several things, each understood by those before it."""


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A quotable range of a passage: its cosine with the query, and the share of query terms in it.

    `interaction` is this share with similar words counted too (late interaction).
    """

    span: Span
    cosine: float
    coverage: float
    interaction: float = 0.0
    answers: float | None = None
    """The probability that it answers the question, by the reader; None where it was not read."""


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A retrieved passage, with the title and source of its document and the scores that ranked it."""

    passage: Passage
    title: str
    source: str
    score: float
    cosine: float = 0.0
    words: float = 0.0
    """BM25 divided by the largest BM25 that the query can reach: 0 to 1."""
    coverage: float = 0.0
    """The share of query terms, weighted by idf, in the passage, its title or its headings."""
    sentences: tuple[ScoredSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, or the value of a line `Owner: Ola Dahl`, with the name of its column."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote of a passage: `document.text[start:end] == quote`."""

    number: int
    document_id: str
    passage_id: str
    title: str
    source: str
    page: int | None
    start: int
    end: int
    quote: str
    cells: tuple[Cell, ...] = ()
    """The cells of the quote that were asked for, where it is of a table or of lines with names."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer with the numbers of its citations; none if unsupported."""

    text: str
    citations: tuple[int, ...] = ()
    is_whole: bool = True
    """False for the last sentence of a growing answer, which is not checked yet."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read in prompts and wrote in replies, as its server counts them or by estimate."""

    prompt: int = 0
    reply: int = 0
    cost: float | None = None
    """In the currency of the configured price; None without one."""

    def __add__(self, other: Usage) -> Usage:
        costs = [usage.cost for usage in (self, other) if usage.cost is not None]
        return Usage(self.prompt + other.prompt, self.reply + other.reply, sum(costs) if costs else None)

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.prompt + self.reply


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """Tokens of one model on one day (UTC, ISO 8601)."""

    day: str
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Price:
    """Cost of a million tokens of prompts and of replies, in whatever currency they are billed."""

    prompt: float
    reply: float

    def priced(self, usage: Usage) -> Usage:
        """Return the usage with its cost."""
        cost = (usage.prompt * self.prompt + usage.reply * self.reply) / 1_000_000
        return Usage(usage.prompt, usage.reply, cost)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. If the corpus has none, `citations` is empty and `related` is filled.

    `evidence` has further statements of the documents on an answered question.
    """

    question: str
    search_query: str
    answered: bool
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...] = ()
    related: tuple[Citation, ...] = ()
    mode: Mode = "extractive"
    model: str | None = None
    notice: str | None = None
    """A one-sentence remark on how the answer was made."""
    evidence: tuple[Citation, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    understood: str | None = None
    """The interpretation of an ambiguous or mistyped question, in one sentence."""
    confidence: float | None = None
    """The probability that quotes answer the question; None for an answer that is made otherwise."""
    usage: Usage | None = None
    """Tokens of the answer and of rewriting its question; None if no model was called."""

    @property
    def text(self) -> str:
        """The sentences joined, each followed by its citation numbers: `First. [1] Second. [2]`."""
        return " ".join(" ".join([s.text, *(f"[{n}]" for n in s.citations)]) for s in self.sentences)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation with its search query and its answer."""

    question: str
    search_query: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A stored turn: its number in the ledger, its time (ISO 8601, UTC), and the verdict of its reader."""

    number: int
    at: str
    turn: Turn
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """A row of the list of conversations. `name` is its first question, until its owner names it."""

    id: str
    name: str
    at: str
    """Time of the last turn, ISO 8601, UTC."""
    turns: int
    pinned: bool = False
    shared: str | None = None
    """The id of the link that opens it for reading, if there is one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document to add: its name, and a function that loads its bytes."""

    name: str
    load: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A row of the list of documents."""

    id: str
    title: str
    source: str
    media_type: str
    passages: int
    size: int
    """Size of the original in bytes."""
    added: str
    """Time of adding, ISO 8601, UTC."""
    sources: tuple[str, ...] = ()
    """All its names; `source` is the first that it was added under."""
    duplicate_of: str | None = None
    """The id of a near-duplicate that is used for answers instead of this one."""
    date: str | None = None
    """The date that the document gives itself, as it is written."""
    tags: tuple[str, ...] = ()
    """Words that it was given to be found by, in order."""


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """The progress of one source: the `share` of this stage that is done, 0 to 1."""

    source: str
    stage: Stage
    share: float = 0.0


OnStep = Callable[[ProgressStep], None]
"""Called with the progress of a source."""


def ignore(step: ProgressStep) -> None:
    """Ignore a progress step."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """The result of adding one source. `reason` is one sentence if it was rejected."""

    source: str
    status: Status
    document_id: str | None = None
    title: str | None = None
    passages: int = 0
    reason: str | None = None
    duplicate_of: str | None = None
    """The id of a near-duplicate that is used for answers instead of this one."""


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a check. The store is healthy if the three counts agree and `problems` is empty."""

    documents: int
    passages: int
    vectors: int
    words: int
    problems: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    """One sentence for each repair; empty if nothing was repaired."""
