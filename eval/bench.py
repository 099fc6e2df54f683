"""Benchmarks of the product's time and memory: python -m eval.bench [NAME…] [--json]

embed     passages embedded in a second, against Chroma's default function
commands  `assistant ask` and `assistant --help`, whole processes
shipped   the server over the shipped corpus: opening, memory
large     the server over 20,000 passages: opening, a question, memory, the index made anew
ingest    documents taken in, against LlamaIndex's starter
growth    a passage at 20,000 against one at 5,000
busy      a server that is asked while 4,000 passages come in
first     the first word of a model's answer, against the model's own

Without a name, all of them, in some minutes; `large` makes its corpus once, which takes some minutes more.
Exits with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from eval.bench_figure import Figure

MODULES = {
    "embed": "bench_embed",
    "commands": "bench_commands",
    "shipped": "bench_shipped",
    "large": "bench_large",
    "ingest": "bench_ingest",
    "growth": "bench_growth",
    "busy": "bench_busy",
    "first": "bench_first",
}
"""The benchmarks, and the modules whose `figures` run them."""


def main() -> None:
    """Run the benchmarks that the command line names."""
    measured(
        "python -m eval.bench", __doc__ or "", {name: f"eval.{module}" for name, module in MODULES.items()}
    )


def measured(program: str, description: str, modules: Mapping[str, str]) -> None:
    """Run the modules that the command line names, or all of them; exit with 1 if a target is missed."""
    asked = _arguments(program, description, modules)
    figures = {name: _run(name, modules[name]) for name in asked.names or modules}
    if asked.json:
        told = {name: [figure.told() for figure in some] for name, some in figures.items()}
        print(json.dumps({"machine": _machine(), "figures": told}))
    else:
        _print(figures)
    sys.exit(any(figure.met is False for some in figures.values() for figure in some))


def _arguments(program: str, description: str, modules: Mapping[str, str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=program, description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(modules))
    parser.add_argument("--json", action="store_true", help="the figures as one line of JSON, last")
    asked = parser.parse_args()
    # `choices` would refuse no name at all.
    if unknown := set(asked.names) - set(modules):
        parser.error(f"{', '.join(sorted(unknown))}: known are {', '.join(modules)}")
    return asked


def _run(name: str, module: str) -> Sequence[Figure]:
    print(f"{name}: load {_load()} at its beginning", file=sys.stderr)
    figures: Sequence[Figure] = importlib.import_module(module).figures()
    for figure in figures:
        print(f"  {figure.what}: {figure.shown}", file=sys.stderr)
    return figures


def _machine() -> dict[str, str | int]:
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "processor": platform.machine(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load": _load(),
    }


def _load() -> str:
    """Return the load average of the last minute; figures measured on a busy machine say little."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def _print(measured: dict[str, Sequence[Figure]]) -> None:
    table = Table("benchmark", "figure", "measured", "target", "", box=None, pad_edge=False)
    for name, figures in measured.items():
        for figure in figures:
            met = "" if figure.met is None else "met" if figure.met else "MISSED"
            table.add_row(name, figure.what, figure.shown, figure.target, met)
    Console(width=None if sys.stdout.isatty() else 150).print(table)
    print("; ".join(f"{what} {value}" for what, value in _machine().items()))


if __name__ == "__main__":
    main()
