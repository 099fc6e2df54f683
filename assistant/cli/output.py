"""Output of the command line: results on the standard output, messages on the error stream."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.core.types import AddResult, Answer, Citation, Document, DocumentInfo, Health
    from assistant.sync.folders import Change, SyncResult

_NAMED = 5
"""Files that are named of those left out."""


def say(text: str) -> None:
    """Print a message on the error stream."""
    print(visible(text), file=sys.stderr, flush=True)


def fault(text: str) -> None:
    """Print an error message, prefixed with the program's name."""
    say(f"assistant: {text}")


def as_json(value: object) -> str:
    """Return a value as one line of JSON, safe to print on a terminal."""
    return escaped(json.dumps(value, ensure_ascii=False))


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    print(as_json(value), flush=True)


def escaped(text: str) -> str:
    """Return JSON with each character escaped that a terminal would obey, or not show."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def visible(text: str) -> str:
    """Return the text without control characters, which a terminal would obey, in its lines."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in text)


def plain(text: str) -> str:
    """Return the text on one line, without control characters, which a terminal would obey."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


# -- answers and documents -----------------------------------------------------------------------------------


def print_answer(answer: Answer) -> None:
    """Print an answer with its remarks, sources and related passages."""
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
                print(f"  {_format_citation(citation)}")


def print_document(document: Document) -> None:
    """Print a document's title, source and text."""
    print(f"{plain(document.title)}\n{plain(document.source)}\n\n{visible(document.text)}")


def outcome_line(outcome: AddResult) -> str:
    """Format the result of adding a source, as one line."""
    return f"{outcome.status:<9}  {plain(outcome.source)}: {plain(_details(outcome))}"


def left_out_line(paths: Sequence[Path]) -> str:
    """Format the files of a folder that were not taken: `2 files left out: a.doc (an old Word file), …`."""
    from assistant.ingest.files import why_left_out

    told = ", ".join(f"{plain(path.name)} ({why_left_out(path)})" for path in paths[:_NAMED])
    more = f", and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"{len(paths)} {'file' if len(paths) == 1 else 'files'} left out: {told}{more}"


def change_line(change: Change) -> str:
    """Format a planned change of a name, as one line."""
    return f"{change.kind:<9}  {_format_name(change.source, change.before)}"


def sync_line(result: SyncResult) -> str:
    """Format the result of syncing a name, as one line."""
    line = f"{result.status:<9}  {_format_name(result.source, result.before)}"
    return line if result.status == "removed" else f"{line}: {plain(_details(result))}"


def print_health(health: Health) -> None:
    """Print counts, repairs and problems."""
    counts = ("documents", "passages", "vectors", "words")
    print(", ".join(f"{getattr(health, name)} {name}" for name in counts))
    for repair in health.repaired:
        print(f"repaired  {plain(repair)}")
    print("\n".join(map(plain, health.problems)) or "No problems.")


def print_entries(entries: Iterable[DocumentInfo]) -> None:
    """Print the list of documents as a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = list(entries)
    has_tags = any(entry.tags for entry in shown)
    columns = ("id", "title", "passages", "size", "added", "source", *(["tags"] if has_tags else []))
    table = Table(*columns, box=None, pad_edge=False)
    for entry in shown:
        cells = (*_row(entry), ", ".join(entry.tags))[: len(columns)]
        table.add_row(*(escape(plain(cell)) for cell in cells))
    # Piped into a file or another program, no line may be cut.
    console = Console() if sys.stdout.isatty() else Console(width=500)
    console.print(table)


def _details(result: AddResult) -> str:
    details = result.reason or counted(result.passages, "passage")
    if result.duplicate_of:
        details += f", nearly the same as {result.duplicate_of}, which answers in its place"
    return details


def _format_name(source: str, before: str | None) -> str:
    return plain(f"{before} -> {source}" if before else source)


def _row(entry: DocumentInfo) -> tuple[str, ...]:
    source = entry.source
    if len(entry.sources) > 1:
        source += f" (and {counted(len(entry.sources) - 1, 'other name')})"
    if entry.duplicate_of:
        source += f" (same as {entry.duplicate_of})"
    return entry.id, entry.title, str(entry.passages), size(entry.size), entry.added[:10], source


def _format_citation(citation: Citation) -> str:
    page = f", page {citation.page}" if citation.page else ""
    quote = plain(citation.quote)
    return f"[{citation.number}] {plain(citation.title)}{page} ({plain(citation.source)})\n      “{quote}”"


# -- quantities ----------------------------------------------------------------------------------------------


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: `1 passage`, `2 passages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size(count: int) -> str:
    """Format a number of bytes: `820 B`, `1.5 MB`."""
    value, units = float(count), iter(("kB", "MB", "GB", "TB"))
    unit = "B"
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    return f"{value:.1f} {unit}" if unit != "B" and value < 9.95 else f"{value:.0f} {unit}"


def duration(seconds: float) -> str:
    """Format a number of seconds: `0.4 s`, `12 s`, `3 min 20 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
