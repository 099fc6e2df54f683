"""Runs: the results of golden sets, with what they were measured on, kept as JSON in the home folder.

A run holds questions and figures, and where in which documents its answers rest: no text of a document. What
does hold some, reports and drafts of questions, lies in a folder of its own, which goes with every removal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import assistant as package
from assistant.assistant import Assistant
from assistant.core.errors import NotFound, ReadError
from assistant.embedding.weights import FINGERPRINT
from assistant.evaluation.golden.places import Quotes, askable
from assistant.evaluation.golden.sets import GoldenSet, Place, Question, questions, read
from assistant.evaluation.runs.runner import Asked, Result
from assistant.ingest.files import load_text

FORMAT = 2
MAX_BYTES = 100_000_000
"""Bytes of a kept run."""


@dataclass(frozen=True, slots=True)
class Run:
    """Golden sets as they were answered once. `id` is when it began, UTC."""

    id: str
    sets: tuple[str, ...]
    conditions: Mapping[str, str]
    """What the answers came from: model, embedder, corpus, code."""
    results: tuple[Result, ...]
    files: tuple[str, ...] = ()
    """Where the sets stand, so that what they expect can be shown."""


def began(now: datetime | None = None) -> str:
    """The id of a run that begins now."""
    return (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S-%f")[:-3]


def conditions(assistant: Assistant) -> dict[str, str]:
    """What an assistant answers from, in words and fingerprints."""
    entries = assistant.list()
    corpus = hashlib.sha256("\n".join(sorted(f"{e.id} {e.source}" for e in entries)).encode())
    return {
        "model": assistant.settings.model or "none (extractive)",
        "embedder": assistant.settings.embedding_model or FINGERPRINT,
        "documents": str(len(entries)),
        "passages": str(sum(entry.passages for entry in entries)),
        "corpus": corpus.hexdigest()[:12],
        "version": _version(),
        "code": _code(),
    }


def run(ident: str, sets: Iterable[GoldenSet], results: Iterable[Result], assistant: Assistant) -> Run:
    """The run that gave these results."""
    sets = tuple(sets)
    names, files = tuple(golden.name for golden in sets), tuple(golden.path for golden in sets)
    return Run(ident, names, conditions(assistant), tuple(results), files)


def keep(found: Run, home: Path) -> Path:
    """Writes a run into the home folder; gives the file."""
    path = folder(home) / f"{found.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(to_json(found), ensure_ascii=False) + "\n", "utf-8")
    beside.replace(path)
    return path


def kept(home: Path) -> list[str]:
    """The ids of the runs that are kept, oldest first."""
    return sorted(path.stem for path in folder(home).glob("*.json"))


def load(name: str, home: Path) -> Run:
    """A kept run: by its id, by `last`, or from the file of that name.

    Raises:
        NotFound: there is none.
        ReadError: the file holds no run.
    """
    ids = kept(home)
    if name == "last" and ids:
        name = ids[-1]
    path = folder(home) / f"{name}.json" if name in ids else Path(name)
    return _loaded(path, name, ids)


def load_kept(ident: str, home: Path) -> Run:
    """A run that is kept in `home`, by its id.

    Raises:
        NotFound: there is none.
        ReadError: a later or earlier version kept it.
    """
    ids = kept(home)
    if ident not in ids:
        raise NotFound(f"There is no run {ident}.")
    return _loaded(folder(home) / f"{ident}.json", ident, ids)


def _loaded(path: Path, name: str, ids: Sequence[str]) -> Run:
    if not path.exists():
        known = f"the last ones are {', '.join(ids[-3:])}" if ids else "none is kept yet"
        raise NotFound(f"There is no run {name}; {known}.")
    text = load_text(path, "run", MAX_BYTES)
    try:
        return from_json(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise ReadError(f"{path} is no run of this version; measure again and compare with that.") from fault


def folder(home: Path) -> Path:
    """Where runs are kept."""
    return home / "evaluation"


def quoted(home: Path) -> Path:
    """Where that is kept which quotes documents: it can be made again, and is deleted when any is removed."""
    return folder(home) / "quoted"


def before(found: Run, home: Path) -> Run | None:
    """The run before that asked any of the same sets."""
    for ident in reversed([ident for ident in kept(home) if ident < found.id]):
        try:
            run = load_kept(ident, home)
        except (NotFound, ReadError):
            continue
        if set(run.sets) & set(found.sets):
            return run
    return None


def expected(found: Run, quotes: Quotes) -> dict[str, Question]:
    """What the run's questions expected, by id, as far as their sets still say it."""
    asked = {result.question.id: result.question.fingerprint for result in found.results}
    known: dict[str, Question] = {}
    for path in filter(None, found.files):
        try:
            sets = read([Path(path)])
        except ReadError:
            continue
        known |= {q.id: q for golden in sets for q in questions(askable(golden, quotes))}
    return {ident: q for ident, q in known.items() if asked.get(ident) == q.fingerprint}


def to_json(found: Run) -> dict[str, Any]:
    """The run in JSON's types, without what may hold words of documents."""
    return {"format": FORMAT, **asdict(found), "results": [_row(result) for result in found.results]}


def _row(result: Result) -> dict[str, Any]:
    places = {name: [astuple(place) for place in getattr(result, name)] for name in ("cited", "retrieved")}
    row = {**asdict(result), **places}
    return {name: value for name, value in row.items() if name not in ("search_query", "answer")}


def from_json(json: Mapping[str, Any]) -> Run:
    """The run that `to_json` wrote."""
    if json["format"] != FORMAT:
        raise ValueError("another format")
    results = tuple(_result(row) for row in json["results"])
    return Run(json["id"], tuple(json["sets"]), json["conditions"], results, tuple(json["files"]))


def _result(row: Mapping[str, Any]) -> Result:
    places = {name: tuple(Place(*place) for place in row[name]) for name in ("cited", "retrieved")}
    question = Asked(**{**row["question"], "tags": tuple(row["question"]["tags"])})
    return Result(**{**row, **places, "question": question})


def _version() -> str:
    try:
        return version("cited-assistant")
    except PackageNotFoundError:
        return "unknown"


def _code() -> str:
    """A name for the code of the product as it is, released or not."""
    folder = Path(package.__file__).parent
    seen = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.json")]):
        seen.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return seen.hexdigest()[:12]
