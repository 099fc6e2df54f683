"""What the command line prints: results on the standard output, words about them on the error stream."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.core.types import Answer, Citation, Document, Entry, Health, Outcome
    from assistant.sync.folders import Change, Done


def say(text: str) -> None:
    """Prints words for a person on the error stream."""
    print(visible(text), file=sys.stderr, flush=True)


def fault(text: str) -> None:
    """Prints what went wrong, in the form that all commands have."""
    say(f"assistant: {text}")


def as_json(value: object) -> str:
    """A value on one line, for programs."""
    return escaped(json.dumps(value, ensure_ascii=False))


def print_json(value: object) -> None:
    """Prints a value on one line, for programs."""
    print(as_json(value), flush=True)


def escaped(text: str) -> str:
    """JSON with a number in the place of each character that a terminal would obey, or not show."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def visible(text: str) -> str:
    """The text in its lines, without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in text)


def plain(text: str) -> str:
    """The text on one line, and without control characters, which a terminal would obey."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


# -- answers and documents -----------------------------------------------------------------------------------


def print_answer(answer: Answer) -> None:
    """Prints an answer, and below it what it rests on."""
    for line in answer.text.split("\n"):
        print(plain(line))
    for remark in filter(None, (answer.understood, answer.notice)):
        print(f"\n{plain(remark)}")
    below = (
        ("Sources", answer.citations),
        ("Also in the documents", answer.evidence),
        ("Related", answer.related),
    )
    for heading, citations in below:
        if citations:
            print(f"\n{heading}")
            for citation in citations:
                print(f"  {_cited(citation)}")


def print_document(document: Document) -> None:
    """Prints a document's names and its text."""
    print(f"{plain(document.title)}\n{plain(document.source)}\n\n{visible(document.text)}")


def outcome_line(outcome: Outcome) -> str:
    """What became of a source, on one line."""
    return f"{outcome.status:<9}  {plain(outcome.source)}: {plain(_what_came(outcome))}"


def change_line(change: Change) -> str:
    """What is planned for a name, on one line."""
    return f"{change.kind:<9}  {_named(change.source, change.before)}"


def done_line(done: Done) -> str:
    """What became of a name, on one line."""
    line = f"{done.status:<9}  {_named(done.source, done.before)}"
    return line if done.status == "removed" else f"{line}: {plain(_what_came(done))}"


def print_health(health: Health) -> None:
    """Prints what was found, and what was repaired."""
    counts = ("documents", "passages", "vectors", "words")
    print(", ".join(f"{getattr(health, name)} {name}" for name in counts))
    for told in health.repaired:
        print(f"repaired  {plain(told)}")
    print("\n".join(map(plain, health.problems)) or "No problems.")


def print_entries(entries: Iterable[Entry]) -> None:
    """Prints the list of documents as a table."""
    names = ("id", "title", "passages", "size", "added", "source")
    _print_table(names, [_row(entry) for entry in entries])


def _what_came(outcome: Outcome | Done) -> str:
    told = outcome.reason or counted(outcome.passages, "passage")
    if outcome.duplicate_of:
        told += f", nearly the same as {outcome.duplicate_of}, which answers in its place"
    return told


def _named(source: str, before: str | None) -> str:
    return plain(f"{before} -> {source}" if before else source)


def _row(entry: Entry) -> tuple[str, ...]:
    place = entry.source
    if len(entry.sources) > 1:
        place += f" (and {counted(len(entry.sources) - 1, 'other name')})"
    if entry.duplicate_of:
        place += f" (same as {entry.duplicate_of})"
    return entry.id, entry.title, str(entry.passages), size(entry.size), entry.added[:10], place


def _cited(citation: Citation) -> str:
    page = f", page {citation.page}" if citation.page else ""
    quote = plain(citation.quote)
    return f"[{citation.number}] {plain(citation.title)}{page} ({plain(citation.source)})\n      “{quote}”"


def _print_table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(plain(cell)) for cell in row))
    # Piped into a file or another program, no line may be cut.
    console = Console() if sys.stdout.isatty() else Console(width=500)
    console.print(table)


# -- quantities ----------------------------------------------------------------------------------------------


def counted(number: int, noun: str) -> str:
    """`1 passage`, `2 passages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size(count: int) -> str:
    """Bytes as a person reads them: `820 B`, `1.5 MB`."""
    value, units = float(count), iter(("kB", "MB", "GB", "TB"))
    unit = "B"
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    return f"{value:.1f} {unit}" if unit != "B" and value < 9.95 else f"{value:.0f} {unit}"


def lasting(seconds: float) -> str:
    """A span of time as a person reads it: `0.4 s`, `12 s`, `3 min 20 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
