"""`assistant eval`: measures answers by golden questions, and drafts such questions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from assistant.cli import output, progress
from assistant.cli.store import Json, fill, open_store, require_name

if TYPE_CHECKING:
    from assistant.cli.store import Store
    from assistant.evaluation.evaluate import Evaluation

MEASURE, SUGGEST = "measure", "suggest"


class _Measuring(TyperGroup):
    """Runs `measure` for `assistant eval SET`; only `suggest` is a subcommand by name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args[:1] == [SUGGEST] else [MEASURE, *args])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == MEASURE else name, command, rest


app = typer.Typer(cls=_Measuring, help="Measure how accurate the answers are, by golden questions.")


@app.command(
    MEASURE,
    epilog="Example: assistant eval mine.jsonl --compare last --fail-under facts=0.9\n\n"
    "Golden questions are drafted from your documents by: assistant eval suggest",
)
def measure(
    sets: Annotated[
        list[str] | None,
        typer.Argument(
            help=".jsonl files, folders of them, or shipped, own, feedback; all of these if none.",
            metavar="SET",
        ),
    ] = None,
    as_json: Json = False,
    compare: Annotated[
        str | None, typer.Option(help="A run before: its id, `last`, or its file.", metavar="RUN")
    ] = None,
    fail_under: Annotated[
        list[str] | None, typer.Option(help="End with 1 where a figure is worse.", metavar="METRIC=VALUE...")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the HTML report there.", metavar="FILE")] = None,
) -> None:
    """Measure how accurate the answers are, by golden questions."""
    from assistant.evaluation import evaluate
    from assistant.evaluation.runs.summary import check_floors

    for name in sets or []:
        require_name(name, "eval")
    paths, arguments = _split_floors([Path(name) for name in sets or []], fail_under or [])
    floors = evaluate.parse_floors(arguments)
    with open_store("assistant eval") as store:
        fill(store)
        evaluation = _measure(store, paths, compare, report)
    text = evaluate.format_evaluation(evaluation, as_json)
    print(output.escaped(text) if as_json else output.visible(text))
    failures = check_floors(evaluation.figures, floors)
    for sentence in failures:
        output.say(sentence)
    if failures:
        raise typer.Exit(1)


def _measure(store: Store, paths: Sequence[Path], compare: str | None, report: Path | None) -> Evaluation:
    from assistant.client import Remote
    from assistant.core import config
    from assistant.evaluation import evaluate, remote

    home = config.load().home
    paths = evaluate.resolve_sets(paths, store, home, output.say)
    with progress.track_count("Asking") as on_progress:
        if isinstance(store, Remote):
            return evaluate.measure(store, home, paths, compare, report, on_progress, remote.run_sets)
        return evaluate.measure(store, home, paths, compare, report, on_progress)


def _split_floors(sets: Sequence[Path], floors: Sequence[str]) -> tuple[Sequence[Path], list[str]]:
    """Of `--fail-under facts=0.9 cited=0.9`, move the second floor from the sets to the floors."""
    more = [path for path in sets if floors and "=" in path.name and not path.exists()]
    return [path for path in sets if path not in more], [*floors, *map(str, more)]


@app.command(SUGGEST, epilog="Example: assistant eval suggest report.pdf --number 5 > mine.jsonl")
def suggest(
    documents: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or names of documents; all if none.", metavar="DOCUMENT"),
    ] = None,
    number: Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000)] = 20,
    as_json: Json = False,
) -> None:
    """Draft golden questions from documents: lines to edit, which wait in the web page too."""
    from assistant.evaluation.report import serialization

    with open_store("assistant eval suggest") as store:
        fill(store)
        drafts, notes = _draft(store, documents or [], number)
    for note in notes:
        output.say(note)
    if as_json:
        output.print_json(drafts)
        return
    for draft in drafts:
        output.print_json(serialization.suggestion_to_row(draft))
    if shared := sum(bool(draft["elsewhere"]) for draft in drafts):
        output.say(f"{shared} of them have the tag `elsewhere`: other documents answer them as well.")
    if not drafts:
        output.say("These documents give rise to no question that has not been decided on.")


def _draft(store: Store, documents: Sequence[str], number: int) -> tuple[list[dict[str, object]], list[str]]:
    from assistant.client import Remote
    from assistant.evaluation import remote
    from assistant.evaluation.drafting import suggest as suggesting
    from assistant.evaluation.drafting.home_sets import HomeSets
    from assistant.evaluation.golden.places import QuoteLookup
    from assistant.evaluation.report import serialization

    if isinstance(store, Remote):
        return remote.draft_questions(store, documents, number)
    notes: list[str] = []
    home_sets = HomeSets(store.settings.home)
    drafts = suggesting.suggest(store, documents, number, home_sets.decided_ids(), notes.append)
    home_sets.add_drafts(drafts)
    quotes = QuoteLookup(store)
    return [serialization.suggestion_to_json(draft, quotes) for draft in drafts], notes
