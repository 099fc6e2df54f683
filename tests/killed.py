"""Run by test_kill as a process of its own: changes a store and kills itself at a given step.

`python killed.py HOME...` opens nothing itself; for each HOME, which is named after a step, it forks a child
that opens the library there, and dies by SIGKILL at that step. What was acknowledged is in HOME/told. Where
its stores are on servers, HOME/servers has their addresses, a line each; with a third, that of originals,
other processes may have the store open too.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Imported here, once for all children.
import chromadb  # noqa: F401
import sqlalchemy as sql
import tantivy  # noqa: F401
from conftest import Hashing, given

from assistant.ingest.sharing import open_library
from assistant.store.addresses import IN_HOME, ChromaServer, Stores
from assistant.store.blobs.folder import FolderBlobs
from assistant.store.duplicates.canonical import CanonicalDocuments
from assistant.store.erasable import ErasableOriginals
from assistant.store.index.generations import Generations
from assistant.store.index.seal import FileSeal
from assistant.store.index.served import ServedVectors
from assistant.store.index.vectors import EmbeddedVectors
from assistant.store.index.words import WordIndex
from assistant.store.ledger import Ledger
from assistant.store.originals import Originals

NEW = {
    "a": "# About a\n\nThe second edition of apples.\n",
    "c": "# About c\n\nThe first edition of cherries.\n",
}
REPEATED = ("d.md", "e.md")
"""The sources of two near-duplicates, of which the first loses its name."""
STEPS: dict[str, tuple[Any, str]] = {
    "original": (FolderBlobs, "write"),
    "label": (Originals, "set_label"),
    "put": (Ledger, "put"),
    "vectors": (EmbeddedVectors, "add"),
    "words": (WordIndex, "add"),
    "seal": (FileSeal, "write"),
    "acknowledge": (Ledger, "acknowledge"),
    "vectors removed": (EmbeddedVectors, "remove"),
    "words removed": (WordIndex, "remove"),
    "originals": (Originals, "remove"),
    "marks": (ErasableOriginals, "clear"),
    "state": (Originals, "set_state"),
    "rewrite": (WordIndex, "rewrite"),
    "traces": (Ledger, "erase_traces"),
    "remove": (Ledger, "remove"),
    "unname": (Ledger, "unname"),
    "canonicals": (CanonicalDocuments, "resolve"),
    "generation": (Ledger, "set_note"),
    "generations": (Generations, "_remove_others"),
}
SERVED: dict[str, tuple[Any, str]] = {
    "served vectors": (ServedVectors, "add"),
    "mark": (ServedVectors, "seal"),
    "served vectors removed": (ServedVectors, "remove"),
}
WHEN = ("before", "after")


def armed(call: Callable[..., Any], when: str) -> Callable[..., Any]:
    """Wrap a function so that the process dies when it is called."""

    @functools.wraps(call)
    def dying(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            call(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying


def stores_of(home: Path) -> Stores:
    """Return where the stores of a home are."""
    try:
        database, chroma, *shared = (home / "servers").read_text().splitlines()
    except FileNotFoundError:
        return IN_HOME
    return Stores(sql.make_url(database), ChromaServer(chroma), *map(Path, shared))


def change(home: Path) -> None:
    """Updates one document, adds another, removes a third, takes the name of a fourth that another repeats,
    and rebuilds; tells each when it is done."""
    what, when = home.name.rsplit("-", 1)
    opened = open_library(home, Hashing(), stores=stores_of(home))
    holder, name = (STEPS | SERVED)[what]
    setattr(holder, name, armed(getattr(holder, name), when))
    with (home / "told").open("w", buffering=1) as told:
        for outcome in opened.add(given(**NEW)):
            print(outcome.source, file=told)
        opened.remove(next(entry.id for entry in opened.ledger.entries() if entry.source == "b.md"))
        print("removed", file=told)
        opened.unname(REPEATED[:1])
        print("unnamed", file=told)
        opened.rebuild()
        print("rebuilt", file=told)


def main() -> None:
    """Prints for each home the signal that its child died of."""
    for home in map(Path, sys.argv[1:]):
        child = os.fork()
        if not child:
            change(home)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(home.name, os.WTERMSIG(status) if os.WIFSIGNALED(status) else "lived", flush=True)


if __name__ == "__main__":
    main()
