"""The output of the command line, for people."""

from __future__ import annotations

import pytest

from assistant.cli import output
from assistant.core.types import AddResult, DocumentInfo, Health
from assistant.sync.folders import Change, SyncResult


@pytest.mark.parametrize(
    ("count", "told"),
    [
        *((0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_940, "9.9 kB"), (9_960, "10 kB")),
        *((999_499, "999 kB"), (999_501, "1.0 MB"), (200_000_000, "200 MB"), (3 * 10**12, "3.0 TB")),
    ],
)
def test_sizes_are_short(count: int, told: str) -> None:
    assert output.size(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s")],
)
def test_spans_of_time_are_short(seconds: float, told: str) -> None:
    assert output.duration(seconds) == told


def test_an_outcome_is_one_line_without_what_a_terminal_obeys() -> None:
    line = output.outcome_line(AddResult("a\x1b[2J\n.md", "rejected", reason="It is \x07empty."))
    assert line == "rejected   a[2J .md: It is empty."
    line = output.outcome_line(AddResult("b.md", "added", "2", passages=3, duplicate_of="1"))
    assert line == "added      b.md: 3 passages, nearly the same as 1, which answers in its place"


def test_a_change_says_from_where_and_what_is_done_to_where() -> None:
    assert output.change_line(Change("move", "/f/b", "/f/a")) == "move       /f/a -> /f/b"
    assert output.change_line(Change("remove", "/f/a")) == "remove     /f/a"
    assert (
        output.sync_line(SyncResult("/f/b", "moved", passages=1, before="/f/a"))
        == "moved      /f/a -> /f/b: 1 passage"
    )
    assert output.sync_line(SyncResult("/f/a", "removed")) == "removed    /f/a"


def test_the_list_tells_of_repeated_documents(capsys: pytest.CaptureFixture[str]) -> None:
    first = DocumentInfo(
        "1", "A [b]", "a.md", "text/markdown", 3, 1500, "2026-01-02T03:04:05+00:00", ("a.md",)
    )
    second = DocumentInfo(
        "2", "B", "b.md", "text/markdown", 3, 20, "2026-01-02T03:04:05+00:00", ("b.md", "c.md"), "1"
    )
    output.print_entries([first, second])
    _, one, two = capsys.readouterr().out.splitlines()
    assert one.split() == ["1", "A", "[b]", "3", "1.5", "kB", "2026-01-02", "a.md"]
    assert two.rstrip().endswith("b.md (and 1 other name) (same as 1)")


def test_what_was_repaired_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_health(Health(1, 2, 2, 2, ("It is broken.",), ("The index was built anew.",)))
    assert capsys.readouterr().out == (
        "1 documents, 2 passages, 2 vectors, 2 words\nrepaired  The index was built anew.\nIt is broken.\n"
    )
