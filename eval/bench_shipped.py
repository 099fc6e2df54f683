"""The server over the shipped corpus: its start, a question, and its memory after many."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from eval.bench_figure import Figure, share
from eval.bench_server import Server, serving

QUESTIONS = 100


def figures() -> list[Figure]:
    """Opening the second time, a question, and memory after 100 of them."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        print("  the first start, which reads the corpus", file=sys.stderr)
        with serving(home, corpus="") as server:
            first = server.opening
        with serving(home, corpus="") as server:
            # The chat page too, as whoever asks has it open.
            server.http.get("/").raise_for_status()
            took = [server.ask(question)[1] for question in _questions()]
            return [
                Figure("first start, until it answers", first, "s"),
                Figure("second start, until it answers", server.opening, "s"),
                Figure(f"a question, p50 of {QUESTIONS}", share(took, 0.5), "ms"),
                Figure(f"a question, p95 of {QUESTIONS}", share(took, 0.95), "ms"),
                *memory(server, QUESTIONS),
            ]


def memory(server: Server, asked: int) -> list[Figure]:
    """Return the server's memory after `number` questions; no figures if it cannot be measured."""
    resident, proportional = server.megabytes()
    figures = [
        Figure(f"memory after {asked} questions (RSS)", resident, "MB", most=700),
        Figure("the same, shared pages in part (PSS)", proportional, "MB"),
    ]
    return [figure for figure in figures if figure.value]


def _questions() -> list[str]:
    """The golden questions, from the first again when they are all asked."""
    files = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    asked = [row["question"] for row in rows if "question" in row]
    return [asked[n % len(asked)] for n in range(QUESTIONS)]
