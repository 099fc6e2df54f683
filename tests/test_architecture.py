"""The code keeps to docs/architecture.md: imports point downward, files stay short, heavy parts load late."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "assistant"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"chromadb", "gradio", "llama_index", "numpy", "onnxruntime", "openai", "tantivy"}


def layers():
    """Module -> the number of its layer in docs/architecture.md, where the lowest comes first."""
    found, layer = {}, 0
    for line in (ROOT / "docs" / "architecture.md").read_text("utf-8").splitlines():
        if re.match(r"### Layer \d+", line):
            layer += 1
        elif layer and (row := re.match(r"\| `(\w+)` \|", line)):
            found[row[1]] = layer
    return found


def module(path):
    """The module that a file belongs to; a package of ours counts as one."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path):
    """The modules of ours that a file imports, with those inside of functions and for types alone."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by a relative name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("assistant."))


def test_the_table_names_every_module_once_and_no_other():
    assert set(layers()) == {module(path) for path in FILES} - {"__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downward(path):
    table, own = layers(), module(path)
    for name in set(imported(path)) - {own}:
        assert table[name] < table[own], f"{own} (layer {table[own]}) imports {name} (layer {table[name]})"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_file_is_longer_than_400_lines(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 400


def test_no_package_is_deeper_than_one_level():
    assert all(len(path.relative_to(PACKAGE).parts) <= 2 for path in FILES)


def test_the_command_line_loads_nothing_heavy():
    code = f"import sys, assistant.cli; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nothing_rests_on_what_llamaindex_sets_or_cites_by_itself():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llama_index"):
                names = {alias.name for alias in node.names}
                assert not names & {"Settings", "IngestionPipeline", "CitationQueryEngine"}, path.name
