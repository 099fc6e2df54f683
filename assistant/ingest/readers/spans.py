"""Cells of HTML tables that reach over rows and columns, put into each place that they take."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TEXT = 200
"""Characters beyond which a cell belongs to the layout of a page rather than to a table."""
_CELLS = 20_000
"""Cells that a table may get by this."""
_REACHING = ".//*[self::td or self::th][@rowspan or @colspan]"


def unspan(page: HtmlElement) -> None:
    """Give each row of the page's tables all of its cells, so that they stand under their column names.

    What reaches over rows stands in each of them; what reaches over columns in the first, or, as a column
    name, in each. Tables with others inside are means of layout and stay as they are.
    """
    for table in page.iter("table"):
        if table.find(".//table") is not None or not table.xpath(_REACHING):
            continue
        if all(len(cell.text_content()) <= _TEXT for cell in table.iter("td", "th")):
            _fill(table)


def _fill(table: Any) -> None:
    reaching: dict[int, tuple[int, Any]] = {}
    left = _CELLS
    for row in table.iter("tr"):
        line: list[Any] = []
        begun: dict[int, tuple[int, Any]] = {}
        for cell in [*row.iterchildren("td", "th"), None]:
            while len(line) in reaching:
                line.append(deepcopy(reaching[len(line)][1]))
            if cell is None:
                break
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            taken = [cell, *(_beside(cell) for _ in range(wide - 1))]
            if high > 1:
                begun |= {len(line) + at: (high, each) for at, each in enumerate(taken)}
            line.extend(taken)
        left -= len(line)
        if left < 0:
            return
        row[:] = line
        reaching = {at: (rows - 1, each) for at, (rows, each) in (reaching | begun).items() if rows > 1}


def _beside(cell: Any) -> Any:
    """What stands in the further columns that a cell takes."""
    return deepcopy(cell) if cell.tag == "th" else cell.makeelement(cell.tag)


def _span(cell: Any, name: str) -> int:
    said = cell.attrib.pop(name, "1").strip()
    return min(max(int(said), 1), 1000) if said.isdecimal() and len(said) < 6 else 1
