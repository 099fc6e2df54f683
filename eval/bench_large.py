"""The server over 20,000 passages: its start, a question, its memory, its index made anew.

The corpus is made by `bench_corpus` and kept in the user cache folder; the server gets a copy.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from eval.bench_corpus import Question, documents, questions
from eval.bench_figure import Figure, share
from eval.bench_server import Server, serving
from eval.bench_shipped import memory
from eval.benchmarks.corpus import Item, opened

PASSAGES = 20_000
WARMING = 10
QUESTIONS = 200


def figures() -> list[Figure]:
    """Passages, opening, questions, memory, and the index made anew."""
    made = documents()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        passages = _copied([one.item for one in made], home)
        with serving(home) as server:
            told = _asked(server, questions(made, WARMING + QUESTIONS))
            told += memory(server, WARMING + QUESTIONS)
            opening = server.opening
        shutil.rmtree(home / "index")
        print("  the index is gone; starting again", file=sys.stderr)
        with serving(home) as server:
            return [
                Figure("passages", passages, least=PASSAGES),
                Figure("start, until it answers", opening, "s"),
                *told,
                Figure("start without an index, until it answers", server.opening, "s", most=30),
            ]


def _copied(items: Sequence[Item], home: Path) -> int:
    """Copies the store that holds the items to `home`; gives the number of its passages."""
    with opened("made", items) as corpus:
        passages = corpus.library.ledger.counts()[1]
        folder = corpus.folder
    shutil.copytree(folder, home)
    return passages


def _asked(server: Server, asked: Sequence[Question]) -> list[Figure]:
    """Each question once, one after the other; the first few warm the server up and do not count."""
    first = server.ask(asked[0].text)[1]
    for question in asked[1:WARMING]:
        server.ask(question.text)
    told = track(asked[WARMING:], "  Asking", console=Console(stderr=True))
    replies = [(question, *server.ask(question.text)) for question in told]
    took = [milliseconds for _, _, milliseconds in replies]
    inside = [reply["timings_ms"]["retrieve"] for _, reply, _ in replies]
    known = [(question.source, reply) for question, reply, _ in replies if question.source]
    cited = sum(any(c["source"] == source for c in reply["citations"]) for source, reply in known)
    return [
        Figure("the first question after the start", first, "ms"),
        Figure(f"a question, p50 of {QUESTIONS}", share(took, 0.5), "ms", most=120),
        Figure(f"a question, p95 of {QUESTIONS}", share(took, 0.95), "ms", most=250),
        Figure("of it finding passages, p50", share(inside, 0.5), "ms"),
        Figure("answers that cite the document asked about", 100 * cited / len(known), "%"),
    ]
