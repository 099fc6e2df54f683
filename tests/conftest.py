"""Fixtures of all tests: isolated settings, a store over the shipped corpus, a quick embedder."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import hypothesis
import internet
import numpy as np
import pytest
from filelock import FileLock
from servers import Chroma, Postgres, running_postgres

from assistant.assistant import Assistant
from assistant.cli import app
from assistant.core import config
from assistant.core.config import Settings
from assistant.core.types import Source, Span
from assistant.embedding.embedders import E5, Embedder, Role, Vectors
from assistant.ingest.library import Library
from assistant.ingest.sharing import open_library
from assistant.store.addresses import IN_HOME, Stores

if TYPE_CHECKING:
    from playwright.sync_api import Browser

T = TypeVar("T")

# No deadline: the time of an example says nothing on a busy machine.
# In CI the same examples each time, so that what fails there is what was changed; new ones everywhere else.
EXHAUSTIVE = "exhaustive or slow"
"""What `make exhaustive` selects."""
EXAMPLES = {"quick": 10, "suite": 60, "thorough": 1000}
"""Examples of each property, by hypothesis's profiles; those with a size of their own keep it."""
for name, number in EXAMPLES.items():
    hypothesis.settings.register_profile(
        name, deadline=None, derandomize="CI" in os.environ, max_examples=number
    )
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["ASSISTANT_TEST_EXHAUSTIVE"] = "1" if config.getoption("-m") == EXHAUSTIVE else ""


def is_exhaustive() -> bool:
    """Return True in `make exhaustive`, which takes all of what other runs sample."""
    return bool(os.environ["ASSISTANT_TEST_EXHAUSTIVE"])


def sampled(items: Sequence[T], every: int) -> Sequence[T]:
    """Return each so many of the items; all of them in `make exhaustive`."""
    return items if is_exhaustive() else items[::every]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests; begun last, they would keep one worker busy alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


FORMS = ("in the home", "on servers", "shared")
"""Where stores are: in files, in PostgreSQL and a Chroma server, or there for several processes."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of `tests/store` that have an empty library once with each form, unless they name one."""
    names = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    if metafunc.definition.path.parent.name == "store" and "stores" in set(metafunc.fixturenames) - names:
        metafunc.parametrize("stores", FORMS, indirect=True)


@dataclass(frozen=True)
class Done:
    """The outcome of a command."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


class Hashing:
    """An embedder that knows nothing of meaning: each word is a direction of its own."""

    contextual = True

    def __init__(self, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.fingerprint = f"hashing-{dimensions}"

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimensions)

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        return self.embed(texts), [
            self.embed([text[span.start : span.end] for span in some])
            for text, some in zip(texts, spans, strict=True)
        ]

    def count(self, text: str) -> int:
        return len(text.split())

    def _vector(self, text: str) -> Vectors:
        words = [_direction(word, self.dimensions) for word in re.findall(r"\w+", text.lower())]
        vector = np.sum(words, axis=0) if words else np.ones(self.dimensions, np.float32)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


@functools.cache
def _direction(word: str, dimensions: int) -> Vectors:
    generator = np.random.default_rng(zlib.crc32(word.encode("utf-8", "replace")))
    return generator.standard_normal(dimensions).astype(np.float32)


def given(**documents: str) -> list[Source]:
    """Return sources in memory, given by name without `.md`, and text."""
    return [Source(f"{name}.md", text.encode) for name, text in documents.items()]


@contextmanager
def opened_in(home: Path, documents: Mapping[str, str] | None = None) -> Iterator[Assistant]:
    """Open an assistant over an empty store in `home`, and add documents, name -> text."""
    with Assistant.open(replace(config.load({}), home=home, corpus=None)) as assistant:
        for name, text in (documents or {}).items():
            assistant.add_bytes(text.encode(), name)
        yield assistant


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """Run `work` in several threads that begin at once; return the results, or raise what one raised."""
    gate = threading.Barrier(count)

    def begun(number: int) -> T:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begun, range(count)))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public data that some tests read, which is not part of the project."""
    folder = Path(os.environ.get("ASSISTANT_TEST_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip("there is no folder of shared data; set ASSISTANT_TEST_SHARED to it")
    return folder


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[internet.Web]:
    with internet.serving(monkeypatch) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty home and without a corpus to fill it from."""
    return replace(config.load({}), home=tmp_path / "home", corpus=None)


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Stores:
    """Where the stores of `library` are; see `pytest_generate_tests`."""
    if getattr(request, "param", FORMS[0]) == FORMS[0]:
        return IN_HOME
    database = request.getfixturevalue("postgres").empty()
    originals = request.getfixturevalue("tmp_path") / "originals" if request.param == FORMS[2] else None
    return Stores(database, request.getfixturevalue("chroma").server, originals)


@pytest.fixture
def library(tmp_path: Path, stores: Stores) -> Iterator[Library]:
    """An empty library with the quick embedder."""
    opened = open_library(tmp_path, Hashing(), stores=stores)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    """A Chroma server for all tests that leave it running."""
    running = Chroma(tmp_path_factory.mktemp("chroma"))
    yield running
    running.kill()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests that leave it running."""
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def e5() -> Embedder:
    """The default embedder, opened once."""
    return E5(config.load({}).cache)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the shipped corpus, made once for all workers. For copying only."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with FileLock(folder / "filled.lock"):
        if not (folder / "filled").exists():
            with Assistant.open(replace(config.load({}), home=folder / "filling")) as opened:
                opened.fill()
            (folder / "filling").rename(folder / "filled")
    return folder / "filled"


@pytest.fixture(scope="module")
def filled_home(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of one file's tests with the shipped corpus."""
    return shutil.copytree(filled, tmp_path_factory.mktemp("filled") / "home")


@pytest.fixture(scope="session")
def shipped(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the shipped corpus. For reading only: all tests share it."""
    home = shutil.copytree(filled, tmp_path_factory.mktemp("shipped") / "home")
    with Assistant.open(replace(config.load({}), home=home)) as opened:
        yield opened


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The surroundings of a command: an empty home, no corpus, no model."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    return kept | {"ASSISTANT_HOME": str(tmp_path / "home"), "ASSISTANT_CORPUS": "none"}


@pytest.fixture
def run(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command in this process, with an empty home and no corpus."""
    for name in list(os.environ):
        if name.startswith(("ASSISTANT_", "OPENAI_")):
            monkeypatch.delenv(name)
    for name in ("ASSISTANT_HOME", "ASSISTANT_CORPUS"):
        monkeypatch.setenv(name, environment[name])

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["assistant", *map(str, words)])
        code: Any = 0
        try:
            app.main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one file."""
    from browsing import chromium

    with chromium() as opened:
        yield opened
