"""What surrounds a process that runs our code, and a quick assistant in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from conftest import Hashing

from assistant import assistant, config
from assistant.assistant import Assistant

TESTS = Path(__file__).parents[1]


def surroundings() -> dict[str, str]:
    """The environment of a process that runs our code: without a person's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    return kept | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}


def opened(home: Path, say: Callable[[str], None] = lambda _: None) -> Assistant:
    """An assistant over the store in `home`, without a corpus, with the quick embedder."""
    assistant.embedder = lambda *_: Hashing()  # type: ignore[assignment]
    return Assistant.open(replace(config.load({}), home=home, corpus=None), say=say)
