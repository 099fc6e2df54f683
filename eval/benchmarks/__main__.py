"""The runner: `python -m eval.benchmarks NAME --data FOLDER [--limit N] [--json]`.

`all` runs each task on its folder below the one given. With `--json` the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

FOLDERS = {
    "mtrag": "mtrag-fiqa",
    "clapnq": "clapnq",
    "support": "clapnq",
    "squad2": "squad2",
    "chunking": "chunking",
    "passages": "code-passages",
    "extraction": "article-extraction",
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


def _run(name: str, data: Path, limit: int | None) -> dict[str, float]:
    """Runs a task and prints its figures."""
    print(f"{name} ({data.name})", file=sys.stderr)
    began = time.perf_counter()
    figures: dict[str, float] = importlib.import_module(f"eval.benchmarks.{name}").run(data, limit)
    print(name, *(f"{figure}={value:.4g}" for figure, value in figures.items()), sep="  ")
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    return {figure: round(value, 4) for figure, value in figures.items()}


if __name__ == "__main__":
    main()
