"""Whole processes: `assistant ask` against the bare imports of two libraries, and `assistant --help`.

The store is filled and all files were read once before. The two take turns, so that whatever else the machine
does slows down both alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.bench_figure import Figure
from eval.bench_server import COMMAND, environment

ROUNDS = 7
ASK = [str(COMMAND), "ask", "How much does Iran export to Venezuela?"]
IMPORTS = [sys.executable, "-c", "import chromadb, llama_index.core"]
HELP = [str(COMMAND), "--help"]


def figures() -> list[Figure]:
    """The medians of the rounds."""
    with tempfile.TemporaryDirectory() as home:
        surroundings = environment(Path(home), corpus="")
        seconds = _in_turn({"ask": ASK, "imports": IMPORTS, "help": HELP}, surroundings)
    return [
        Figure("`assistant ask`, whole process", seconds["ask"], "s"),
        Figure("`import chromadb, llama_index.core`, whole process", seconds["imports"], "s"),
        Figure("the first against the second", seconds["ask"] / seconds["imports"], "times", most=2),
        Figure("`assistant --help`, whole process", seconds["help"], "s", most=0.5),
    ]


def _in_turn(commands: Mapping[str, Sequence[str]], surroundings: Mapping[str, str]) -> dict[str, float]:
    """The median seconds of each command; the first run of each, which fills caches, is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        print(f"  round {number} of {ROUNDS}", file=sys.stderr)
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, env=dict(surroundings), capture_output=True, check=True)
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}
