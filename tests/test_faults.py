"""A few of the faults of `make faults`, so that each run of the tests meets every kind of them."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path

import pytest
from faults import broken, disk, kills
from faults.history import ident, text
from faults.hostile import cases
from faults.process import alone, forked, opened, quick, waited
from faults.samples import samples
from stores import is_wholly_sound

from assistant.assistant import Assistant
from assistant.client import Remote, connect
from assistant.core import config
from assistant.core.types import Source
from assistant.ingest import archives
from assistant.ingest.parse import read
from eval.bench_figure import Figure

pytestmark = [pytest.mark.faults, pytest.mark.slow]

FEW = {
    "cut-2.pdf",
    "cut-3.docx",
    "flipped-3.xlsx",
    "flipped-4.eml",
    "is-docx.pdf",
    "entities-laughs.docx",
    "entities-external.pptx",
    "deep.odt",
    "nested.zip",
    "paths-that-lead-out.zip",
    "overlapping.zip",
    "pages-in-a-circle.pdf",
    "deep.json",
    "front-matter-bomb.md",
    "deep.rtf",
    "messages-in-messages.eml",
}


def missed(figures: list[Figure]) -> list[str]:
    """The figures that fall short."""
    return [f"{figure.what}: {figure.shown}" for figure in figures if figure.met is False]


def test_the_sound_files_that_are_broken_are_sound() -> None:
    for name, data in samples().items():
        for source in archives.members(data, name) or []:
            assert read(source.load(), source.name).text
        if not name.endswith(".zip"):
            assert "kettle" in read(data, name).text.lower() or "copper" in read(data, name).text


def test_no_two_broken_files_have_one_name() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names) >= 300
    assert set(names) >= FEW


def test_broken_files_are_refused_or_read_and_do_no_harm() -> None:
    assert missed(broken.figures(lambda given: [case for case in given if case.name in FEW])) == []


@alone
def test_a_store_that_is_killed_again_and_again_keeps_what_it_told() -> None:
    assert missed(kills.figures(8)) == []


@pytest.fixture
def small_disk() -> None:
    if not disk.may_mount():
        pytest.skip("a small disk cannot be mounted here, which takes root")


@pytest.mark.usefixtures("small_disk")
@alone
def test_a_full_disk_is_told_and_costs_nothing() -> None:
    assert missed(disk.figures(1)) == []


@alone
def test_two_processes_that_change_one_store_at_once_both_do_what_they_were_told(tmp_path: Path) -> None:
    def changing(first: int) -> dict[str, object]:
        sources = [Source(f"{n}.md", partial(text, n)) for n in range(first, first + 15)]
        for some in (sources[:5], sources[5:]):
            with shared(tmp_path / "home") as store:
                list(store.add(some))
        with shared(tmp_path / "home") as store:
            store.remove(ident(first))
        return {}

    children = [forked(partial(changing, first)) for first in (0, 100)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    found = waited(partial(looked_at, tmp_path / "home"), tmp_path / "told")
    assert found["sound"]
    assert found["names"] == sorted(f"{n}.md" for n in (*range(1, 15), *range(101, 115)))


@alone
def test_a_clock_that_is_set_back_changes_nothing_but_dates(tmp_path: Path) -> None:
    def changing() -> dict[str, object]:
        with opened(tmp_path / "home") as assistant:
            list(assistant.add(Source(f"{n}.md", partial(text, n)) for n in range(6)))
            assistant.ask("first?", "talk", [ident(0)])
            set_back()
            list(assistant.add([Source("3.md", partial(text, 30)), Source("6.md", partial(text, 6))]))
            assistant.remove(ident(5))
            assistant.ask("second?", "talk", [ident(0)])
        with opened(tmp_path / "home") as assistant:
            assistant.rebuild()
            list(assistant.add([Source("3.md", partial(text, 31))]))
            half = [n for n in (0, 31, 6) if list(kills.half_there(assistant, n, there=True))]
            back = [n for n in (3, 30, 5) if list(kills.half_there(assistant, n, there=False))]
            return {"half": half, "back": back, "turns": [turn.question for turn in assistant.turns("talk")]}

    told = waited(changing, tmp_path / "told")
    assert told == {"half": [], "back": [], "turns": ["first?", "second?"]}
    found = waited(partial(looked_at, tmp_path / "home"), tmp_path / "told")
    assert found == {"sound": True, "names": [f"{n}.md" for n in (0, 1, 2, 3, 4, 6)]}


def shared(home: Path) -> Assistant | Remote:
    """The store with the quick embedder, waited for while another process has it."""
    quick()
    return connect(replace(config.load({}), home=home, corpus=None), "a test", lambda _: None)


def looked_at(home: Path) -> dict[str, object]:
    """Return the names in a store, and whether it is sound."""
    with opened(home) as assistant:
        names = sorted(name for entry in assistant.list() for name in entry.sources)
        return {"sound": is_wholly_sound(assistant.library), "names": names}


def set_back() -> None:
    """Set the clock of this process, as far as Python reads it, back by three days."""

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(days=3)

    now = time.time
    time.time = lambda: now() - 3 * 86_400
    for name, module in list(sys.modules.items()):
        if name.startswith("assistant.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Earlier  # type: ignore[attr-defined]
