"""The command line. Heavy imports are inside the commands, so that `--help` is quick."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Annotated, NoReturn

import typer

from assistant.cli import documents, evaluation, models, moving, output, serving, users
from assistant.cli.store import Json, fill, open_store
from assistant.core.errors import AssistantError

app = typer.Typer(
    name="assistant",
    help="Answers questions from your documents, with every sentence cited. No key, no network.",
    epilog='Example: assistant ask "How much does Iran export to Venezuela?"',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(documents.app)
app.add_typer(moving.app)
app.add_typer(evaluation.app, name="eval")
app.add_typer(models.app, name="models")
app.add_typer(serving.app)
app.add_typer(users.app, name="users")
STOPPED = 130


def main() -> None:
    """Runs the command line; a fault is one sentence on the error stream and exit code 1."""
    # Taken out here, so that it may be anywhere in the line.
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
            output.say("Stopped. What was finished is kept.")
        raise
    except Exception as fault:
        if debug:
            raise
        output.fault(fault.message if isinstance(fault, AssistantError) else _unforeseen(fault))
        sys.exit(1)


def _unforeseen(fault: Exception) -> str:
    return f"Something went wrong ({type(fault).__name__}: {fault}); run it again with --debug for more."


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Shows the option in the help; `main` reads it."""


@app.command(epilog="Example: assistant chat --port 8000")
def chat(
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    allow_network: Annotated[
        bool, typer.Option("--allow-network", help="Let others in, where --host is not this machine alone.")
    ] = False,
    port: Annotated[int, typer.Option(help="The port to serve on.", min=0, max=65535)] = 7860,
) -> None:
    """Serve the web chat on this machine."""
    from assistant.web import server

    if not allow_network:
        server.require_allowed(host)
    server.require_free(host, port)
    with open_store("assistant chat") as store:
        from assistant.client import Remote

        if isinstance(store, Remote):
            raise AssistantError(f"The assistant is being served already, on {store.url}; open that page.")
        fill(store)
        server.serve(store, host, port)
    _leave()


def _leave() -> NoReturn:
    """Ends the process at once, now that the store is closed.

    A thread that runs native code or waits for a model keeps the interpreter from its end, or aborts it.
    """
    from assistant.ingest import sandbox

    sandbox.close()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


@app.command(epilog='Example: assistant ask "and with Bolivia?" --conversation trip')
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    conversation: Annotated[
        str | None, typer.Option(help="A name of your choice; turns under it are kept and understood.")
    ] = None,
    within: Annotated[
        list[str] | None,
        typer.Option(
            "--in", help="Search only this folder, file or host; may be given again.", metavar="PLACE"
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(help="Search only documents of this year, month or day on.", metavar="DATE")
    ] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Search only documents with this tag; may be given again.", metavar="TAG"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a question; the answer comes with numbered citations."""
    from assistant.core.scope import Scope

    if not question.strip():
        raise AssistantError('The question is empty; write it in quotes: assistant ask "…"')
    scope = Scope(within=tuple(within or ()), since=since, tags=tuple(tag or ()))
    with open_store("assistant ask") as store:
        fill(store)
        answer = store.ask(question, conversation, scope=scope)
    if as_json:
        from assistant.core import serialization

        output.print_json(serialization.answer(answer))
    else:
        output.print_answer(answer)
