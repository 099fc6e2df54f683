"""Expands cells of HTML tables that span rows and columns."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TEXT = 200
"""Characters above which a cell is page layout rather than a table."""
_CELLS = 20_000
"""Limit on the cells of an expanded table."""
_SPANNING = ".//*[self::td or self::th][@rowspan or @colspan]"


def unspan(page: HtmlElement) -> None:
    """Give each row of the page's tables all its cells, aligned with the column names.

    A cell that spans rows or columns is repeated in each; one that spans the whole row is put in the first.
    Tables that contain tables are page layout and stay unchanged.
    """
    for table in page.iter("table"):
        if table.find(".//table") is not None or not table.xpath(_SPANNING):
            continue
        if all(len(cell.text_content()) <= _TEXT for cell in table.iter("td", "th")):
            _fill(table)


def _fill(table: Any) -> None:
    spanning: dict[int, tuple[int, Any]] = {}
    budget = _CELLS
    for row in table.iter("tr"):
        line: list[Any] = []
        new: dict[int, tuple[int, Any]] = {}
        held = list(row.iterchildren("td", "th"))
        for cell in [*held, None]:
            while len(line) in spanning:
                line.append(deepcopy(spanning[len(line)][1]))
            if cell is None:
                break
            columns, rows = _span(cell, "colspan"), _span(cell, "rowspan")
            cells = [cell, *(_continuation(cell, len(held)) for _ in range(columns - 1))]
            if rows > 1:
                new |= {len(line) + column: (rows, part) for column, part in enumerate(cells)}
            line.extend(cells)
        budget -= len(line)
        if budget < 0:
            return
        row[:] = line
        spanning = {at: (rows - 1, cell) for at, (rows, cell) in (spanning | new).items() if rows > 1}


def _continuation(cell: Any, held: int) -> Any:
    """Return the content of a further column that a cell spans, in a row that holds so many cells."""
    return deepcopy(cell) if cell.tag == "th" or held > 1 else cell.makeelement(cell.tag)


def _span(cell: Any, name: str) -> int:
    value = cell.attrib.pop(name, "1").strip()
    return min(max(int(value), 1), 1000) if value.isdecimal() and len(value) < 6 else 1
