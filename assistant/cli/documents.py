"""The commands that look after documents: take them in, list, remove, check and carry them elsewhere."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import output, progress, remotes
from assistant.cli.store import Json, open_store, require_name
from assistant.core import limits
from assistant.core.errors import AssistantError

if TYPE_CHECKING:
    from assistant.cli.store import Store
    from assistant.core.types import DocumentInfo, Health, Source
    from assistant.ingest.files import Choice
    from assistant.sync.folders import FolderContents, FolderScanner, SyncResult

app = typer.Typer()
Include = Annotated[
    list[str] | None,
    typer.Option(help="Of folders, only files that match this; may be given again.", metavar="GLOB"),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(help="Of folders, no files or folders that match this; may be given again.", metavar="GLOB"),
]

Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", help="A word to find the documents by; may be given again.", metavar="TAG"),
]


# -- taking in -------------------------------------------------------------------------------------


@app.command(epilog="Example: assistant add report.pdf notes/ https://example.org/page")
def add(
    places: Annotated[
        list[str],
        typer.Argument(help="What to add; - is the standard input.", metavar="FILE|FOLDER|URL|-..."),
    ],
    include: Include = None,
    exclude: Exclude = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            "--name",
            help="What the standard input, or the one file, is called: notes.md",
            metavar="NAME",
        ),
    ] = None,
    tag: Tags = None,
    as_json: Json = False,
) -> None:
    """Add documents, or update those that changed."""
    tags = limits.tags(tag or ())
    left_out: list[Path] = []
    sources = list(_sources(places, _choice(include, exclude), name, left_out.extend))
    if not sources:
        raise AssistantError(f"{_nothing()} {output.left_out_line(left_out)}." if left_out else _nothing())
    try:
        _take_in("assistant add", sources, as_json, tags)
    finally:
        _tell_left_out(left_out, as_json)


def _tell_left_out(paths: Sequence[Path], as_json: bool) -> None:
    if paths and not as_json:
        output.say(output.left_out_line(paths))


def _sources(
    places: Sequence[str],
    choice: Choice,
    name: str | None,
    on_left_out: Callable[[Sequence[Path]], None],
) -> Iterator[Source]:
    """Yield the documents in files, folders, addresses and the standard input."""
    from assistant.ingest import fetch, files

    if places.count("-") > 1 or (name is None and "-" in places):
        raise AssistantError(
            "What comes in by standard input needs a name: `assistant add - --name notes.md`."
        )
    if name is not None and "-" not in places and not _is_one_file(places):
        raise AssistantError("--as names the standard input or one file: `assistant add a.pdf --as b.pdf`.")
    for word in (*places, *([name] if name is not None else [])):
        require_name(word, "add")
    for place in places:
        if name and place == "-":
            if sys.stdin.isatty():
                output.say("Write the text; a line with Ctrl-D alone ends it.")
            yield files.standard_input(sys.stdin.buffer, name)
        elif fetch.is_url(place):
            yield fetch.source(place)
        elif name and "-" not in places:
            yield files.source(Path(place), name)
        else:
            yield from files.sources([Path(place)], choice, on_left_out)


def _is_one_file(places: Sequence[str]) -> bool:
    from assistant.ingest import fetch

    return len(places) == 1 and not fetch.is_url(places[0]) and not os.path.isdir(places[0])


def _choice(include: Sequence[str] | None, exclude: Sequence[str] | None) -> Choice:
    from assistant.ingest.files import Choice

    return Choice(tuple(include or ()), tuple(exclude or ()))


def _nothing() -> str:
    from assistant.ingest.files import ENDINGS

    return f"There is no document of a known kind in there; {' '.join(sorted(ENDINGS))} are read."


@app.command("import", epilog="Example: assistant import corpus.zip")
def import_documents(
    file: Annotated[str, typer.Argument(help="What `assistant export` wrote.")], as_json: Json = False
) -> None:
    """Take in the documents that another assistant exported."""
    from assistant.sync import bundles

    require_name(file, "import")
    with bundles.open_bundle(Path(file)) as sources:
        _take_in("assistant import", sources, as_json)


def _take_in(doing: str, sources: Sequence[Source], as_json: bool, tags: Sequence[str] = ()) -> None:
    """Adds sources, and tells what becomes of each; the exit code is 1 where one was rejected."""
    from assistant.core import serialization

    with open_store(doing) as store:
        taken: list[str] = []
        try:
            with progress.track_adding(sources, as_json=as_json) as adding:
                for outcome in store.add(sources, adding.on_step):
                    taken += [outcome.document_id] if outcome.document_id else []
                    told = output.outcome_line(outcome)
                    line = output.as_json(serialization.outcome(outcome)) if as_json else told
                    adding.on_result(outcome, line)
        finally:
            # What was added before a fault or Ctrl-C is kept, so it is tagged too.
            if tags and taken:
                store.tag(taken, tags)
    if adding.counts["rejected"]:
        raise typer.Exit(1)


# -- following a folder ----------------------------------------------------------------------------


@app.command(epilog="Example: assistant sync notes/ --exclude drafts --watch")
def sync(
    folder: Annotated[
        str,
        typer.Argument(help="What the corpus is to follow: a folder, or an address.", metavar="FOLDER|URL"),
    ],
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and follow changes as they happen.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done; do nothing.")] = False,
    include: Include = None,
    exclude: Exclude = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="Let the host of the address be in a private network."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the corpus into step with a folder or an address: add, update, and remove what is gone."""
    from assistant.ingest import fetch
    from assistant.sync.folders import FolderScanner

    if watch and dry_run:
        raise AssistantError("Give --watch or --dry-run, not both.")
    require_name(folder, "sync")
    if fetch.is_url(folder):
        if watch:
            raise AssistantError("--watch follows folders; for an address, let a timer run `assistant sync`.")
        remotes.sync(
            folder, _choice(include, exclude), allow_private=private, dry_run=dry_run, as_json=as_json
        )
        return
    scanner = FolderScanner(Path(folder), _choice(include, exclude))
    with progress.track_count("Looking") as on_progress:
        first = scanner(on_progress=on_progress)
    if dry_run:
        _print_plan(first, as_json)
        return
    follower = _Follower(scanner, as_json, watch)
    if watch:
        _follow(follower)
        return
    counts = follower.keep_step(first)
    if not counts.total():
        raise AssistantError(_nothing())
    if counts["rejected"]:
        raise typer.Exit(1)


def _print_plan(folder: FolderContents, as_json: bool) -> None:
    from assistant.sync.folders import plan_sync

    with open_store("assistant sync") as store:
        plan = plan_sync(folder, store.list())
    for change in plan.changes:
        print(output.as_json(asdict(change)) if as_json else output.change_line(change))
    for rejected in folder.rejected:
        output.say(output.sync_line(rejected))
    _tell_left_out(folder.left_out, as_json)
    if not as_json:
        output.say(f"{len(plan.changes)} to do, {plan.unchanged} unchanged; nothing was done.")


def _follow(follower: _Follower) -> None:
    from threading import Event

    from assistant.sync.watch import follow

    output.say(f"Following {follower.scanner.root}; stop it with Ctrl-C.")
    follow(follower.scanner, follower.keep_step, output.say, Event())


class _Follower:
    """Keeps the store in step with a folder, as often as it is asked to. It is open only in between."""

    def __init__(self, scanner: FolderScanner, as_json: bool, watch: bool) -> None:
        self.scanner = scanner
        self._as_json = as_json
        self._watch = watch
        self._reported: set[SyncResult] | None = None
        """Unreadable files that were reported already."""
        self._left_out: set[Path] = set()

    def keep_step(self, folder: FolderContents) -> Counter[str]:
        """Does what the folder asks for; gives how many names were added, removed, rejected and so on."""
        from assistant.sync.folders import apply_plan, plan_sync, sources_to_add

        with open_store("assistant sync") as store:
            plan = plan_sync(folder, store.list())
            with progress.track_adding(sources_to_add(folder, plan), as_json=self._as_json) as adding:
                # When a folder is followed, it is worth a word only once how much of it stays as it is.
                adding.counts["unchanged"] = plan.unchanged if self._reported is None else 0
                news = [item for item in folder.rejected if item not in (self._reported or ())]
                self._reported = set(folder.rejected)
                for result in chain(news, apply_plan(store, folder, plan, adding.on_step)):
                    line = output.as_json(asdict(result)) if self._as_json else output.sync_line(result)
                    adding.on_result(result, line)
                    if result.status == "rejected":
                        self._reported.add(result)
                        self.scanner.reject(result)
            if self._watch:
                _tell_following(store, str(self.scanner.root))
        _tell_left_out([path for path in folder.left_out if path not in self._left_out], self._as_json)
        self._left_out.update(folder.left_out)
        return adding.counts


def _tell_following(store: Store, folder: str) -> None:
    """Lets the store know which folder this process follows, so that the page can say so."""
    from assistant.client import Remote
    from assistant.core.serialization import writable
    from assistant.store.lists import following

    folder, pid = writable(folder), os.getpid()
    if isinstance(store, Remote):
        store.call("POST", "/api/following", json={"folder": folder, "pid": pid})
    else:
        following.note(store.library.ledger, folder, pid)


# -- looking and taking out ------------------------------------------------------------------------


@app.command("list", epilog="Example: assistant list --json")
def list_documents(as_json: Json = False) -> None:
    """List the documents."""
    from assistant.core import serialization

    with open_store("assistant list") as store:
        entries = store.list()
    if as_json:
        output.print_json([serialization.entry(entry) for entry in entries])
    elif entries:
        output.print_entries(entries)
    else:
        print("No documents yet. Add some with: assistant add FILE|FOLDER")


@app.command(epilog="Example: assistant show 3f2a9c… --json")
def show(
    document: Annotated[str, typer.Argument(help="An id, or what was added.", metavar="ID|NAME")],
    as_json: Json = False,
) -> None:
    """Show a document's text."""
    from assistant.core import serialization

    require_name(document, "show")
    with open_store("assistant show") as store:
        found = store.show(_id_of(document, store.list()))
    if as_json:
        output.print_json(serialization.document(found))
    else:
        output.print_document(found)


@app.command(epilog="Example: assistant remove 3f2a9c… notes/old.md")
def remove(
    documents: Annotated[
        list[str],
        typer.Argument(help="Ids, or what was added: a file, a folder, an address.", metavar="ID|NAME..."),
    ],
    as_json: Json = False,
) -> None:
    """Remove documents for good; one that has another name too only loses this one."""
    from assistant.core import serialization
    from assistant.ingest import fetch

    for word in documents:
        require_name(word, "remove")
    with open_store("assistant remove") as store:
        entries = store.list()
        ids = [entry.id for entry in entries if entry.id in documents]
        names = {word: _named(word, entries) for word in dict.fromkeys(documents) if word not in ids}
        followed = {word: remotes.names_below(store, word) for word in names if fetch.is_url(word)}
        names |= {word: [*dict.fromkeys([*names[word], *below])] for word, below in followed.items()}
        gone = store.remove_all(ids) if ids else []
        gone += (
            store.unname([name for some in names.values() for name in some]) if any(names.values()) else []
        )
        for word in followed:
            remotes.forget(store, word)
    for entry in gone:
        output.print_json(serialization.entry(entry)) if as_json else print(
            f"removed  {output.plain(entry.title)}"
        )
    for entry in entries:
        if entry not in gone and any(name in entry.sources for some in names.values() for name in some):
            output.say(f"{output.plain(entry.title)} has another name, and stays under that.")
    missing = [word for word, some in names.items() if not some]
    for word in missing:
        output.fault(f"There is no document with the id or the name {word}; `assistant list` shows them.")
    if missing:
        raise typer.Exit(1)


def _id_of(word: str, entries: Sequence[DocumentInfo]) -> str:
    """Return the id of the one document that a word means; the word itself if there is none."""
    if any(entry.id == word for entry in entries):
        return word
    names = _named(word, entries)
    meant = [entry for entry in entries if any(name in names for name in entry.sources)]
    if len(meant) > 1:
        listed = ", ".join(entry.id for entry in meant[:5])
        raise AssistantError(f"{word} is the name of {len(meant)} documents; show one by its id: {listed}.")
    return meant[0].id if meant else word


def _named(word: str, entries: Sequence[DocumentInfo]) -> list[str]:
    """Return the names that a word means: itself, a file's full path, all in a folder or an archive."""
    from assistant.ingest import fetch, files

    exact = {word, word if fetch.is_url(word) else files.name(Path(word))}
    # Pages are not below each other; else, below an address are folders, files of a branch and mails.
    marks = "" if _is_page(word) else "/:;" if fetch.is_url(word) else "/"
    below = tuple(name.rstrip("/") + mark for name in exact for mark in marks)
    names = [name for entry in entries for name in entry.sources]
    return [name for name in names if name in exact or name.startswith(below)]


def _is_page(word: str) -> bool:
    return word.lower().startswith(("http://", "https://"))


# -- looking after the store -----------------------------------------------------------------------


@app.command(epilog="Example: assistant check --repair")
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    as_json: Json = False,
) -> None:
    """Verify that documents, passages, vectors and words agree, and that a configured model is there."""
    from assistant.cli import models

    with open_store("assistant check", repair=repair) as store:
        health = store.check(repair)
    _tell_health(replace(health, problems=(*health.problems, *models.problems())), as_json)


@app.command(epilog="Example: assistant rebuild")
def rebuild(as_json: Json = False) -> None:
    """Build the index anew from the ledger, after damage or with another embedder."""
    with open_store("assistant rebuild") as store:
        _tell_health(store.rebuild(), as_json)


def _tell_health(health: Health, as_json: bool) -> None:
    from assistant.core import serialization

    output.print_json(serialization.health(health)) if as_json else output.print_health(health)
    if health.problems:
        raise typer.Exit(1)


@app.command(epilog="Example: assistant export corpus.zip")
def export(file: Annotated[str, typer.Argument(help="The file to write.")], as_json: Json = False) -> None:
    """Write all documents, as they were added, into one file that another assistant can import."""
    from assistant.core.errors import LedgerError

    require_name(file, "export")
    path = Path(file)
    try:
        with open_store("assistant export") as store:
            count = _exported(store, path)
    except LedgerError as fault:
        output.fault(fault.message)
        output.say("Exporting the originals that are whole, without it.")
        count = _exported(None, path)
    if as_json:
        output.print_json({"file": str(file), "documents": count, "size": path.stat().st_size})
    else:
        size = output.size(path.stat().st_size)
        print(f"{output.counted(count, 'document')} in {output.plain(file)} ({size})")


def _exported(store: Store | None, file: Path) -> int:
    """Writes what the store holds, or else its originals alone; gives how many documents."""
    from assistant.core import config
    from assistant.ingest import restore
    from assistant.store import addresses
    from assistant.sync import bundles

    with progress.track_count("Exporting") as on_progress:
        settings = config.load()
        salvage = store or restore.Salvage(settings.home, addresses.stores(settings))
        return bundles.write(salvage, file, on_progress)
