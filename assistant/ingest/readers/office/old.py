"""Office formats before 2007 (.doc, .xls, .ppt): how they are known, and what they are converted to."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

_ON_A_MAC = "/Applications/LibreOffice.app/Contents/MacOS/soffice"


@dataclass(frozen=True, slots=True)
class OldFormat:
    """A format that LibreOffice converts to one that is read."""

    label: str
    suffix: str
    target: str
    filter: str
    """The name of the target format in LibreOffice."""


WORD = OldFormat("old Word file", ".doc", ".docx", "MS Word 2007 XML")
EXCEL = OldFormat("old Excel file", ".xls", ".xlsx", "Calc MS Excel 2007 XML")
POWERPOINT = OldFormat("old PowerPoint file", ".ppt", ".pptx", "Impress MS PowerPoint 2007 XML")
_STREAMS = {"WordDocument": WORD, "Workbook": EXCEL, "Book": EXCEL, "PowerPoint Document": POWERPOINT}
_SUFFIXES = {".doc": WORD, ".dot": WORD, ".xls": EXCEL, ".xlt": EXCEL}
_SUFFIXES |= dict.fromkeys((".ppt", ".pps", ".pot"), POWERPOINT)


def old_format(data: bytes, suffix: str) -> OldFormat | None:
    """Return the format of an old Office file, by the names of its streams; None for all else.

    Where it has another in it, such as a sheet in a text, the suffix decides.
    """
    found = [old for name, old in _STREAMS.items() if _is_entry(name, data)]
    return next((old for old in found if old is _SUFFIXES.get(suffix)), found[0] if found else None)


def _is_entry(name: str, data: bytes) -> bool:
    return f"{name}\0".encode("utf-16-le") in data


def advice(old: OldFormat) -> str:
    """Return what such a file is and what to do, where there is no LibreOffice: the end of a sentence."""
    return (
        f"is an {old.label} ({old.suffix}); "
        f"save it as {old.target} and add that, or install LibreOffice and add it again."
    )


def program() -> str | None:
    """Return the path of LibreOffice, if it is installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return found or (_ON_A_MAC if Path(_ON_A_MAC).exists() else None)


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of files that can be converted here."""
    return tuple(_SUFFIXES) if program() else ()
