"""Values of form fields (AcroForm), notes and links of a page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from assistant.ingest.readers.content import one_line
from assistant.ingest.readers.pdf.columns import runs
from assistant.ingest.readers.pdf.engine import Turn, pdfium
from assistant.ingest.readers.pdf.shapes import Run, Word

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_ANNOTATIONS = 2000
"""Limit on the fields and notes of a page."""
_LINKS = 15
"""Links of a page from which on it is a list of references, whose addresses nobody asks for."""
_TEXT = 20_000
"""Limit on the characters of a value."""
_LONG = 100
"""Characters of a value that needs no name which only a program knows."""
_Box = tuple[float, float, float, float]


def page_extra(document: PdfDocument, page: PdfPage, turn: Turn, words: Sequence[Word]) -> list[str]:
    """Return a line for each filled field, note and web link of a page: `- Name: Ada`."""
    raw = pdfium()
    lines: list[Run] = []
    fields: list[str] = []
    notes: list[str] = []
    for number in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _ANNOTATIONS)):
        with _annotation(page, number) as annotation:
            if not annotation:
                continue
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_WIDGET:
                field = _Field(annotation, document.formenv.raw if document.formenv else None)
                if value := field.value():
                    lines = lines or runs(words)
                    label = _label(_box(annotation, turn), lines, is_button=field.is_button) or field.name()
                    is_told = label and (" " in label or len(value) < _LONG)
                    fields.append(f"- {label.rstrip(' :')}: {value}" if is_told else f"- {value}")
            elif kind not in (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP):
                text, author = _string(annotation, "Contents"), _string(annotation, "T")
                # What a program writes of itself ("AutoCAD SHX Text") is no note of a reader.
                if text and not author.startswith("AutoCAD"):
                    notes.append(f"- {author}: {text}" if author else f"- {text}")
    return [*fields, *notes, *_links(document, page, turn, words)]


@contextmanager
def _annotation(page: PdfPage, number: int) -> Iterator[Any]:
    raw = pdfium()
    annotation = raw.FPDFPage_GetAnnot(page.raw, number)
    try:
        yield annotation
    finally:
        if annotation:
            raw.FPDFPage_CloseAnnot(annotation)


def _box(annotation: Any, turn: Turn) -> _Box:
    rectangle = pdfium().FS_RECTF()
    pdfium().FPDFAnnot_GetRect(annotation, rectangle)
    return turn.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)


def _wide(call: Any, *arguments: Any) -> str:
    """Return the text that a function of PDFium writes to a buffer, as UTF-16."""
    size = min(call(*arguments, None, 0), 2 * _TEXT)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    call(*arguments, buffer, size)
    return one_line(bytes(buffer)[: size - 2].decode("utf-16-le", "ignore"))


def _string(annotation: Any, key: str) -> str:
    return _wide(pdfium().FPDFAnnot_GetStringValue, annotation, key.encode() + b"\0")


class _Field:
    """A field of a form; `form` is what PDFium knows of all of them, if the file says that it is a form."""

    def __init__(self, annotation: Any, form: Any) -> None:
        self._annotation, self._form = annotation, form
        raw = pdfium()
        self._kind = raw.FPDFAnnot_GetFormFieldType(form, annotation) if form else -1
        if self._kind < 1:
            self._kind = {
                "Btn": raw.FPDF_FORMFIELD_CHECKBOX,
                "Tx": raw.FPDF_FORMFIELD_TEXTFIELD,
                "Ch": raw.FPDF_FORMFIELD_COMBOBOX,
            }.get(_string(annotation, "FT"), -1)
            self._form = None

    @property
    def is_button(self) -> bool:
        """True for boxes to tick, and choices of which one can be made."""
        return self._kind in (pdfium().FPDF_FORMFIELD_CHECKBOX, pdfium().FPDF_FORMFIELD_RADIOBUTTON)

    def value(self) -> str:
        """Return what was filled in; empty for nothing, for an empty box and for a button to press."""
        raw = pdfium()
        if self.is_button:
            return self._state()
        if self._kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
            return self._chosen() or self._text()
        return self._text() if self._kind == raw.FPDF_FORMFIELD_TEXTFIELD else ""

    def _state(self) -> str:
        """Return yes for a ticked box, the name of what was chosen for a choice, else nothing."""
        state = _string(self._annotation, "AS") or _string(self._annotation, "V") or "Off"
        is_on = pdfium().FPDFAnnot_IsChecked(self._form, self._annotation) if self._form else state != "Off"
        is_choice = self._kind == pdfium().FPDF_FORMFIELD_RADIOBUTTON
        return (state if is_choice else "yes") if is_on else ""

    def _text(self) -> str:
        if self._form:
            return _wide(pdfium().FPDFAnnot_GetFormFieldValue, self._form, self._annotation)
        return _string(self._annotation, "V")

    def _chosen(self) -> str:
        """Return the labels of the options that are chosen."""
        raw = pdfium()
        if not self._form:
            return ""
        pair = self._form, self._annotation
        count = min(max(0, raw.FPDFAnnot_GetOptionCount(*pair)), _ANNOTATIONS)
        chosen = (at for at in range(count) if raw.FPDFAnnot_IsOptionSelected(*pair, at))
        return ", ".join(_wide(raw.FPDFAnnot_GetOptionLabel, *pair, at) for at in chosen)

    def name(self) -> str:
        """Return how the form calls the field."""
        raw = pdfium()
        if self._form:
            pair = self._form, self._annotation
            shown = _wide(raw.FPDFAnnot_GetFormFieldAlternateName, *pair)
            return shown or _wide(raw.FPDFAnnot_GetFormFieldName, *pair)
        return _string(self._annotation, "TU") or _string(self._annotation, "T")


def _label(box: _Box, lines: Sequence[Run], *, is_button: bool) -> str:
    """Return the text before a field on its line, or after a box to tick; else the text close above it."""
    left, top, right, bottom = box
    middle, reach = (top + bottom) / 2, max((bottom - top) / 2, 4) + 4
    beside = [run for run in lines if abs((run.top + run.bottom) / 2 - middle) <= reach]
    before = max((run for run in beside if run.left < left + 1), key=lambda run: run.right, default=None)
    after = min((run for run in beside if run.left >= right - 2), key=lambda run: run.left, default=None)
    near = left - before.right if before else 99.0
    if is_button and after and after.left - right < min(2 * after.height, near):
        return after.text
    if before:
        return before.text
    above = [
        run
        for run in lines
        if run.left < right and run.right > left and -2 < top - run.bottom < 1.5 * run.height
    ]
    return max(above, key=lambda run: run.bottom).text if above else ""


def _links(document: PdfDocument, page: PdfPage, turn: Turn, words: Sequence[Word]) -> list[str]:
    """Return a line for each link to the web whose text is not its address: `- the form: https://…`."""
    found: dict[str, None] = {}
    for address, (left, top, right, bottom) in _targets(document, page, turn):
        inside = (
            word.text
            for word in words
            if left <= (word.left + word.right) / 2 <= right and top <= (word.top + word.bottom) / 2 <= bottom
        )
        text = " ".join(inside)
        is_shown = address.partition("://")[2].strip("/") in text.replace(" ", "")
        if any(map(str.isalnum, text)) and not is_shown:
            found[f"- {text}: {address}"] = None
    return list(found) if len(found) <= _LINKS else []


def _targets(document: PdfDocument, page: PdfPage, turn: Turn) -> Iterator[tuple[str, _Box]]:
    """Yield the web address and the box of each link of a page."""
    raw = pdfium()
    position, link, rectangle = ctypes.c_int(0), raw.FPDF_LINK(), raw.FS_RECTF()
    for _ in range(_ANNOTATIONS):
        if not raw.FPDFLink_Enumerate(page.raw, position, link):
            return
        action = raw.FPDFLink_GetAction(link)
        if not action or not raw.FPDFLink_GetAnnotRect(link, rectangle):
            continue
        size = min(raw.FPDFAction_GetURIPath(document.raw, action, None, 0), 2000)
        buffer = ctypes.create_string_buffer(size + 1)
        raw.FPDFAction_GetURIPath(document.raw, action, buffer, size)
        address = one_line(buffer.value.decode("utf-8", "ignore"))
        if address.startswith(("http://", "https://")):
            yield address, turn.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
