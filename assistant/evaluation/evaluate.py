"""What the commands share: golden sets are asked, the run is kept, compared and reported."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from assistant.assistant import Assistant
from assistant.core.config import Settings, bundled
from assistant.core.errors import ConfigError, NotFound, ReadError
from assistant.evaluation.drafting.own_sets import Own
from assistant.evaluation.golden import sets as golden
from assistant.evaluation.golden.places import Quotes, Shelf, askable, gone
from assistant.evaluation.golden.sets import GoldenSet
from assistant.evaluation.report import html as report
from assistant.evaluation.report import serialization, text
from assistant.evaluation.runs import records, runner
from assistant.evaluation.runs.comparison import Comparison, compare
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.summary import HEADLINE, METRICS, Figure, by_tag, fails, summary
from assistant.ingest.files import require_regular

Say = Callable[[str], None]
Told = Callable[[int, int], None]
"""Hears how many questions are done, and of how many."""
Store = TypeVar("Store", bound=Shelf)
Ask = Callable[[Store, Path, Sequence[GoldenSet], Told], Run]
"""Asks golden sets of a store and keeps the run in the home folder."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that was measured, its figures, where it and its report are, what it is compared with."""

    run: Run
    figures: Mapping[str, Figure]
    kept: Path
    report: Path
    comparison: Comparison | None
    quotes: Quotes
    left_out: tuple[str, ...] = ()
    """Questions that were not asked, as what they expect stands in documents that are gone."""


@contextmanager
def own_store(settings: Settings, say: Say) -> Iterator[Assistant]:
    """An assistant over the shipped corpus alone, in a temporary home folder."""
    with (
        tempfile.TemporaryDirectory(prefix="assistant-evaluation-") as home,
        Assistant.open(replace(settings, home=Path(home)), doing="evaluation", say=say) as assistant,
    ):
        say("Reading the shipped corpus.")
        assistant.fill()
        yield assistant


def chosen(paths: Sequence[Path], store: Shelf, home: Path, say: Say) -> Sequence[Path]:
    """The golden sets of `paths`, of which `shipped`, `own` and `feedback` are names too; where there are no
    paths, all of these that the store can be asked. `say` hears which documents they name that the store does
    not hold: what expects those cannot be answered rightly.

    Raises:
        NotFound: none is named, and the shipped ones ask of documents that the store does not hold.
        ReadError: a golden set is wrong.
    """
    named = {"shipped": bundled("eval/golden"), **Own(home).paths()}
    if not paths:
        return _all(store, home)
    found = [path if path.exists() else named.get(str(path), path) for path in paths]
    for name in _absent(golden.read(found), store):
        say(f"The golden sets name the document {name}, which the store does not hold.")
    return found


def _all(store: Shelf, home: Path) -> list[Path]:
    shipped = bundled("eval/golden")
    missing = _absent(golden.read([shipped]), store)
    found = ([] if missing else [shipped]) + Own(home).there()
    if not found:
        raise NotFound(
            "Name a golden set: the shipped ones ask of the shipped corpus, "
            f"which this store does not hold ({missing[0]} is missing)."
        )
    return found


def _absent(sets: Iterable[GoldenSet], store: Shelf) -> list[str]:
    """The documents that golden sets name and the store does not hold."""
    quotes = Quotes(store)
    named = (name for one in sets for question in golden.questions(one) for name in question.documents)
    return [name for name in dict.fromkeys(named) if not quotes.holds(name)]


def measure(
    store: Store,
    home: Path,
    paths: Iterable[Path],
    against: str | None = None,
    page: Path | None = None,
    told: Told = lambda done, of: None,
    ask: Ask[Store] | None = None,
) -> Outcome:
    """Asks the golden sets of `paths`, keeps the run in `home` and writes its report, there or to `page`.

    `against` is the run to compare with: an id, `last`, or a file. `ask` is what asks them, where the store
    is not open here.

    Raises:
        ReadError: a golden set is wrong, or the run to compare with cannot be read.
        NotFound: there is no such run.
        ConfigError: `page` cannot be written.
    """
    if page:
        _require_writable(page)
    sets = golden.read(paths)
    before = records.load(against, home) if against else None
    if ask is None:
        assert isinstance(store, Assistant)
        found = asked(store, home, sets, told)
    else:
        found = ask(store, home, sets, told)
    return reported(found, before, home, page, store, sets)


def asked(store: Assistant, home: Path, sets: Sequence[GoldenSet], told: Told) -> Run:
    """The run of these sets, which is kept in `home`.

    Raises:
        ReadError: there is no question in them that can be asked.
    """
    quotes = Quotes(store)
    sets = [askable(one, quotes) for one in sets]
    total = sum(1 for one in sets for _ in golden.questions(one))
    if not total:
        raise ReadError("These golden sets hold no question that can be asked; write one on each line.")
    ident, results = records.began(), []
    told(0, total)
    for result in runner.ask(store, sets):
        results.append(result)
        told(len(results), total)
    found = records.run(ident, sets, results, store)
    records.keep(found, home)
    return found


def reported(
    found: Run, before: Run | None, home: Path, page: Path | None, shelf: Shelf, sets: Iterable[GoldenSet]
) -> Outcome:
    """A kept run with its figures, compared with `before`; its report is written to `page` or into `home`."""
    quotes = Quotes(shelf)
    comparison = compare(before, found) if before else None
    expected = {q.id: q for one in sets for q in golden.questions(askable(one, quotes))}
    page = page or records.quoted(home) / f"{found.id}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(report.page(report.Contents(found, quotes, expected, before, comparison)), "utf-8")
    left_out = tuple(q.id for one in sets for q in gone(one, quotes))
    kept = records.folder(home) / f"{found.id}.json"
    return Outcome(found, summary(found.results), kept, page, comparison, quotes, left_out)


def _require_writable(page: Path) -> None:
    """Before anything is asked, for a run takes its time. A pipe would be waited for."""
    require_regular(page)
    try:
        page.open("a").close()
    except OSError as fault:
        raise ConfigError(
            f"The report cannot be written to {page} ({fault.strerror}); name another file."
        ) from fault


def printed(outcome: Outcome, as_json: bool) -> str:
    """The outcome for a terminal or, as one line of JSON, for programs."""
    return json.dumps(to_json(outcome), ensure_ascii=False) if as_json else "\n".join(_told(outcome))


def _told(outcome: Outcome) -> Iterator[str]:
    """In lines; the four figures that matter stand last, where they are seen."""
    yield from text.table(outcome.figures)
    failed = list(text.failures(outcome.run.results))
    if failed:
        yield from ("", f"Failed: {len(failed)} of {len(outcome.run.results)} questions", *failed)
    yield from text.tags(by_tag(outcome.run.results, HEADLINE))
    if outcome.left_out:
        yield from ("", f"Not asked, for their documents are gone: {', '.join(outcome.left_out)}")
    if outcome.comparison:
        yield from ("", *text.changes(outcome.comparison))
    yield from ("", f"Run {outcome.run.id}, report {outcome.report}", "", *text.headline(outcome.figures))


def floors(asked: Sequence[str]) -> dict[str, float]:
    """What `--fail-under` asks: `facts=0.9 abstained_wrongly=0.05`, by metric.

    Raises:
        ConfigError: a metric is unknown, or its value is no number.
    """
    known = {metric.name for metric in METRICS}
    found = {}
    for item in asked:
        name, _, value = item.partition("=")
        if name not in known:
            raise ConfigError(f"--fail-under knows no {name}; known are {', '.join(sorted(known))}.")
        try:
            found[name] = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            raise ConfigError(f"--fail-under {item} has no number; write it as {name}=0.9.") from None
    return found


def failures(outcome: Outcome, floors: Mapping[str, float]) -> list[str]:
    """A sentence for each figure that is worse than its floor: none where CI may pass."""
    return fails(outcome.figures, floors)


def to_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome for programs."""
    found = serialization.run(outcome.run, outcome.quotes)
    found |= {"left_out": list(outcome.left_out), "kept": str(outcome.kept), "report": str(outcome.report)}
    if outcome.comparison:
        found["comparison"] = serialization.comparison(outcome.comparison, outcome.quotes)
    return found
