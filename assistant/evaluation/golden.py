"""Golden sets: JSON lines that a person writes, one question or one conversation a line.

    {"id": "…", "question": "…", "documents": ["…"], "facts": ["…"], "tags": ["…"]}
    {"id": "…", "turns": [{"question": "…", "facts": ["…"]}, {"question": "…", "answerable": false}]}

Of a question may be told: `documents` (names, or how their sources end), `passages` (quotes of them),
`facts` (strings that the answer must hold; a list is of alternatives), `patterns` (regular expressions),
`reference` (a right answer), `answerable` (true unless said), `tags`. A conversation's `answerable` and
`tags` are those of all its turns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import ReadError
from assistant.wire import writable


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known of its right answer. `facts` are all needed, of each any alternative."""

    id: str
    text: str
    answerable: bool = True
    documents: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    patterns: tuple[str, ...] = ()
    reference: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions that are asked one after the other; most often just one."""

    turns: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """The conversations of one file, by the file's name."""

    name: str
    conversations: tuple[Conversation, ...] = field(repr=False)


EXPECTED = ("documents", "passages", "facts", "patterns", "reference")
"""What says how an answer is right: an unanswerable question has none of these."""
_TURN = {"question", "answerable", "tags", *EXPECTED}


def read(paths: Iterable[Path]) -> tuple[GoldenSet, ...]:
    """The golden sets in these files, and in the .jsonl files of these folders.

    Raises:
        ReadError: there is none, or a line is wrong; it names the file, the line and what is wrong.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not files:
        raise ReadError("There is no golden set here; name .jsonl files or a folder that holds some.")
    sets = tuple(_read_file(file) for file in files)
    _require_unique(sets)
    return sets


def parse(text: str, name: str) -> GoldenSet:
    """The golden set in `text`; `name` is what errors call it, and questions without an id are named after.

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
    return GoldenSet(name, tuple(conversations))


def _read_file(path: Path) -> GoldenSet:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ReadError(f"The golden set {path} is not UTF-8; save it as that.") from fault
    except OSError as fault:
        raise ReadError(
            f"The golden set {path} cannot be read ({fault.strerror}); check its name."
        ) from fault
    return parse(text, path.stem)


def _require_unique(sets: Iterable[GoldenSet]) -> None:
    """Runs are compared by the ids of questions."""
    seen: dict[str, str] = {}
    for golden in sets:
        for question in questions(golden):
            if question.id in seen:
                places = " and ".join(dict.fromkeys((seen[question.id], golden.name)))
                raise ReadError(f"The id {question.id} stands twice, in {places}; give each its own.")
            seen[question.id] = golden.name


def questions(golden: GoldenSet) -> Iterator[Question]:
    """All questions of a set, those of conversations too."""
    return (question for conversation in golden.conversations for question in conversation.turns)


# -- one line: what is wrong is a ValueError, a clause that follows "Line 3 of iran: " ---------------------


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as fault:
        raise ValueError(f"this is no JSON ({fault.msg} at character {fault.colno})") from None
    if not isinstance(value, dict):
        raise ValueError("a line must be one object in braces")
    if writable(line := json.dumps(value, ensure_ascii=False)) != line:
        raise ValueError("it holds half of a surrogate pair, which is no character")
    return value


def _conversation(row: Mapping[str, Any], ident: str) -> Conversation:
    ident = _string(row, "id") if "id" in row else ident
    tags, answerable = _strings(row, "tags"), _flag(row, True)
    if "turns" not in row:
        _require_known(row, {"id", *_TURN})
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
        passages=_strings(row, "passages"),
        facts=_facts(row),
        patterns=_patterns(row),
        reference=_string(row, "reference") if row.get("reference") is not None else None,
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
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ValueError(f"{key} must be a list of strings that are not empty")
    return tuple(item.strip() for item in value)


def _flag(row: Mapping[str, Any], otherwise: bool) -> bool:
    value = row.get("answerable", otherwise)
    if not isinstance(value, bool):
        raise ValueError("answerable must be true or false")
    return value


def _facts(row: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    value = row.get("facts", [])
    if not isinstance(value, list):
        raise ValueError("facts must be a list")
    facts = [fact if isinstance(fact, list) else [fact] for fact in value]
    if not all(fact and all(isinstance(one, str) and one.strip() for one in fact) for fact in facts):
        raise ValueError("each of the facts must be a string, or a list of strings of which one is enough")
    return tuple(tuple(fact) for fact in facts)


def _patterns(row: Mapping[str, Any]) -> tuple[str, ...]:
    patterns = _strings(row, "patterns")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as fault:
            raise ValueError(f"the pattern {pattern!r} is no regular expression ({fault})") from None
    return patterns
