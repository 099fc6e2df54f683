"""Files of benchmark data, plain or gzipped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def find(folder: Path, pattern: str) -> list[Path]:
    """The files of `folder` that match `pattern`, with `.gz` after it or without, by name.

    Raises:
        SystemExit: there are none.
    """
    paths = sorted([*folder.glob(pattern), *folder.glob(f"{pattern}.gz")])
    if not paths:
        raise SystemExit(f"There is no file {pattern} in {folder}; name the folder with the data.")
    return paths


def read_text(path: Path) -> str:
    """The text of a file, unpacked where its name ends in `.gz`."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode("utf-8")
    return path.read_text("utf-8")


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    yield from map(json.loads, filter(str.strip, read_text(path).split("\n")))
