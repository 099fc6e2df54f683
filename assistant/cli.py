"""The command line. Heavy imports stand inside the commands, so that `--help` is quick."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote
    from assistant.types import Answer, Citation, Outcome, Source

app = typer.Typer(
    name="assistant",
    help="Answers questions from your documents, with every sentence cited. No key, no network.",
    epilog='Example: assistant ask "How much does Iran export to Venezuela?"',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Ids = Annotated[list[str], typer.Argument(help="Ids of documents, as `assistant list` shows them.")]
Item = TypeVar("Item")
STOPPED = 130


def main() -> None:
    """Runs the command line; a fault is one sentence on the error stream and exit code 1."""
    # Taken out here, so that it may stand anywhere in the line.
    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    # A name or a sign that the terminal cannot show is no reason to stop.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as end:
        # What Typer makes of Ctrl-C.
        if end.code == STOPPED:
            _say("Stopped. What was finished is kept.")
        raise
    except Exception as fault:
        if debug:
            raise
        told = fault.message if isinstance(fault, AssistantError) else _unforeseen(fault)
        print(f"assistant: {told}", file=sys.stderr)
        sys.exit(1)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Shows the option in the help; `main` reads it."""


@app.command(epilog="Example: assistant chat --port 8000")
def chat(
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve on.", min=0, max=65535)] = 7860,
) -> None:
    """Serve the web chat on this machine."""
    from assistant import server

    server.require_free(host, port)
    with _opened("assistant chat") as store:
        from assistant.client import Remote

        if isinstance(store, Remote):
            raise AssistantError(f"The assistant is being served already, on {store.url}; open that page.")
        _fill(store)
        server.serve(store, host, port)


@app.command(epilog='Example: assistant ask "and with Bolivia?" --conversation trip')
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    conversation: Annotated[
        str | None, typer.Option(help="A name of your choice; turns under it are kept and understood.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a question; the answer comes with numbered citations."""
    if not question.strip():
        raise AssistantError('The question is empty; write it in quotes: assistant ask "…"')
    with _opened("assistant ask") as store:
        _fill(store)
        answer = store.ask(question, conversation)
    if as_json:
        from assistant import wire

        _print_json(wire.answer(answer))
    else:
        _print_answer(answer)


@app.command(epilog="Example: assistant add report.pdf notes/ https://example.org/page")
def add(
    places: Annotated[
        list[str],
        typer.Argument(help="Files, folders of files, or web addresses.", metavar="FILE|FOLDER|URL..."),
    ],
    as_json: Json = False,
) -> None:
    """Add documents, or update those that changed: .md .txt .html .pdf .docx."""
    from assistant import wire

    with _opened("assistant add") as store:
        outcomes = []
        sources = [source for place in places for source in _sources(place)]
        for outcome in _progress("Adding", store.add(sources), len(sources)):
            outcomes.append(outcome)
            _print_json(wire.outcome(outcome)) if as_json else _print_outcome(outcome)
    if not outcomes:
        _say("There is no document of a known kind in there; .md .txt .html .pdf .docx are read.")
    if not outcomes or any(outcome.status == "rejected" for outcome in outcomes):
        raise typer.Exit(1)


@app.command("list", epilog="Example: assistant list --json")
def list_documents(as_json: Json = False) -> None:
    """List the documents."""
    from assistant import wire

    with _opened("assistant list") as store:
        entries = store.list()
    if as_json:
        _print_json([wire.entry(entry) for entry in entries])
    elif not entries:
        print("No documents yet. Add some with: assistant add FILE|FOLDER")
    else:
        rows = [(e.id, e.title, str(e.passages), e.source) for e in entries]
        _print_table(("id", "title", "passages", "source"), rows)


@app.command(epilog="Example: assistant show 3f2a9c… --json")
def show(document: Annotated[str, typer.Argument(help="A document's id.")], as_json: Json = False) -> None:
    """Show a document's text."""
    from assistant import wire

    with _opened("assistant show") as store:
        found = store.show(document)
    if as_json:
        _print_json(wire.document(found))
    else:
        print(f"{_plain(found.title)}\n{_plain(found.source)}\n\n{found.text}")


@app.command(epilog="Example: assistant remove 3f2a9c…")
def remove(ids: Ids, as_json: Json = False) -> None:
    """Remove documents for good."""
    from assistant import wire

    missing = False
    with _opened("assistant remove") as store:
        for ident in ids:
            try:
                entry = store.remove(ident)
            except AssistantError as fault:
                missing = True
                print(f"assistant: {fault.message}", file=sys.stderr)
                continue
            _print_json(wire.entry(entry)) if as_json else print(f"removed  {_plain(entry.title)}")
    if missing:
        raise typer.Exit(1)


@app.command(epilog="Example: assistant check --json")
def check(as_json: Json = False) -> None:
    """Verify that documents, passages, vectors and words agree."""
    with _opened("assistant check") as store:
        _print_health(store.check(), as_json)


@app.command(epilog="Example: assistant rebuild")
def rebuild(as_json: Json = False) -> None:
    """Build the index anew from the ledger, after damage or with another embedder."""
    with _opened("assistant rebuild") as store:
        _print_health(store.rebuild(), as_json)


@app.command("eval", epilog="Example: assistant eval mine.jsonl --compare last --fail-under facts=0.9")
def evaluate(
    sets: Annotated[
        list[Path] | None,
        typer.Argument(help=".jsonl files or folders of them; the shipped ones if none.", metavar="SET"),
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
    from assistant.evaluation import command

    paths, asked = _sets_and_floors(sets or [], fail_under or [])
    floors = command.floors(asked)
    with _opened("assistant eval") as store:
        from assistant.client import Remote

        if isinstance(store, Remote):
            raise AssistantError(f"The store is being served on {store.url}; stop that server, then measure.")
        _fill(store)
        paths = command.chosen(paths, store, _say)
        with _counting("Asking") as told:
            outcome = command.measure(store, store.settings.home, paths, compare, report, told)
    print(command.printed(outcome, as_json))
    failed = command.failures(outcome, floors)
    for sentence in failed:
        _say(sentence)
    if failed:
        raise typer.Exit(1)


def _sets_and_floors(sets: Sequence[Path], floors: Sequence[str]) -> tuple[Sequence[Path], list[str]]:
    """Of `--fail-under facts=0.9 cited=0.9` the first comes with the option, the other among the sets."""
    more = [path for path in sets if floors and "=" in path.name and not path.exists()]
    return [path for path in sets if path not in more], [*floors, *map(str, more)]


# -- the store ------------------------------------------------------------------------------------


@contextmanager
def _opened(doing: str) -> Iterator[Assistant | Remote]:
    from assistant import config
    from assistant.client import connect

    with connect(config.load(), doing, _say) as store:
        yield store


def _fill(store: Assistant | Remote) -> None:
    """Fills an empty store with the shipped corpus, and says so."""
    told = False

    def progress(outcome: Outcome, of: int) -> None:
        nonlocal told
        if not told:
            _say(f"The store is empty: reading the {of} documents of the shipped corpus.")
            told = True

    count = store.fill(progress)
    if count:
        _say(f"{count} documents read. Add your own with: assistant add FILE|FOLDER")


def _sources(place: str) -> Iterator[Source]:
    """What a file, a folder or an address of the web holds."""
    from assistant import fetch, files

    return iter([fetch.source(place)]) if fetch.is_url(place) else files.sources([Path(place)])


# -- what is printed ------------------------------------------------------------------------------


def _progress(what: str, items: Iterator[Item], total: int) -> Iterator[Item]:
    """The items, with a bar on the error stream where a person is watching and it takes longer."""
    if total < 2 or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total, console=Console(stderr=True), transient=True)


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """What hears how many are done, and of how many: a bar, where a person is watching."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _print_answer(answer: Answer) -> None:
    print(_plain(answer.text))
    if answer.notice:
        print(f"\n{_plain(answer.notice)}")
    for heading, citations in (("Sources", answer.citations), ("Related", answer.related)):
        if citations:
            print(f"\n{heading}")
            for citation in citations:
                print(f"  {_cited(citation)}")


def _cited(citation: Citation) -> str:
    page = f", page {citation.page}" if citation.page else ""
    quote = _plain(citation.quote)
    return f"[{citation.number}] {_plain(citation.title)}{page} ({_plain(citation.source)})\n      “{quote}”"


def _print_outcome(outcome: Outcome) -> None:
    told = outcome.reason or f"{outcome.passages} passages"
    print(f"{outcome.status:<9}  {_plain(outcome.source)}: {_plain(told)}")


def _print_health(health: Any, as_json: bool) -> None:
    from assistant import wire

    if as_json:
        _print_json(wire.health(health))
    else:
        counts = ("documents", "passages", "vectors", "words")
        print(", ".join(f"{getattr(health, name)} {name}" for name in counts))
        print("\n".join(health.problems) or "No problems.")
    if health.problems:
        raise typer.Exit(1)


def _print_table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(_escaped, row))
    # Piped into a file or another program, no line may be cut.
    console = Console() if sys.stdout.isatty() else Console(width=500)
    console.print(table)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(_plain(text))


def _plain(text: str) -> str:
    """On one line, and without control characters, which a terminal would obey."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _unforeseen(fault: Exception) -> str:
    return f"Something went wrong ({type(fault).__name__}: {fault}); run it again with --debug for more."


if __name__ == "__main__":
    main()

