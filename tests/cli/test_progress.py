"""Progress of adding: counts, output and the bar, with and without a terminal."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.cli import progress
from assistant.cli.progress import AddProgress
from assistant.core.types import AddResult, ProgressStep, Source


@dataclass
class Screen:
    """A bar that remembers what it showed."""

    shown: list[tuple[float, int, int, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def update(self, amount: float, done: int, total: int, doing: str = "") -> None:
        self.shown.append((amount, done, total, doing))

    def line(self, text: str) -> None:
        self.lines.append(text)


def adding(screen: Screen | None, *names: str, all_lines: bool = False) -> AddProgress:
    return AddProgress(screen, set(names), len(names), all_lines)


def test_each_stage_of_a_document_brings_it_on() -> None:
    screen = Screen()
    tracker = adding(screen, "a.md", "b.md")
    tracker.on_step(ProgressStep("a.md", "reading"))
    tracker.on_step(ProgressStep("a.md", "embedding", 0.5))
    tracker.on_step(ProgressStep("b.md", "splitting"))
    tracker.on_result(AddResult("a.md", "added"), "added a.md")
    come = [come for come, *_ in screen.shown]
    assert come == sorted(come)
    assert come[0] < 0.5 < come[1] < 1 < come[-1] < 2
    assert [doing for *_, doing in screen.shown][:2] == ["reading a.md", "embedding a.md 50%"]
    assert screen.shown[-1][1:3] == (1, 2)


def test_of_a_long_name_the_end_is_shown() -> None:
    screen = Screen()
    adding(screen, "x").on_step(ProgressStep("/a" * 100 + "/notes\x1b[2J.md", "reading"))
    [(*_, doing)] = screen.shown
    assert doing.endswith("/a/notes[2J.md")
    assert len(doing) < 80


def test_the_documents_of_an_archive_come_on_top() -> None:
    screen = Screen()
    tracker = adding(screen, "a.zip", "b.md")
    for name in ("a.zip/x.md", "a.zip/y.md", "a.zip/z.md", "b.md"):
        tracker.on_result(AddResult(name, "added"), "")
    assert [(done, of) for _, done, of, _ in screen.shown] == [(1, 2), (2, 3), (3, 4), (4, 4)]


NAMES = st.sampled_from(["a.md", "b.md", "z.zip", "z.zip/a.md", "z.zip/b.md", "other"])


@given(st.lists(st.tuples(NAMES, st.floats(0, 1), st.booleans()), max_size=20))
def test_it_never_comes_further_than_to_the_end(events: list[tuple[str, float, bool]]) -> None:
    screen = Screen()
    tracker = adding(screen, "a.md", "b.md", "z.zip")
    for name, share, is_step in events:
        tracker.on_step(ProgressStep(name, "embedding", share)) if is_step else tracker.on_result(
            AddResult(name, "added"), ""
        )
    assert all(0 <= come <= of and done <= of for come, done, of, _ in screen.shown)


def test_under_a_bar_many_lines_would_hide_what_is_wrong() -> None:
    for count, all_lines, lines in (
        (11, False, ["bad"]),
        (11, True, ["good", "bad"]),
        (10, False, ["good", "bad"]),
    ):
        screen = Screen()
        tracker = adding(screen, *map(str, range(count)), all_lines=all_lines)
        tracker.on_result(AddResult("1", "added"), "good")
        tracker.on_result(AddResult("2", "rejected"), "bad")
        assert screen.lines == lines


def test_without_a_person_each_line_is_printed_and_a_summary_ends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sources = [Source("a.md", bytes), Source("b.md", bytes)]
    with contextlib.suppress(KeyboardInterrupt), progress.track_adding(sources, as_json=False) as tracker:
        tracker.on_step(ProgressStep("a.md", "reading"))
        tracker.on_result(AddResult("a.md", "updated"), "updated a.md")
        tracker.on_result(AddResult("b.md", "added"), "added b.md")
        raise KeyboardInterrupt
    out, err = capsys.readouterr()
    assert out == "updated a.md\nadded b.md\n"
    assert err.startswith("1 added, 1 updated in 0.")
    with progress.track_adding(sources, as_json=True) as tracker:
        tracker.on_result(AddResult("a.md", "added"), "{}")
    assert capsys.readouterr() == ("{}\n", "")
    with progress.track_adding([], as_json=False):
        pass
    assert capsys.readouterr() == ("", "")
