"""The tour of CONTRIBUTING.md names files and functions that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
STOPS = re.findall(
    r"^\|[^|]+\| `([\w/]+\.py)` \| `([\w.]+)` \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M
)


def defined(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    """The names of functions, those of methods with their class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from defined(node, f"{node.name}.")


def test_the_tour_answers_what_a_newcomer_asks() -> None:
    subjects = {Path(file).parts[1] for file, _ in STOPS}
    assert {"ingest", "store", "retrieval", "answering", "web"} <= subjects


def test_each_stop_of_the_tour_exists() -> None:
    for file, function in STOPS:
        assert function in set(defined(ast.parse((ROOT / file).read_text("utf-8")))), f"{function} in {file}"
