"""The folders that `assistant sync --watch` follows now, as the commands themselves tell."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from assistant.store.ledger import Ledger

NOTE = "following"
"""The note of the followed folders: a JSON object, folder -> the rest."""
MOST = 20
"""Folders that are noted; the one told longest ago goes."""


@dataclass(frozen=True, slots=True)
class Following:
    """A folder that a process follows, and when it last changed something here (ISO 8601, UTC)."""

    folder: str
    pid: int
    at: str


def followed(ledger: Ledger) -> list[Following]:
    """Return the folders whose commands still run, by name."""
    return [each for each in sorted(_noted(ledger), key=lambda each: each.folder) if _runs(each.pid)]


def note(ledger: Ledger, folder: str, pid: int) -> None:
    """Note that a process follows a folder, and brought the store into step with it now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    others = [each for each in _noted(ledger) if each.folder != folder and _runs(each.pid)]
    kept = sorted([*others, Following(folder, pid, now)], key=lambda each: each.at)[-MOST:]
    ledger.set_note(NOTE, json.dumps([asdict(each) for each in kept]))


def _noted(ledger: Ledger) -> list[Following]:
    try:
        return [_read(each) for each in json.loads(ledger.note(NOTE, "[]"))]
    except (ValueError, TypeError, KeyError):
        return []


def _read(row: Mapping[str, object]) -> Following:
    return Following(str(row["folder"]), int(str(row["pid"])), str(row["at"]))


def _runs(pid: int) -> bool:
    """True if a process of this machine runs; on Windows, where asking would end it, False."""
    if os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
