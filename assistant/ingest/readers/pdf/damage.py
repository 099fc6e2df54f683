"""Pages whose instructions are damaged, which PDFium passes over in silence.

Only files that are not encrypted are looked at, and of their pages only those whose instructions are found. A
page is damaged if its instructions do not decompress, or if it has little text and words that are none of the
operators of the format (ISO 32000-1, annex A).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator

_OBJECT = re.compile(rb"obj\b")
_NUMBER = re.compile(rb"(?<!\d)(\d{1,9})\s+\d{1,5}\s+$")
_REFERENCE = re.compile(rb"(\d{1,9})\s+\d{1,5}\s+R\b")
_ROOT = re.compile(rb"/Root\s+(\d{1,9})\s+\d{1,5}\s+R\b")
_STREAM = re.compile(rb"stream\r?\n")
_TOKEN = re.compile(
    rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)|<[0-9A-Fa-f\s]*>|/[^\s/<>\[\]()]*|%[^\r\n]*|([A-Za-z'\"][\w*]*)",
    re.DOTALL,
)
_OPERATORS = frozenset(
    b"b B b* B* BDC BMC BT BX c cm CS cs d d0 d1 Do DP EMC ET EX f F f* G g gs h i j J K k l m M MP n q Q "
    b"re RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \" true "
    b"false null".split()
)
_PAGES = 20_000
_LIMIT = 5_000_000
"""Bytes of the instructions of one page that are looked at."""


def damaged_pages(data: bytes, sparse: Collection[int]) -> set[int]:
    """Return the numbers of the damaged pages, from 0; those with little text are in `sparse`."""
    if b"/Encrypt" in data:
        return set()
    file = _File(data)
    found: set[int] = set()
    for number, contents in enumerate(file.page_contents()):
        parts = [file.instructions(reference) for reference in contents]
        if any(part is None for part in parts) or (
            number in sparse and _is_foreign(b"\n".join(part or b"" for part in parts))
        ):
            found.add(number)
    return found


def _is_foreign(instructions: bytes) -> bool:
    """True if there are words that are no operators."""
    if b"BI" in instructions or not instructions.isascii():
        return False
    return any(word and word not in _OPERATORS for word in _TOKEN.findall(instructions))


def _objects(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the number of each object, and where what it says begins."""
    for match in _OBJECT.finditer(data):
        # To look for the word and back from it is ten times faster than to look at every number.
        start = match.start()
        if data[start - 3 : start] != b"end" and (name := _NUMBER.search(data, max(0, start - 30), start)):
            yield int(name[1]), match.end()


class _File:
    """The objects of a file by their numbers, as far as they are found by their looks."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._places = dict(_objects(data))
        self._packed: dict[int, bytes] = {}
        if b"/ObjStm" in data:
            for number in list(self._places):
                if b"/ObjStm" in self._head(number):
                    self._unpack(number)

    def _head(self, number: int) -> bytes:
        """Return the dictionary of an object, with what follows it."""
        if number in self._packed:
            return self._packed[number]
        start = self._places.get(number, len(self._data))
        end = self._data.find(b"endobj", start, start + 20_000)
        return self._data[start : end if end >= 0 else start + 20_000]

    def _unpack(self, number: int) -> None:
        text = self.instructions(number) or b""
        first = re.search(rb"/First\s+(\d+)", self._head(number))
        if first is None:
            return
        pairs = [int(word) for word in text[: int(first[1])].split() if word.isdigit()]
        starts = [*pairs[1::2], len(text)]
        for name, start, end in zip(pairs[::2], starts, starts[1:], strict=False):
            self._packed[name] = text[int(first[1]) + start : int(first[1]) + end]

    def page_contents(self) -> Iterator[list[int]]:
        """Yield the numbers of the objects with the instructions of each page, in the order of the pages."""
        roots = _ROOT.findall(self._data)
        pages = re.search(rb"/Pages\s+(\d+)", self._head(int(roots[-1]))) if roots else None
        waiting = [int(pages[1])] if pages else []
        seen: set[int] = set()
        while waiting and len(seen) < _PAGES:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            head = self._head(number)
            kids = re.search(rb"/Kids\s*\[(.*?)\]", head, re.DOTALL)
            if kids:
                waiting += [int(kid) for kid in reversed(_REFERENCE.findall(kids[1]))]
            else:
                contents = re.search(rb"/Contents\s*(\d+\s+\d+\s+R|\[.*?\])", head, re.DOTALL)
                yield [int(one) for one in _REFERENCE.findall(contents[1])] if contents else []

    def instructions(self, number: int) -> bytes | None:
        """Return what the stream of an object says; empty if its packing is unknown, None if it is broken."""
        start = self._places.get(number)
        match = _STREAM.search(self._data, start, start + 5000) if start is not None else None
        if start is None or match is None:
            return b""
        head = self._data[start : match.start()]
        end = self._data.find(b"endstream", match.end())
        raw = self._data[match.end() : end if end >= 0 else None]
        if b"/Filter" not in head:
            return raw[:_LIMIT]
        if not re.search(rb"/Filter\s*\[?\s*/FlateDecode\s*[\]/>]", head) or b"/DecodeParms" in head:
            return b""
        try:
            return zlib.decompressobj().decompress(raw, _LIMIT)
        except zlib.error as fault:
            return b"" if "data check" in str(fault) else None
