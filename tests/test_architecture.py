"""The code keeps to docs/architecture.md: rooms by subject, imports downward, heavy parts loaded late."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "assistant"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"chromadb", "gradio", "llama_index", "numpy", "onnxruntime", "openai", "tantivy"}

ROOMS = [
    "core", "text", "embedding", "store", "users", "ingest", "retrieval", "answering", "integrations",
    "assistant", "asynchronous", "client", "evaluation", "sync", "web", "cli",
]  # fmt: skip
"""From the ground up: a room imports from those before it, and from none of those named here."""
APART = {
    "store": {"embedding"},
    "users": {"embedding", "text"},
    "evaluation": {"client"},
    "sync": {"evaluation"},
    "web": {"sync", "client"},
}
MOST_MODULES = 14


def room(path: Path) -> str:
    """The room that a file belongs to: the package, or the module at the top."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """The rooms that a file imports from, inside of functions and for types alone too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by a relative name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("assistant."))


def test_every_room_is_in_the_list() -> None:
    assert {room(path) for path in FILES} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downward(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    for name in set(imported(path)) - {own}:
        assert ROOMS.index(name) < ROOMS.index(own), f"{own} imports {name}, which is above it"
        assert name not in APART.get(own, set()), f"{own} imports {name}"


def test_every_package_says_in_one_line_what_is_in_it() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        summary = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert summary.split("\n")[0].endswith("."), path


def test_no_folder_holds_more_modules_than_a_reader_can_take_in() -> None:
    for folder in {path.parent for path in FILES}:
        assert len([p for p in folder.glob("*.py") if not p.stem.startswith("__")]) <= MOST_MODULES, folder


def test_no_file_is_longer_than_500_lines() -> None:
    assert [path for path in FILES if len(path.read_text("utf-8").splitlines()) > 500] == []


def test_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, assistant.cli; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nothing_rests_on_what_llamaindex_sets_or_cites_by_itself() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llama_index"):
                names = {alias.name for alias in node.names}
                assert not names & {"Settings", "IngestionPipeline", "CitationQueryEngine"}, path.name
