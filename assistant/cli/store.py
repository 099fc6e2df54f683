"""The store as a command of the command line opens it, and what many commands take."""

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
    from assistant.core.types import Outcome

    Store = Assistant | Remote

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def opened(doing: str, *, repair: bool = False) -> Iterator[Store]:
    """The configured store; waiting and slow work are said on the error stream.

    With `repair`, a ledger that cannot be relied on is made anew first.

    Raises:
        AssistantError: a setting is wrong, or the store cannot be had.
    """
    from assistant.client import connect
    from assistant.core import config

    with connect(config.load(), doing, say, repair=repair) as store:
        yield store


def fill(store: Store) -> None:
    """Fills an empty store with the shipped corpus, and says so."""
    told = False

    def progress(outcome: Outcome, of: int) -> None:
        nonlocal told
        if not told:
            say(f"The store is empty: reading the {of} documents of the shipped corpus.")
            told = True

    count = store.fill(progress)
    if count:
        say(f"{count} documents read. Add your own with: assistant add FILE|FOLDER")


def require_name(place: str, command: str) -> None:
    """Refuses an empty name, as a variable gives that is not set: as a path it is the current folder."""
    if not place.strip():
        raise AssistantError(f"An empty name was given to `assistant {command}`; name a file or folder.")
