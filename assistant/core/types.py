"""The nouns that the parts hand to each other. Frozen, plain, without behaviour beyond what they derive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["added", "unchanged", "updated", "rejected"]
Stage = Literal["reading", "splitting", "embedding"]
Mode = Literal["extractive", "model"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: its level (1 is the highest), and where its line stands in the text."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a paginated document: `text[start:end]` is what it holds."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One source document as read: plain text that every offset in the project counts in characters of."""

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

    `headings` is the path of headings above it, outermost first. `sentences` are the ranges, in the
    document's characters, that can be quoted: sentences, headings and table rows, in reading order.
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
    """The column names of the table that its rows belong to, as the header row's text."""

    def quote(self, span: Span) -> str:
        """The text of a range of the document that lies in this passage, one of its sentences say."""
        return self.text[span.start - self.start : span.end - self.start]


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for."""

    text: str
    """The question as it stands alone, after the turns before it: what a person is shown."""
    focus: str = ""
    """The part of the text that was asked just now; empty where that is all of it."""
    earlier: tuple[str, ...] = ()
    """The questions before it, oldest first."""
    context: str = ""
    """What the text begins with that is only its surroundings: the title that the answer before was from."""
    unclear: str = ""
    """A word of the question that stands for something which nobody has named."""
    reading: str = ""
    """How it was understood, in a sentence, where it could be understood otherwise."""


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A quotable range of a passage: its cosine with the query, and the share of its terms that it holds.

    `interaction` is the same share with words that mean alike counted too, `peak` how near one of its words
    comes to the whole question (see `interaction`).
    """

    span: Span
    cosine: float
    coverage: float
    interaction: float = 0.0
    peak: float = 0.0
    answers: float | None = None
    """The probability that it answers the question, by the reader; None where it was not read."""


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage as retrieved, with the document's name and the scores that ranked it."""

    passage: Passage
    title: str
    source: str
    score: float
    cosine: float = 0.0
    words: float = 0.0
    """BM25 divided by the largest BM25 that the query could reach: 0 to 1."""
    coverage: float = 0.0
    """The share of the query's terms, by idf, that stand in the passage, its title or its headings."""
    interaction: float = 0.0
    """The same with words that mean alike counted too."""
    weakest: float = 0.0
    """How near the passage comes to that word of the query which it answers least."""
    lead: float = 0.0
    """The interaction of its title and headings alone."""
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
    """One sentence of an answer and the numbers of the citations that it rests on; none where unsupported."""

    text: str
    citations: tuple[int, ...] = ()
    is_whole: bool = True
    """Not for the last one of an answer that grows: it is not checked yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person is told. `related` is filled, and `citations` empty, where the corpus holds no answer.

    `evidence` is what the documents say on it besides, where they answer.
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
    """Something that the person should know about how the answer came about, in one sentence."""
    evidence: tuple[Citation, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    understood: str | None = None
    """How the question was read, in one sentence, where it could be read otherwise or was mistyped."""

    @property
    def text(self) -> str:
        """The answer as one string, each sentence followed by its numbers: `First. [1] Second. [2]`."""
        return " ".join(" ".join([s.text, *(f"[{n}]" for n in s.citations)]) for s in self.sentences)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, what was searched for, and what was answered."""

    question: str
    search_query: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be added: its name, and how to get its bytes."""

    name: str
    load: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the corpus says of one of its documents."""

    id: str
    title: str
    source: str
    media_type: str
    passages: int
    size: int
    """Bytes of the original."""
    added: str
    """When it was added, ISO 8601, UTC."""
    sources: tuple[str, ...] = ()
    """All names that it goes by; `source` is the first that it was added under."""
    duplicate_of: str | None = None
    """The id of a document that says nearly the same, which answers in its place."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the adding of one source has come; `share` of this stage, 0 to 1, is done."""

    source: str
    stage: Stage
    share: float = 0.0


def ignore(step: Step) -> None:
    """Hears of steps, and does nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source that was to be added. `reason` is one sentence where it was rejected."""

    source: str
    status: Status
    document_id: str | None = None
    title: str | None = None
    passages: int = 0
    reason: str | None = None
    duplicate_of: str | None = None
    """The id of a document that says nearly the same, and answers in its place."""


@dataclass(frozen=True, slots=True)
class Health:
    """What `check` found. Sound when the three counts agree and `problems` is empty."""

    documents: int
    passages: int
    vectors: int
    words: int
    problems: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    """What was amiss and was mended, a sentence each; empty where nothing was to be repaired."""
