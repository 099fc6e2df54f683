"""Golden sets: JSON lines that a person writes, one question or one conversation a line.

    {"id": "…", "question": "…", "documents": ["…"], "facts": ["…"], "tags": ["…"]}
    {"id": "…", "turns": [{"question": "…", "facts": ["…"]}, {"question": "…", "answerable": false}]}

Of a question may be told: `documents` (names, or how their sources end), `passages` (quotes of them),
`facts` (strings that the answer must hold; a list is of alternatives), `patterns` (regular expressions, RE2),
`reference` (a right answer), `wrong` (quotes of what must not be cited alone), `answerable` (true unless
said), `earlier` (questions asked before it, which are not measured), `tags`. A conversation's `answerable`
and `tags` are those of all its turns.

What the assistant writes down itself quotes no document: a quote is `{"document": id, "start": n, "end": n}`
there, and its text is looked up when it is needed (see `places`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from assistant.core.errors import ReadError
from assistant.core.serialization import writable
from assistant.evaluation.golden.patterns import require_pattern
from assistant.ingest.files import load_text

Read = TypeVar("Read")
MAX_BYTES = 20_000_000
"""Bytes of a golden set."""
MAX_STRING = 10_000
"""Characters of each string in it: quotes are compared with passages in time that grows with both."""


@dataclass(frozen=True, slots=True)
class Place:
    """A range of a document, by its id and in its characters: a quote that holds no text of it."""

    document: str
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """Whether the two share more than half of the shorter one."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        shorter = min(self.end - self.start, other.end - other.start)
        return self.document == other.document and shared * 2 > shorter


Quoted = str | Place
"""A piece of a document, as it reads or where it stands."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known of its right answer. `facts` are all needed, of each any alternative."""

    id: str
    text: str
    answerable: bool = True
    documents: tuple[str, ...] = ()
    passages: tuple[Quoted, ...] = ()
    facts: tuple[tuple[Quoted, ...], ...] = ()
    patterns: tuple[str, ...] = ()
    reference: str | None = None
    wrong: tuple[Quoted, ...] = ()
    """What a bad answer cited: to cite nothing else is wrong again."""
    earlier: tuple[str, ...] = ()
    """What was asked before it, oldest first."""
    tags: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """A name for all that is told of the question: only where it is the same, two results compare."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions that are asked one after the other; most often just one."""

    turns: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """The conversations of one file, by the file's name; `path` is where it stands, if it is a file."""

    name: str
    conversations: tuple[Conversation, ...] = field(repr=False)
    path: str = ""


EXPECTED = ("documents", "passages", "facts", "patterns", "reference")
"""What says how an answer is right: an unanswerable question has none of these."""
_TURN = {"question", "answerable", "tags", "wrong", *EXPECTED}
_PLACE = {"document", "start", "end"}


def read(paths: Iterable[Path]) -> tuple[GoldenSet, ...]:
    """The golden sets in these files, and in the .jsonl files of these folders.

    Raises:
        ReadError: there is none, or a line is wrong; it names the file, the line and what is wrong.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not files:
        raise ReadError("There is no golden set here; name .jsonl files or a folder that holds some.")
    sets = tuple(_read_file(file) for file in files)
    require_unique(sets)
    return sets


def parse(text: str, name: str, path: str = "") -> GoldenSet:
    """The golden set in `text`; `name` is what errors call it, and questions without an id are named after.

    `path` is where its file stands, if it has one.

    Raises:
        ReadError: as `read`.
    """
    conversations = []
    # Not splitlines: a JSON string may hold what Python takes for a line's end.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                conversations.append(_conversation(_object(line), f"{name}-{number}"))
            except ValueError as fault:
                raise ReadError(f"Line {number} of {name}: {fault}.") from None
    return GoldenSet(name, tuple(conversations), path)


def _read_file(path: Path) -> GoldenSet:
    return parse(load_text(path, "golden set", MAX_BYTES), path.stem, str(path.absolute()))


def require_unique(sets: Iterable[GoldenSet]) -> None:
    """Nothing, where each question has an id of its own: by them runs are compared.

    Raises:
        ReadError: an id stands twice.
    """
    seen: dict[str, str] = {}
    for golden in sets:
        for question in questions(golden):
            if question.id in seen:
                places = " and ".join(dict.fromkeys((seen[question.id], golden.name)))
                raise ReadError(f"The id {question.id} stands twice, in {places}; give each its own.")
            seen[question.id] = golden.name


def written(question: Question) -> str:
    """The question as a line of a golden set: only what is told of it."""
    row = asdict(question)
    told: dict[str, Any] = {"id": row.pop("id"), "question": row.pop("text")}
    told |= {name: value for name, value in row.items() if name == "answerable" or value}
    return json.dumps(told, ensure_ascii=False)


def questions(golden: GoldenSet) -> Iterator[Question]:
    """All questions of a set, those of conversations too."""
    return (question for conversation in golden.conversations for question in conversation.turns)


# -- one line: what is wrong is a ValueError, a clause that follows "Line 3 of iran: " ---------------------


def _object(line: str) -> dict[str, Any]:
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
    if any(len(text) > MAX_STRING for text in _texts(value)):
        raise ValueError(f"it holds a string of more than {MAX_STRING:,} characters")
    return value


def _texts(value: Any) -> Iterator[str]:
    """All strings in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _conversation(row: Mapping[str, Any], ident: str) -> Conversation:
    ident = _string(row, "id") if "id" in row else ident
    tags, answerable = _strings(row, "tags"), _flag(row, True)
    if "turns" not in row:
        _require_known(row, {"id", "earlier", *_TURN})
        return Conversation((_question(row, ident, tags, answerable),))
    _require_known(row, {"id", "turns", "tags", "answerable"})
    turns = row["turns"]
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError("turns must be a list of objects, each with a question")
    for turn in turns:
        _require_known(turn, _TURN)
    return Conversation(
        tuple(
            _question(turn, f"{ident}/{n}", (*tags, *_strings(turn, "tags")), _flag(turn, answerable))
            for n, turn in enumerate(turns, 1)
        )
    )


def _question(row: Mapping[str, Any], ident: str, tags: tuple[str, ...], answerable: bool) -> Question:
    told = [name for name in EXPECTED if row.get(name)]
    if told and not answerable:
        raise ValueError(f"an unanswerable question has no {told[0]}")
    return Question(
        id=ident,
        text=_string(row, "question"),
        answerable=answerable,
        documents=_strings(row, "documents"),
        passages=_quoted(row, "passages"),
        facts=_facts(row),
        patterns=_patterns(row),
        reference=_string(row, "reference") if row.get("reference") is not None else None,
        wrong=_quoted(row, "wrong"),
        earlier=_strings(row, "earlier"),
        tags=tuple(dict.fromkeys(tags)),
    )


def _require_known(row: Mapping[str, Any], known: set[str]) -> None:
    for key in row:
        if key not in known:
            raise ValueError(f"{key!r} is unknown; known are {', '.join(sorted(known))}")


def _string(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a string that is not empty")
    return value.strip()


def _strings(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return _list(row, key, _text, f"{key} must be a list of strings that are not empty")


def _quoted(row: Mapping[str, Any], key: str) -> tuple[Quoted, ...]:
    return _list(row, key, _quote, f"{key} must be a list of quotes: {_A_QUOTE}")


def _list(
    row: Mapping[str, Any], key: str, read: Callable[[Any], Read | None], wrong: str
) -> tuple[Read, ...]:
    value = row.get(key, [])
    items = [read(item) for item in value] if isinstance(value, list) else [None]
    if any(item is None for item in items):
        raise ValueError(wrong)
    return tuple(item for item in items if item is not None)


_A_QUOTE = "strings that are not empty, or objects of document, start and end"


def _quote(value: Any) -> Quoted | None:
    return _place(value) if isinstance(value, dict) else _text(value)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _place(value: Mapping[str, Any]) -> Place | None:
    if value.keys() != _PLACE:
        return None
    ident, start, end = value["document"], value["start"], value["end"]
    counted = type(start) is int and type(end) is int and 0 <= start < end
    return Place(ident, start, end) if isinstance(ident, str) and counted else None


def _flag(row: Mapping[str, Any], otherwise: bool) -> bool:
    value = row.get("answerable", otherwise)
    if not isinstance(value, bool):
        raise ValueError("answerable must be true or false")
    return value


def _facts(row: Mapping[str, Any]) -> tuple[tuple[Quoted, ...], ...]:
    if not isinstance(row.get("facts", []), list):
        raise ValueError("facts must be a list")
    told = "each of the facts must be a string that is not empty, or a list of such of which one is enough"
    return _list(row, "facts", _fact, told)


def _fact(value: Any) -> tuple[Quoted, ...] | None:
    found = tuple(map(_quote, value if isinstance(value, list) else [value]))
    return tuple(one for one in found if one is not None) if found and None not in found else None


def _patterns(row: Mapping[str, Any]) -> tuple[str, ...]:
    patterns = _strings(row, "patterns")
    for pattern in patterns:
        require_pattern(pattern)
    return patterns
