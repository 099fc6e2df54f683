"""Models that never end, drip, or write what is slow to read: the time of an answer, and of an end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
from model_server import Reply, serve

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Source
from eval.bench_figure import Figure

SECONDS = 20.0
SLACK = 1.0
"""Seconds after the limit at which an answer must be there, made without the model."""
STOPPING = 4.0
PIECES = 20_000
SHAPES: dict[str, Reply] = {
    "words without end": Reply(["word "] * PIECES, fault="hang"),
    "one word": Reply(["a"] * PIECES, fault="hang"),
    "blanks": Reply(["a", *[" "] * PIECES], fault="hang"),
    "lines": Reply(["word\n"] * (PIECES // 5), fault="hang"),
    "brackets": Reply(["["] * (PIECES - 10), fault="hang"),
    "citations that never close": Reply(["[1 "] * (PIECES // 3 - 10), fault="hang"),
    "comments": Reply(["<!--"] * (PIECES // 4 - 10), fault="hang"),
    "images": Reply(["![a"] * (PIECES // 3 - 10), fault="hang"),
    "list after list": Reply(["a:\n- b\n"] * (PIECES // 7 - 10), fault="hang"),
    "thoughts": Reply(["<think>", *["hm "] * (PIECES // 3 - 10)], fault="hang"),
    "silence": Reply(fault="hang"),
    "drips": Reply(["Fish "], fault="trickle"),
}
QUESTION = "What boils in three minutes?"
TEXT = b"# Kettles\n\nA kettle boils a litre of water in three minutes.\n"


def figures(seconds: float = SECONDS) -> list[Figure]:
    """The slowest answer of all shapes, and the slowest end of a server that is asked."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        took = {name: _answered(home, reply, seconds) for name, reply in SHAPES.items()}
        for name, lasted in took.items():
            print(f"  {name}: {lasted:.1f} s", file=sys.stderr)
        return [
            Figure(f"the slowest of {len(took)} models at a limit of {seconds:g} s", max(took.values()), "s",
                   most=seconds + SLACK),
            Figure("the server's end in silence", _ended(home, SHAPES["silence"]), "s", most=STOPPING),
        ]  # fmt: skip


def _answered(home: Path, reply: Reply, seconds: float) -> float:
    """Seconds until an answer is there."""
    with serve(reply) as server, _opened(home, server.url, seconds) as assistant:
        list(assistant.add([Source("kettles.md", lambda: TEXT)]))
        began = time.monotonic()
        assistant.ask(QUESTION)
        return time.monotonic() - began


def _opened(home: Path, url: str, seconds: float) -> Assistant:
    settings = replace(config.load({}), home=home, corpus=None, model="small", base_url=url)
    return Assistant.open(replace(settings, model_timeout=seconds))


def _ended(home: Path, reply: Reply) -> float:
    """Seconds from SIGTERM to the end of a server whose model is being waited for."""
    with serve(reply) as server:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("ASSISTANT_", "OPENAI_"))
        }
        own = {"ASSISTANT_HOME": str(home), "ASSISTANT_CORPUS": "none", "OPENAI_BASE_URL": server.url}
        command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
        child = subprocess.Popen(command, env=kept | own, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        address = next(line.split()[4] for line in child.stdout if "answers at" in line)
        asking = threading.Thread(target=_ask, args=(address,), daemon=True)
        asking.start()
        _await(lambda: bool(server.prompts))
        began = time.monotonic()
        child.send_signal(signal.SIGTERM)
        child.wait(60)
        return time.monotonic() - began


def _ask(address: str) -> None:
    httpx.post(f"{address}/api/ask", json={"question": QUESTION}, timeout=60, trust_env=False)


def _await(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.02)
