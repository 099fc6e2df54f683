"""Network silence: the network calls of the whole process tree, native code included.

Every command runs in a home of its own under strace. A look-up of a name counts like a connection. So does a
file in the person's cache that is not ours, such as the identity of this device that telemetry keeps.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import watched

from assistant.core import config
from assistant.embedding.embedders import create_embedder
from eval.bench_figure import Figure

CHAT = 60.0
"""Seconds of chat; what reports something does so some seconds after the start."""
LINGERING = 20.0
"""Seconds that a program which has the library open is watched."""
OPENING = 180.0
QUESTIONS = ("What boils in three minutes?", "And the pot?", "Who founded Rome?")
CORPUS = {
    "kettle.md": "# Kettles\n\nA kettle boils a litre of water in three minutes.\n\nThe pot takes ten.\n",
    "harbour.html": "<h1>Harbour</h1><p>The harbour of Bergen handles 41 ships a day.</p>",
    "ports.csv": "port,ships\nBergen,41\nOslo,37\n",
}
GOLDEN = {
    "id": "k1",
    "question": "How fast does a kettle boil?",
    "facts": ["three minutes"],
    "documents": ["kettle.md"],
}
AS_LIBRARY = """
import sys, time
from assistant.core import config
from assistant.assistant import Assistant
from assistant.integrations.llama_index import LlamaEmbedding, PassageParser, PassageRetriever
from llama_index.core.schema import Document
with Assistant.open(config.load()) as store:
    store.add_bytes(b"A kettle boils a litre of water in three minutes.", "kettle.md")
    print(store.ask("How fast does a kettle boil?").text)
    print(PassageParser().get_nodes_from_documents([Document(text="# A\\n\\nA kettle boils.")])[0].text)
    print(PassageRetriever(store.retriever).retrieve("kettle")[0].text)
    print(len(LlamaEmbedding(store._embedder).get_text_embedding("kettle")))
    time.sleep(float(sys.argv[1]))
"""


@dataclass(frozen=True)
class Person:
    """Somebody with a home folder of their own, in which the embedding model was prepared before."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment without variables that silence a library: the product must set those."""
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "PYTHONPATH")}
        home, store = self.folder / "person", self.folder / "store"
        return kept | {"HOME": str(home), "ASSISTANT_HOME": str(store), "ASSISTANT_CORPUS": "none"}

    def prepare(self) -> None:
        """Makes the home, the model's place in its cache, and the files to add and to measure by."""
        settings = config.load({})
        ours = settings.cache
        create_embedder(settings).embed(["prepared"])
        cache = self.folder / "person" / ".cache"
        cache.mkdir(parents=True)
        (cache / ours.name).symlink_to(ours)
        for name, text in CORPUS.items():
            (self.folder / "papers").mkdir(exist_ok=True)
            (self.folder / "papers" / name).write_text(text)
        (self.folder / "golden.jsonl").write_text(json.dumps(GOLDEN) + "\n")

    def traces(self) -> list[str]:
        """Files in the home that are not ours."""
        home = self.folder / "person"
        found = (path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
        return sorted(name for name in found if not name.startswith(f".cache/{config.NAME}/"))


def figures(chat: float = CHAT, lingering: float = LINGERING) -> list[Figure]:
    """Measure the attempts of each command, and the files left behind by all."""
    if not watched.may_watch():
        raise SystemExit("strace is needed, and the right to trace; install it: apt install strace")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        person, programmer = Person(Path(folder) / "person"), Person(Path(folder) / "programmer")
        person.prepare()
        programmer.prepare()
        # At the same time, as both are mostly waited for.
        library = [sys.executable, "-c", AS_LIBRARY, str(lingering)]
        by_library = pool.submit(_said, "the library and its seams", programmer, library)
        found = [Figure(f"reached for by {name}", _said(name, person, command), most=0)
                 for name, command in _commands(person.folder)]  # fmt: skip
        found.append(Figure(f"reached for in {chat:g} s of chat", _chat(person, chat), most=0))
        found.append(Figure("reached for by the library and its seams", by_library.result(), most=0))
        left = [*person.traces(), *programmer.traces()]
        print(*(f"  left behind: {name}" for name in left), sep="\n", end="", file=sys.stderr)
        return [*found, Figure("files left in the home that are not ours", len(left), most=0)]


def _commands(folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    papers = str(folder / "papers")
    ours = [sys.executable, "-m", "assistant.cli"]
    yield "add", [*ours, "add", papers]
    yield "ask", [*ours, "ask", "How fast does a kettle boil?", "--conversation", "tea"]
    yield "sync", [*ours, "sync", papers]
    yield "eval", [*ours, "eval", str(folder / "golden.jsonl")]
    yield "check", [*ours, "check"]


def _said(name: str, person: Person, command: Sequence[str]) -> int:
    """The number of calls that led beyond this machine. Raises if the command itself fails."""
    trace = person.folder / "trace"
    child = watched.begun(
        command, trace, person.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    out, _ = child.communicate()
    if child.returncode:
        raise SystemExit(f"{name} ended with {child.returncode}: {out}")
    return _counted(trace)


def _chat(person: Person, seconds: float) -> int:
    """The same for a served chat in which a page is opened and questions are asked."""
    trace = person.folder / "trace"
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
    child = watched.begun(command, trace, person.environment, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        address = next(line.split()[4] for line in child.stdout if "answers at" in line)
        _asked(address, seconds)
    finally:
        _stop(child)
    return _counted(trace)


def _asked(address: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        http.get("/").raise_for_status()
        for question in QUESTIONS:
            http.post("/api/ask", json={"question": question, "conversation": "tea"}).raise_for_status()
        while time.monotonic() < until:
            http.get("/api/health").raise_for_status()
            time.sleep(min(1.0, max(0.0, until - time.monotonic())))


def _stop(child: subprocess.Popen[str]) -> None:
    """Ends the traced process, not the tracer, which would let go of it."""
    for traced in Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split():
        os.kill(int(traced), signal.SIGTERM)
    child.wait(OPENING)


def _counted(trace: Path) -> int:
    found = watched.tried(trace)
    for far in found[:5]:
        print(f"  tried: {far}", file=sys.stderr)
    return len(found)
