"""The packages of tests/node, for tests that drive what is written in JavaScript."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "node"


def node(package: str) -> str:
    """Return the program node; skip the test where it or the package is not installed."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("there is no node here")
    if not (FOLDER / "node_modules" / package).is_dir():
        pytest.skip(f"{package} is not installed; `make ready` does that where npm is")
    return program
