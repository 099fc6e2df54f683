"""Opening of the store for a command, and options shared by commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.output import say
from assistant.core.errors import AssistantError

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.client import Remote
    from assistant.core.types import AddResult

    Store = Assistant | Remote

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def open_store(doing: str, *, repair: bool = False) -> Iterator[Store]:
    """Open the configured store; waiting and slow work are reported on the error stream.

    With `repair`, a damaged ledger is rebuilt first.

    Raises:
        AssistantError: a setting is wrong, or the store cannot be opened.
    """
    from assistant.client import connect
    from assistant.core import config

    with connect(config.load(), doing, say, repair=repair) as store:
        yield store


def fill(store: Store) -> None:
    """Fill an empty store with the shipped corpus, and report it."""
    is_announced = False

    def on_progress(outcome: AddResult, total: int) -> None:
        nonlocal is_announced
        if not is_announced:
            say(f"The store is empty: reading the {total} documents of the shipped corpus.")
            is_announced = True

    if count := store.fill(on_progress):
        say(f"{count} documents read. Add your own with: assistant add FILE|FOLDER")


def require_name(place: str, command: str) -> None:
    """Refuse an empty name, as an unset shell variable gives: as a path it would be the current folder."""
    if not place.strip():
        raise AssistantError(f"The name given to `assistant {command}` is empty. Name a file or a folder.")
