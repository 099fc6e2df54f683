"""Environments for processes that run our code, and a quick assistant in them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from conftest import Hashing

from assistant import assistant
from assistant.assistant import Assistant
from assistant.core import config
from assistant.embedding.embedders import Vectors

TESTS = Path(__file__).parents[1]
ALONE = "ASSISTANT_TEST_ALONE"
PATIENCE = 900.0
"""Seconds that a test in a process of its own may take."""


def alone(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a process of its own.

    A process that forks must not have threads, since a child waits for ever for a lock that another thread
    held; and a process in which other tests ran has threads of Chroma, ONNX Runtime and servers.
    """

    @functools.wraps(test)
    def run(*given: Any, **named: Any) -> None:
        if ALONE in os.environ:
            return test(*given, **named)
        name = f"{test.__code__.co_filename}::{test.__name__}"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", name]
        environ = os.environ | {ALONE: "1"}
        done = subprocess.run(
            command, env=environ, cwd=TESTS.parent, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def surroundings() -> dict[str, str]:
    """Return an environment without a person's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    return kept | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}


class Blind(Hashing):
    """An embedder for texts that nobody asks about, however long they are."""

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimensions, np.float32)
        vector[zlib.crc32(text.encode("utf-8", "replace")) % self.dimensions] = 1
        return vector


def quick(embedder: type[Hashing] = Hashing) -> None:
    """Give each assistant that this process opens such an embedder."""
    assistant.create_embedder = lambda *_: embedder()  # type: ignore[assignment]


def opened(
    home: Path, say: Callable[[str], None] = lambda _: None, embedder: type[Hashing] = Hashing
) -> Assistant:
    """An assistant over the store in `home`, without a corpus, with the quick embedder."""
    quick(embedder)
    return Assistant.open(replace(config.load({}), home=home, corpus=None), notify=say)


def forked(work: Callable[[], object]) -> int:
    """The id of a child that does the work, and ends with 0 where nothing is raised."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def waited(work: Callable[[], object], told: Path) -> Any:
    """Return the result of `work` in a child, by way of the file `told`; None if the child died."""
    told.unlink(missing_ok=True)
    child = forked(lambda: told.write_text(json.dumps(work())))
    os.waitpid(child, 0)
    return json.loads(told.read_text()) if told.exists() else None
