"""The runner: `python -m eval.benchmarks NAME --data FOLDER [--limit N] [--json]`.

`all` runs each task on its folder below the one given. With `--json` the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
"""Numbers by name, or groups of them."""
FOLDERS = {
    "mtrag": "mtrag-fiqa",
    "clapnq": "clapnq",
    "support": "clapnq",
    "replies": "replies",
    "claims": "support",
    "xquad": "xquad",
    "squad2": "squad2",
    "chunking": "chunking",
    "passages": "code-passages",
    "extraction": "article-extraction",
    "canard": "canard",
    "mtragun": "mtragun",
    "crowd": ".",
}
"""The tasks, and where `all` looks for the data of each."""


def main() -> None:
    """Runs the tasks that the command line names."""
    asked = _arguments()
    names = FOLDERS if asked.name == "all" else [asked.name]
    figures = {}
    for name in names:
        data = asked.data / FOLDERS[name] if asked.name == "all" else asked.data
        if not data.is_dir():
            raise SystemExit(f"There is no folder {data}; name the one with the data of {name}.")
        figures[name] = _run(name, data, asked.limit)
    if asked.json:
        print(json.dumps(figures if asked.name == "all" else figures[asked.name]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*FOLDERS, "all"])
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N questions, for a quick try")
    parser.add_argument("--json", action="store_true", help="the figures as one line of JSON, last")
    return parser.parse_args()


def _run(name: str, data: Path, limit: int | None) -> Figures:
    """Runs a task and prints its figures."""
    print(f"{name} ({data.name})", file=sys.stderr)
    began = time.perf_counter()
    figures: Figures = importlib.import_module(f"eval.benchmarks.{name}").run(data, limit)
    print(name, *(f"{figure}={value:.4g}" for figure, value in _flat(figures)), sep="  ")
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    return _rounded(figures)


def _flat(figures: Figures, before: str = "") -> Iterator[tuple[str, float]]:
    """Each figure with its name; one of a group as `group.name`."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _rounded(figures: Figures) -> Figures:
    return {k: _rounded(v) if isinstance(v, dict) else round(v, 4) for k, v in figures.items()}


if __name__ == "__main__":
    main()
