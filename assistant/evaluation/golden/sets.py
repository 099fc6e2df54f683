"""Golden sets: JSON lines written by a person, one question or one conversation per line.

    {"id": "…", "question": "…", "documents": ["…"], "facts": ["…"], "tags": ["…"]}
    {"id": "…", "turns": [{"question": "…", "facts": ["…"]}, {"question": "…", "answerable": false}]}

Keys of a question: `documents` (names, or the ends of their sources), `passages` (quotes of them), `facts`
(strings required in the answer; a list holds alternatives), `patterns` (RE2 regular expressions), `reference`
(a right answer), `wrong` (quotes that must not be the only citations), `answerable` (default true), `earlier`
(questions asked before it, not measured), `tags`. `answerable` and `tags` of a conversation apply to all its
turns.

Lines written by the assistant quote no document: there a quote is `{"document": id, "start": n, "end": n}`,
and its text is looked up when needed (see `places`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StringConstraints,
    ValidationError,
)

from assistant.core.errors import ReadError
from assistant.core.serialization import writable
from assistant.evaluation.golden.patterns import require_pattern
from assistant.ingest.files import load_text

MAX_SET_BYTES = 20_000_000
"""Bytes of a golden set."""
MAX_STRING = 10_000
"""Characters of each string in it: comparing quotes with passages takes time that grows with both."""


@dataclass(frozen=True, slots=True)
class Place:
    """A range of characters in a document, by the document's id: a quote without its text."""

    document: str
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """True if the two share more than half of the shorter one."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        shorter = min(self.end - self.start, other.end - other.start)
        return self.document == other.document and shared * 2 > shorter


Excerpt = str | Place
"""A piece of a document, as text or as a place."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its right answer. All `facts` are needed, and any alternative of each."""

    id: str
    text: str
    answerable: bool = True
    documents: tuple[str, ...] = ()
    passages: tuple[Excerpt, ...] = ()
    facts: tuple[tuple[Excerpt, ...], ...] = ()
    patterns: tuple[str, ...] = ()
    reference: str | None = None
    wrong: tuple[Excerpt, ...] = ()
    """Citations of a bad answer: an answer that cites nothing else is wrong again."""
    earlier: tuple[str, ...] = ()
    """Questions asked before it, oldest first."""
    tags: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Hash of all fields: two results are comparable only if it is the same."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions asked one after the other; most often just one."""

    turns: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """The conversations of one file; `name` is its stem, `path` its absolute path, or empty."""

    name: str
    conversations: tuple[Conversation, ...] = field(repr=False)
    path: str = ""


def load_sets(paths: Iterable[Path]) -> tuple[GoldenSet, ...]:
    """Load the golden sets in these files, and in the .jsonl files of these folders.

    Raises:
        ReadError: there is no set, or a line is wrong; names the file, the line and the fault.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not files:
        raise ReadError("There is no golden set here; name .jsonl files or a folder that holds some.")
    texts = ((load_text(file, "golden set", MAX_SET_BYTES), file) for file in files)
    sets = tuple(parse_set(text, file.stem, str(file.absolute())) for text, file in texts)
    require_unique(sets)
    return sets


def parse_set(text: str, name: str, path: str = "") -> GoldenSet:
    """Parse a golden set; `name` is used in errors and for questions without an id.

    Raises:
        ReadError: a line is wrong.
    """
    conversations = []
    # str.splitlines would also split at U+2028 and the like, which JSON allows in a string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                conversations.append(_parse_conversation(_parse_object(line), f"{name}-{number}"))
            except ValueError as fault:
                reason = _explain(fault) if isinstance(fault, ValidationError) else fault
                raise ReadError(f"Line {number} of {name}: {reason}.") from None
    return GoldenSet(name, tuple(conversations), path)


def require_unique(sets: Iterable[GoldenSet]) -> None:
    """Check that no two questions have the same id, by which runs are compared.

    Raises:
        ReadError: an id is used twice.
    """
    seen: dict[str, str] = {}
    for golden in sets:
        for question in questions(golden):
            if question.id in seen:
                names = " and ".join(dict.fromkeys((seen[question.id], golden.name)))
                raise ReadError(f"The id {question.id} is used twice, in {names}; give each its own.")
            seen[question.id] = golden.name


def to_line(question: Question) -> str:
    """Return the question as a line of a golden set, without empty fields."""
    row = asdict(question)
    line: dict[str, Any] = {"id": row.pop("id"), "question": row.pop("text")}
    line |= {name: value for name, value in row.items() if name == "answerable" or value}
    return json.dumps(line, ensure_ascii=False)


def questions(golden: GoldenSet) -> Iterator[Question]:
    """Yield all questions of a set, including each turn of a conversation."""
    return (question for conversation in golden.conversations for question in conversation.turns)


# -- one line: faults are ValueErrors, clauses that follow "Line 3 of iran: " -------------------------------


def _parse_object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as fault:
        raise ValueError(f"this is no JSON ({fault.msg} at character {fault.colno})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("a line must be one object in braces")
    if writable(line := json.dumps(value, ensure_ascii=False)) != line:
        raise ValueError("it holds half of a surrogate pair, which is no character")
    if any(len(text) > MAX_STRING for text in _strings(value)):
        raise ValueError(f"it holds a string of more than {MAX_STRING:,} characters")
    return value


def _strings(value: Any) -> Iterator[str]:
    """Yield all strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _parse_excerpt(value: Any) -> Excerpt:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if not isinstance(value, dict) or value.keys() != {"document", "start", "end"}:
        raise ValueError
    place = Place(**value)
    is_range = type(place.start) is int and type(place.end) is int and 0 <= place.start < place.end
    if not is_range or not isinstance(place.document, str):
        raise ValueError
    return place


def _checked_pattern(pattern: str) -> str:
    require_pattern(pattern)
    return pattern


_Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
_Excerpt = Annotated[Excerpt, PlainValidator(_parse_excerpt)]
_Fact = Annotated[
    tuple[_Excerpt, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
]


class _Turn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: _Text
    answerable: StrictBool = True
    documents: tuple[_Text, ...] = ()
    passages: tuple[_Excerpt, ...] = ()
    facts: tuple[_Fact, ...] = ()
    patterns: tuple[Annotated[_Text, AfterValidator(_checked_pattern)], ...] = ()
    reference: _Text | None = None
    wrong: tuple[_Excerpt, ...] = ()
    tags: tuple[_Text, ...] = ()


class _Single(_Turn):
    id: _Text = ""
    earlier: tuple[_Text, ...] = ()


class _Dialogue(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: _Text = ""
    turns: Annotated[tuple[_Turn, ...], Field(min_length=1)]
    answerable: StrictBool = True
    tags: tuple[_Text, ...] = ()


_EXPECTED = ("documents", "passages", "facts", "patterns", "reference")
"""Keys that say what a right answer holds: an unanswerable question has none of them."""
_TEXTS = "a list of strings that are not empty"
_EXCERPTS = "a list of quotes: strings that are not empty, or objects of document, start and end"
_SHAPES = {
    **dict.fromkeys(("id", "question", "reference"), "a string that is not empty"),
    **dict.fromkeys(("documents", "patterns", "earlier", "tags"), _TEXTS),
    **dict.fromkeys(("passages", "wrong"), _EXCERPTS),
    "facts": "a list; each of the facts is a string that is not empty, or a list of alternatives",
    "answerable": "true or false",
    "turns": "a list of objects, each with a question",
}


def _parse_conversation(row: dict[str, Any], ident: str) -> Conversation:
    if "turns" not in row:
        single = _Single.model_validate(row)
        return Conversation((_to_question(single, single.id or ident, single.tags, single.answerable),))
    dialogue = _Dialogue.model_validate(row)
    ident = dialogue.id or ident
    turns = []
    for number, turn in enumerate(dialogue.turns, 1):
        answerable = turn.answerable if "answerable" in turn.model_fields_set else dialogue.answerable
        turns.append(_to_question(turn, f"{ident}/{number}", (*dialogue.tags, *turn.tags), answerable))
    return Conversation(tuple(turns))


def _to_question(turn: _Turn, ident: str, tags: tuple[str, ...], answerable: bool) -> Question:
    expected = [name for name in _EXPECTED if getattr(turn, name)]
    if expected and not answerable:
        raise ValueError(f"an unanswerable question has no {expected[0]}")
    fields = {name: value for name, value in turn if name not in ("id", "question")}
    fields |= {"answerable": answerable, "tags": tuple(dict.fromkeys(tags))}
    return Question(ident, turn.question, **fields)


def _explain(invalid: ValidationError) -> str:
    error = invalid.errors(include_url=False)[0]
    if error["type"] == "extra_forbidden":
        model = _Turn if len(error["loc"]) > 1 else _Dialogue if invalid.title == "_Dialogue" else _Single
        return f"{error['loc'][-1]!r} is unknown; known are {', '.join(sorted(model.model_fields))}"
    key = [str(part) for part in error["loc"] if part in _SHAPES][-1]
    if key == "patterns" and error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return f"{key} must be {_SHAPES[key]}"
