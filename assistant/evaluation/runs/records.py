"""Storage of runs: results of golden sets and their conditions, as JSON in the home folder.

A run holds questions, figures and places in documents, but no text of documents. Files that quote documents
(reports) are in a separate folder, which every removal of a document deletes.
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
from assistant.core.types import DocumentInfo
from assistant.embedding.weights import FINGERPRINT
from assistant.evaluation.golden.places import QuoteLookup, resolve_set
from assistant.evaluation.golden.sets import GoldenSet, Place, Question, load_sets, questions
from assistant.evaluation.runs.runner import Result, RunQuestion
from assistant.ingest.files import load_text

FORMAT = 2
MAX_RUN_BYTES = 100_000_000
"""Bytes of a stored run."""


@dataclass(frozen=True, slots=True)
class Run:
    """Golden sets as answered once. `id` is the time of its start, UTC."""

    id: str
    sets: tuple[str, ...]
    conditions: Mapping[str, str]
    """Model, embedder, corpus and code that gave the answers."""
    results: tuple[Result, ...]
    files: tuple[str, ...] = ()
    """Paths of the sets, to show expected answers."""


def new_run_id() -> str:
    """Return the id of a run that starts now, with milliseconds."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]


def make_run(
    ident: str,
    sets: Iterable[GoldenSet],
    results: Iterable[Result],
    assistant: Assistant,
    judge: str | None = None,
) -> Run:
    """Return the run with these results and conditions; `judge` is who judged, or why nobody."""
    sets = tuple(sets)
    names, files = tuple(golden.name for golden in sets), tuple(golden.path for golden in sets)
    judged = {} if judge is None else {"judge": judge}
    return Run(ident, names, _conditions(assistant) | judged, tuple(results), files)


def _conditions(assistant: Assistant) -> dict[str, str]:
    entries = assistant.list()
    try:
        release = version("cited-assistant")
    except PackageNotFoundError:
        release = "unknown"
    return {
        "model": assistant.settings.model or "none (extractive)",
        "embedder": assistant.settings.embedding_model or FINGERPRINT,
        "documents": str(len(entries)),
        "passages": str(sum(entry.passages for entry in entries)),
        "corpus": hash_corpus(entries),
        "version": release,
        "code": _hash_code(),
    }


def hash_corpus(entries: Iterable[DocumentInfo]) -> str:
    """Return a hash of which documents there are, and under which names."""
    lines = sorted(f"{entry.id} {entry.source}" for entry in entries)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _hash_code() -> str:
    """Return a hash of the product's code, released or not."""
    folder = Path(package.__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.json")]):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def save(run: Run, home: Path) -> None:
    """Write a run into the home folder, atomically."""
    path = runs_folder(home) / f"{run.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(to_json(run), ensure_ascii=False) + "\n", "utf-8")
    part.replace(path)


def list_ids(home: Path) -> list[str]:
    """Return the ids of the stored runs, oldest first."""
    return sorted(path.stem for path in runs_folder(home).glob("*.json"))


def load(name: str, home: Path) -> Run:
    """Load a run: by its id, by `last`, or from the file of that name.

    Raises:
        NotFound: there is none.
        ReadError: the file holds no run of this version.
    """
    ids = list_ids(home)
    if name == "last" and ids:
        name = ids[-1]
    path = runs_folder(home) / f"{name}.json" if name in ids else Path(name)
    return _load_file(path, name, ids)


def load_by_id(ident: str, home: Path) -> Run:
    """Load a stored run by its id; never opens another path. Raises as `load`."""
    ids = list_ids(home)
    if ident not in ids:
        raise NotFound(f"There is no run {ident}.")
    return _load_file(runs_folder(home) / f"{ident}.json", ident, ids)


def _load_file(path: Path, name: str, ids: Sequence[str]) -> Run:
    if not path.exists():
        known = f"the last ones are {', '.join(ids[-3:])}" if ids else "none is kept yet"
        raise NotFound(f"There is no run {name}; {known}.")
    text = load_text(path, "run", MAX_RUN_BYTES)
    try:
        return from_json(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise ReadError(f"{path} is no run of this version; measure again and compare with that.") from fault


def runs_folder(home: Path) -> Path:
    """Return the folder of stored runs."""
    return home / "evaluation"


def reports_folder(home: Path) -> Path:
    """Return the folder of reports, which quote documents and are deleted when any document is removed."""
    return runs_folder(home) / "quoted"


def find_previous(run: Run, home: Path) -> Run | None:
    """Return the last run before this one that shares a set with it."""
    for ident in reversed([ident for ident in list_ids(home) if ident < run.id]):
        try:
            previous = load_by_id(ident, home)
        except (NotFound, ReadError):
            continue
        if set(previous.sets) & set(run.sets):
            return previous
    return None


def load_expected(run: Run, quotes: QuoteLookup) -> dict[str, Question]:
    """Return the golden questions of a run by id, as far as their sets still hold them unchanged."""
    fingerprints = {result.question.id: result.question.fingerprint for result in run.results}
    known: dict[str, Question] = {}
    for path in filter(None, run.files):
        try:
            sets = load_sets([Path(path)])
        except ReadError:
            continue
        known |= {q.id: q for golden in sets for q in questions(resolve_set(golden, quotes))}
    return {ident: q for ident, q in known.items() if fingerprints.get(ident) == q.fingerprint}


def to_json(run: Run) -> dict[str, Any]:
    """Return the JSON form of a run, without fields that may hold text of documents."""
    return {"format": FORMAT, **asdict(run), "results": [_result_to_json(result) for result in run.results]}


def _result_to_json(result: Result) -> dict[str, Any]:
    places = {name: [astuple(place) for place in getattr(result, name)] for name in ("cited", "retrieved")}
    row = {**asdict(result), **places}
    return {name: value for name, value in row.items() if name not in ("search_query", "answer")}


def from_json(json: Mapping[str, Any]) -> Run:
    """Return the run that `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    if json["format"] != FORMAT:
        raise ValueError("another format")
    results = tuple(_result_from_json(row) for row in json["results"])
    return Run(json["id"], tuple(json["sets"]), json["conditions"], results, tuple(json["files"]))


def _result_from_json(row: Mapping[str, Any]) -> Result:
    places = {name: tuple(Place(*place) for place in row[name]) for name in ("cited", "retrieved")}
    question = RunQuestion(**{**row["question"], "tags": tuple(row["question"]["tags"])})
    return Result(**{**row, **places, "question": question})
