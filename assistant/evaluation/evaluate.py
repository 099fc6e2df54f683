"""Measurement of golden sets: ask them, save the run, compare and report it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from assistant.assistant import Assistant
from assistant.core.config import Settings, bundled, in_folder
from assistant.core.errors import ConfigError, NotFound, ReadError
from assistant.core.serialization import Json
from assistant.core.types import Notify
from assistant.evaluation.drafting.home_sets import HomeSets
from assistant.evaluation.golden import sets as golden
from assistant.evaluation.golden.places import DocumentStore, QuoteLookup, find_gone, resolve_set
from assistant.evaluation.golden.sets import GoldenSet
from assistant.evaluation.report import html, serialization, text
from assistant.evaluation.runs import records, runner
from assistant.evaluation.runs.comparison import Comparison, compare
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.summary import HEADLINE, METRICS, Figure, summarise, summarise_by_tag
from assistant.ingest.files import require_regular

OnProgress = Callable[[int, int], None]
"""Called with the number of questions done, and their total."""
Store = TypeVar("Store", bound=DocumentStore)
RunSets = Callable[[Store, Path, Sequence[GoldenSet], OnProgress], Run]
"""Asks golden sets of a store and saves the run in the home folder."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A measured run with its figures, files and comparison."""

    run: Run
    figures: Mapping[str, Figure]
    file: Path
    report: Path
    comparison: Comparison | None
    quotes: QuoteLookup
    left_out: tuple[str, ...] = ()
    """Ids of questions not asked, because documents they need were removed."""


@contextmanager
def open_shipped_store(settings: Settings, notify: Notify) -> Iterator[Assistant]:
    """Open an assistant over the shipped corpus alone, in a temporary home folder."""
    with (
        tempfile.TemporaryDirectory(prefix="assistant-evaluation-") as home,
        Assistant.open(in_folder(settings, Path(home)), doing="evaluation", notify=notify) as assistant,
    ):
        notify("Reading the shipped corpus.")
        assistant.fill()
        yield assistant


def resolve_sets(paths: Sequence[Path], store: DocumentStore, home: Path, notify: Notify) -> Sequence[Path]:
    """Return the files of golden sets: `paths`, or the names `shipped`, `own` and `feedback`; without any,
    all of these that fit the store. Documents missing in the store are reported to `notify`.

    Raises:
        NotFound: no set is named, and the shipped ones need documents that the store does not hold.
        ReadError: a golden set is wrong.
    """
    shipped, home_sets = bundled("eval/golden"), HomeSets(home)
    if paths:
        names = {"shipped": shipped, **home_sets.paths()}
        files = [path if path.exists() else names.get(str(path), path) for path in paths]
        for name in _missing_documents(golden.load_sets(files), store):
            notify(f"The golden sets name the document {name}, which the store does not hold.")
        return files
    missing = _missing_documents(golden.load_sets([shipped]), store)
    files = ([] if missing else [shipped]) + home_sets.non_empty_paths()
    if not files:
        raise NotFound(
            "Name a golden set: the shipped ones ask of the shipped corpus, "
            f"which this store does not hold ({missing[0]} is missing)."
        )
    return files


def _missing_documents(sets: Iterable[GoldenSet], store: DocumentStore) -> list[str]:
    quotes = QuoteLookup(store)
    names = (name for each in sets for question in golden.questions(each) for name in question.documents)
    return [name for name in dict.fromkeys(names) if not quotes.has_document(name)]


def measure(
    store: Store,
    home: Path,
    paths: Iterable[Path],
    against: str | None = None,
    page: Path | None = None,
    on_progress: OnProgress = lambda done, total: None,
    run: RunSets[Store] | None = None,
) -> Evaluation:
    """Ask the golden sets of `paths`, save the run in `home` and write its report, there or to `page`.

    `against` is the run to compare with: an id, `last`, or a file. `run` asks the sets if the store is not
    open in this process.

    Raises:
        ReadError: a golden set is wrong, or the run to compare with cannot be read.
        NotFound: there is no such run.
        ConfigError: `page` cannot be written.
    """
    if page:
        _require_writable(page)
    sets = golden.load_sets(paths)
    before = records.load(against, home) if against else None
    if run is None:
        assert isinstance(store, Assistant)
        measured = run_sets(store, home, sets, on_progress)
    else:
        measured = run(store, home, sets, on_progress)
    return _report(measured, before, home, page, QuoteLookup(store), sets)


def run_sets(store: Assistant, home: Path, sets: Sequence[GoldenSet], on_progress: OnProgress) -> Run:
    """Ask these sets and save the run in `home`.

    Raises:
        ReadError: they hold no question that can be asked.
    """
    quotes = QuoteLookup(store)
    sets = [resolve_set(each, quotes) for each in sets]
    total = sum(1 for each in sets for _ in golden.questions(each))
    if not total:
        raise ReadError("These golden sets hold no question that can be asked; write one on each line.")
    ident, results = records.new_run_id(), []
    on_progress(0, total)
    judge, appointed = runner.appoint_judge(store)
    for result in runner.ask(store, sets, judge):
        results.append(result)
        on_progress(len(results), total)
    run = records.make_run(ident, sets, results, store, appointed)
    records.save(run, home)
    return run


def _report(
    run: Run,
    before: Run | None,
    home: Path,
    page: Path | None,
    quotes: QuoteLookup,
    sets: Iterable[GoldenSet],
) -> Evaluation:
    comparison = compare(before, run) if before else None
    expected = {q.id: q for each in sets for q in golden.questions(resolve_set(each, quotes))}
    page = page or records.reports_folder(home) / f"{run.id}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html.render(html.Contents(run, quotes, expected, before, comparison)), "utf-8")
    left_out = tuple(q.id for each in sets for q in find_gone(each, quotes))
    file = records.runs_folder(home) / f"{run.id}.json"
    return Evaluation(run, summarise(run.results), file, page, comparison, quotes, left_out)


def _require_writable(page: Path) -> None:
    """Check the report's file before the run, which takes long; opening a pipe would block."""
    require_regular(page)
    try:
        page.open("a").close()
    except OSError as fault:
        raise ConfigError(
            f"The report cannot be written to {page} ({fault.strerror}); name another file."
        ) from fault


def format_evaluation(evaluation: Evaluation, as_json: bool) -> str:
    """Format for a terminal or, as one line of JSON, for programs."""
    if as_json:
        return json.dumps(evaluation_to_json(evaluation), ensure_ascii=False)
    return "\n".join(_lines(evaluation))


def _lines(evaluation: Evaluation) -> Iterator[str]:
    """The headline figures come last, where a terminal shows them."""
    results = evaluation.run.results
    yield from text.table(evaluation.figures)
    if failures := list(text.failures(results)):
        yield from ("", f"Failed: {len(failures)} of {len(results)} questions", *failures)
    for tag, figures in summarise_by_tag(results, HEADLINE).items():
        yield from ("", tag, *text.headline(figures))
    if evaluation.left_out:
        yield from ("", f"Not asked, as their documents were removed: {', '.join(evaluation.left_out)}")
    if evaluation.comparison:
        yield from ("", *text.changes(evaluation.comparison))
    if judge := evaluation.run.conditions.get("judge"):
        yield from ("", f"Judged by {judge}")
    yield from ("", f"Run {evaluation.run.id}, report {evaluation.report}", "")
    yield from text.headline(evaluation.figures)


def parse_floors(arguments: Sequence[str]) -> dict[str, float]:
    """Parse `--fail-under facts=0.9 abstained_wrongly=5%` into values by metric.

    Raises:
        ConfigError: a metric is unknown, or its value is no number.
    """
    known = {metric.name for metric in METRICS}
    floors = {}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in known:
            raise ConfigError(f"--fail-under knows no {name}; known are {', '.join(sorted(known))}.")
        try:
            floors[name] = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            raise ConfigError(f"--fail-under {argument} has no number; write it as {name}=0.9.") from None
    return floors


def evaluation_to_json(evaluation: Evaluation) -> Json:
    """Return the JSON form of an evaluation."""
    value = serialization.run_to_json(evaluation.run, evaluation.quotes)
    value |= {"left_out": list(evaluation.left_out)}
    value |= {"kept": str(evaluation.file), "report": str(evaluation.report)}
    if evaluation.comparison:
        value["comparison"] = serialization.comparison_to_json(evaluation.comparison, evaluation.quotes)
    return value
