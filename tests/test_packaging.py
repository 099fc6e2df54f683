"""Packaging: the wheel, the locks, the declared dependencies."""

import ast
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from assistant.embedding import weights

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUN = PROJECT["dependencies"]
TEST = RUN + PROJECT["optional-dependencies"]["test"]
EXTRAS = [line for name, some in PROJECT["optional-dependencies"].items() if name != "test" for line in some]
"""Packages installed separately, for a part of the assistant that asks for them where they are missing."""
LOCKS = ["requirements.lock", "requirements-test.lock", "requirements-model.lock"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with ZipFile(next(folder.glob("*.whl"))) as held:
        yield held


def locked(name):
    """The requirements of a lock, each with its hashes."""
    entries = []
    for line in (ROOT / name).read_text("utf-8").replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            entries.append((Requirement(requirement), [h.strip() for h in hashes]))
    return entries


def files(folder):
    return [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]


@pytest.mark.parametrize("folder", ["corpus", "prompts", "eval/golden"])
def test_the_wheel_brings_corpus_prompts_and_golden_questions(wheel, folder):
    expected = files(ROOT / folder)
    assert expected
    for path in expected:
        assert wheel.read(f"assistant/_data/{path.relative_to(ROOT).as_posix()}") == path.read_bytes()


def test_the_wheel_brings_every_file_of_the_package(wheel):
    expected = {p.relative_to(ROOT).as_posix() for p in files(ROOT / "assistant")}
    assert {"assistant/py.typed", "assistant/web/static/page.css", "assistant/web/static/page.js"} <= expected
    assert expected <= set(wheel.namelist())


def test_the_wheel_brings_nothing_else(wheel):
    roots = {name.split("/")[0] for name in wheel.namelist()}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"assistant"}


def test_an_installed_copy_finds_its_own_data(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = (
        "import sys; from assistant.core import config; print(*map(config.bundled, sys.argv[1:]), sep='\\n')"
    )
    command = [sys.executable, "-c", code, "corpus", "prompts", "eval/golden"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    data = tmp_path / "assistant" / "_data"
    assert done.stdout.split() == [str(data / name) for name in ("corpus", "prompts", "eval/golden")]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock):
    text = (ROOT / lock).read_text("utf-8")
    for forbidden in ("://", "file:", "index-url", "find-links", "trusted-host"):
        assert forbidden not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_public_versions_by_hash(lock):
    entries = locked(lock)
    assert entries
    for requirement, hashes in entries:
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        assert "+" not in pin.version, f"{requirement} is a local version"
        assert all(h.startswith("sha256:") and len(h) == 71 for h in hashes)
        assert hashes


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_second_model_stack(lock):
    names = {canonicalize_name(requirement.name) for requirement, _ in locked(lock)}
    assert not names & {"torch", "transformers", "sentence-transformers", "tensorflow"}


@pytest.mark.parametrize(("lock", "declared"), [("requirements.lock", RUN), ("requirements-test.lock", TEST)])
def test_a_lock_fits_what_the_project_declares(lock, declared):
    pins = [requirement for requirement, _ in locked(lock)]
    for wanted in map(Requirement, declared):
        name = canonicalize_name(wanted.name)
        versions = [next(iter(p.specifier)).version for p in pins if canonicalize_name(p.name) == name]
        assert versions, f"{name} is not in {lock}; run make lock"
        assert all(version in wanted.specifier for version in versions), f"{wanted} is not met; run make lock"


def test_the_tests_run_with_the_versions_that_are_installed_for_people():
    tested = {str(requirement): hashes for requirement, hashes in locked("requirements-test.lock")}
    for requirement, hashes in locked("requirements.lock"):
        assert tested[str(requirement)] == hashes


def test_the_model_is_locked_as_the_code_expects_it():
    ((requirement, hashes),) = locked("requirements-model.lock")
    assert str(requirement) == f"{weights.PACKAGE}=={weights.VERSION}"
    assert hashes == sorted(f"sha256:{sum}" for sum in weights.WHEELS_SHA256.values())


def imported(path):
    """The top names that a file imports, with those inside of functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_whatever_is_imported_is_declared():
    declared = {canonicalize_name(Requirement(line).name) for line in RUN + EXTRAS}
    brings = metadata.packages_distributions()
    names = {name for path in (ROOT / "assistant").rglob("*.py") for name in imported(path)}
    foreign = names - sys.stdlib_module_names - {"assistant"}
    assert "chromadb" in foreign
    for name in foreign:
        # An extra that is not installed is taken to be called as its module.
        found = {canonicalize_name(distribution) for distribution in brings.get(name, [name])}
        assert declared & found, f"{name} is not declared"


def test_no_dependency_is_under_the_affero_licence():
    here = [r.name for r, _ in locked("requirements.lock") if not r.marker or r.marker.evaluate()]
    for name in here:
        about = metadata.metadata(name)
        told = [about.get(key, "") for key in ("License-Expression", "License")]
        licence = " ".join(told + about.get_all("Classifier", [])).lower()
        assert "affero" not in licence, name
        assert "agpl" not in licence, name
