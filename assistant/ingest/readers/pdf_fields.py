"""Fields of PDF forms (AcroForm) with what was filled in, each after the text beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.content import one_line

if TYPE_CHECKING:
    from pypdf import PageObject

_RADIO, _PUSH = 1 << 15, 1 << 16
"""Bits of the flags of a button (ISO 32000-1, 12.7.4.2)."""
_FIELDS = 2000
"""Limit on the fields of a page."""
_ANCESTORS = 20

_Word = tuple[float, float, str]


def filled_fields(page: PageObject) -> list[str]:
    """Return a line for each filled field of a page, in its order: `- Name: Ada`."""
    widgets = [field for field in _widgets(page) if _value(field)]
    if not widgets:
        return []
    words = _words(page)
    return [f"- {_label(field, words).rstrip(' :')}: {_value(field)}" for field in widgets]


def _widgets(page: PageObject) -> Iterator[Any]:
    annotations = page.get("/Annots")
    for reference in (annotations.get_object() or [])[:_FIELDS] if annotations is not None else ():
        annotation = reference.get_object()
        if annotation.get("/Subtype") == "/Widget":
            yield annotation


def _inherited(field: Any, name: str) -> Any:
    """Return a value of a field or of the nearest field above that has it."""
    for _ in range(_ANCESTORS):
        if field is None:
            return None
        if name in field:
            return field[name].get_object()
        field = field["/Parent"].get_object() if "/Parent" in field else None
    return None


def _value(field: Any) -> str:
    """Return what was filled in; empty for nothing, for an empty box and for a button to press."""
    kind, flags = _inherited(field, "/FT"), int(_inherited(field, "/Ff") or 0)
    if kind == "/Btn":
        state = str(field.get("/AS") or _inherited(field, "/V") or "/Off")
        if state == "/Off" or flags & _PUSH:
            return ""
        return one_line(state.removeprefix("/")) if flags & _RADIO else "yes"
    value = _inherited(field, "/V") if kind in ("/Tx", "/Ch") else None
    if isinstance(value, list):
        return one_line(", ".join(map(str, value)))
    return one_line(value) if isinstance(value, str) else ""


def _words(page: PageObject) -> list[_Word]:
    """Return the texts of a page with where they begin."""
    found: list[_Word] = []

    def visit(text: str, outer: list[float], inner: list[float], _font: Any, _size: Any) -> None:
        if words := one_line(text):
            x, y = inner[4], inner[5]
            place = x * outer[0] + y * outer[2] + outer[4], x * outer[1] + y * outer[3] + outer[5]
            found.append((*place, words))

    page.extract_text(visitor_text=visit)
    return found


def _label(field: Any, words: list[_Word]) -> str:
    """Return the text before a field on its line, or else the name that the form gives it."""
    box = [float(edge) for edge in field.get("/Rect", (0, 0, 0, 0))]
    left, low, high = min(box[0], box[2]), min(box[1], box[3]), max(box[1], box[3])
    middle, reach = (low + high) / 2, max((high - low) / 2, 4) + 4
    beside = [word for word in words if abs(word[1] - middle) <= reach and word[0] < left + 1]
    if beside:
        return max(beside)[2]
    return one_line(str(_inherited(field, "/TU") or _inherited(field, "/T") or "Field"))
