"""`assistant eval`: golden questions are asked, or drafted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from assistant.cli import output, progress
from assistant.cli.store import Json, fill, opened, require_name

if TYPE_CHECKING:
    from assistant.cli.store import Store
    from assistant.evaluation.evaluate import Outcome

MEASURE, SUGGEST = "measure", "suggest"


class _Measuring(TyperGroup):
    """`assistant eval SET` measures; only `suggest` is a word of its own."""

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
    from assistant.evaluation import evaluate as command

    for name in sets or []:
        require_name(name, "eval")
    paths, asked = _sets_and_floors([Path(name) for name in sets or []], fail_under or [])
    floors = command.floors(asked)
    with opened("assistant eval") as store:
        fill(store)
        outcome = _measured(store, paths, compare, report)
    printed = command.printed(outcome, as_json)
    print(output.escaped(printed) if as_json else output.visible(printed))
    failed = command.failures(outcome, floors)
    for sentence in failed:
        output.say(sentence)
    if failed:
        raise typer.Exit(1)


def _measured(store: Store, paths: Sequence[Path], compare: str | None, report: Path | None) -> Outcome:
    from assistant.client import Remote
    from assistant.core import config
    from assistant.evaluation import evaluate as command
    from assistant.evaluation import remote

    home = config.load().home
    paths = command.chosen(paths, store, home, output.say)
    with progress.counting("Asking") as told:
        if isinstance(store, Remote):
            return command.measure(store, home, paths, compare, report, told, remote.asked)
        return command.measure(store, home, paths, compare, report, told)


def _sets_and_floors(sets: Sequence[Path], floors: Sequence[str]) -> tuple[Sequence[Path], list[str]]:
    """Of `--fail-under facts=0.9 cited=0.9` the first comes with the option, the other among the sets."""
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

    with opened("assistant eval suggest") as store:
        fill(store)
        found, notes = _drafted(store, documents or [], number)
    for note in notes:
        output.say(note)
    if as_json:
        output.print_json(found)
        return
    for draft in found:
        output.print_json(serialization.line(draft))
    shared = sum(bool(draft["elsewhere"]) for draft in found)
    if shared:
        output.say(f"{shared} of them have the tag `elsewhere`: other documents answer them as well.")
    if not found:
        output.say("These documents give rise to no question that has not been decided on.")


def _drafted(
    store: Store, documents: Sequence[str], number: int
) -> tuple[list[dict[str, object]], list[str]]:
    from assistant.client import Remote
    from assistant.evaluation import remote
    from assistant.evaluation.drafting import suggest as suggesting
    from assistant.evaluation.drafting.own_sets import Own
    from assistant.evaluation.golden.places import Quotes
    from assistant.evaluation.report import serialization

    if isinstance(store, Remote):
        return remote.drafted(store, documents, number)
    notes: list[str] = []
    own = Own(store.settings.home)
    found = suggesting.suggest(store, documents, number, own.decided(), notes.append)
    own.keep(found)
    quotes = Quotes(store)
    return [serialization.suggestion(one, quotes) for one in found], notes
