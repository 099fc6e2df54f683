"""The command that moves a whole store: to a folder, or to servers of PostgreSQL and Chroma."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import output, progress
from assistant.cli.store import Json, open_store
from assistant.core.errors import AssistantError, ConfigError

if TYPE_CHECKING:
    import sqlalchemy as sql

    from assistant.assistant import Assistant
    from assistant.core.config import Settings
    from assistant.store.moving.move import Moved, Place

app = typer.Typer()


@app.command(epilog="Example: assistant move --to postgresql://me@db/assistant --to http://127.0.0.1:8000")
def move(
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            help="A folder, or the address of a database, a Chroma server or originals; may be given again.",
            metavar="FOLDER|ADDRESS",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Move all documents and conversations to another folder or to servers; every row is compared.

    The former store stays as it was: afterwards, name the new place in the settings. If the command is
    interrupted, the same one goes on.
    """
    with open_store("assistant move") as store:
        from assistant.client import Remote

        if isinstance(store, Remote):
            raise AssistantError(f"The assistant is being served on {store.url}; end it, then move.")
        store.require_alone()
        settings = _target(store.settings, to)
        moved, place = _moved(store, settings)
    if as_json:
        output.print_json({**moved.rows, "originals": moved.originals})
    else:
        print(_summary(moved))
    for line in _next_steps(settings, place):
        output.say(line)


def _moved(store: Assistant, settings: Settings) -> tuple[Moved, Place]:
    from assistant.store import addresses
    from assistant.store.moving import move as moving

    at = moving.Place(store.settings.home, addresses.stores(store.settings))
    place = moving.Place(settings.home, addresses.stores(settings))
    with progress.track_count("Moving") as on_progress:
        return moving.move(store.library.ledger, at, place, output.say, on_progress), place


def _target(settings: Settings, to: list[str]) -> Settings:
    """Return the settings of the store at the new place.

    Raises:
        AssistantError: the words do not name one.
    """
    kinds = [_kind(word) for word in to]
    if len(set(kinds)) < len(kinds):
        raise AssistantError("Name one place of a kind: a folder, a database, a Chroma server, originals.")
    named = dict(zip(kinds, to, strict=True))
    folder = named.pop("home", None)
    if named and "database" not in named:
        raise AssistantError(
            "Name a database too; to move vectors alone, set ASSISTANT_CHROMA, then run `assistant rebuild`."
        )
    home = Path(folder).expanduser().absolute() if folder else settings.home
    kept = settings.originals if named and not folder else None
    return replace(
        settings,
        home=home,
        database=named.get("database"),
        chroma=named.get("chroma"),
        originals=named.get("originals", kept),
    )


def _kind(word: str) -> str:
    if not word.strip():
        raise AssistantError("The place given with --to is empty. Name a folder or an address.")
    scheme, mark, _ = word.partition("://")
    if not mark:
        return "home"
    if scheme.startswith("postgres"):
        return "database"
    if scheme in {"http", "https"}:
        return "chroma"
    if scheme in {"file", "s3"}:
        return "originals"
    raise ConfigError(
        f"{scheme}:// is no address of a store; name a folder, a database (postgresql://…), a Chroma server "
        "(http://…) or originals (s3://… or file://…)."
    )


def _summary(moved: Moved) -> str:
    counts = (
        output.counted(moved.rows["documents"], "document"),
        output.counted(moved.rows["passages"], "passage"),
        output.counted(moved.rows["turns"], "turn") + " of conversations",
        output.counted(moved.originals, "original"),
    )
    return f"Moved and compared: {', '.join(counts)}."


def _next_steps(settings: Settings, place: Place) -> list[str]:
    """Return what is to be set from now on, without a password."""
    values = {
        "ASSISTANT_HOME": str(place.home),
        "ASSISTANT_DATABASE": _shown(place.stores.database),
        "ASSISTANT_CHROMA": settings.chroma,
        "ASSISTANT_ORIGINALS": settings.originals,
    }
    return [
        "The former store is as it was. From now on:",
        *(f"  {name}={value}" if value else f"  {name} unset" for name, value in values.items()),
    ]


def _shown(url: sql.URL | None) -> str | None:
    return url and url.render_as_string(hide_password=True)
