"""Equations of Office files as linear text: (a+b)/2, x^2, √(y)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"


def linear(element: Any) -> str:
    """Return an equation on one line (ECMA-376, part 1, 22.1)."""
    name = str(element.tag).removeprefix(MATH)
    if name == "t":
        return element.text or ""
    if name.endswith("Pr"):
        return ""
    if shape := _SHAPES.get(name):
        return shape(element)
    return "".join(map(linear, element.iterchildren()))


def _part(element: Any, name: str, *, grouped: bool = False) -> str:
    child = element.find(f"{MATH}{name}")
    text = "" if child is None else linear(child)
    return f"({text})" if grouped and len(text) > 1 and not text.isalnum() else text


def _character(element: Any, path: str, default: str) -> str:
    child = element.find("/".join(f"{MATH}{name}" for name in path.split("/")))
    return default if child is None else child.get(f"{MATH}val", default)


def _fraction(element: Any) -> str:
    return f"{_part(element, 'num', grouped=True)}/{_part(element, 'den', grouped=True)}"


def _scripts(element: Any) -> str:
    below, above = (_part(element, name, grouped=True) for name in ("sub", "sup"))
    return _part(element, "e", grouped=True) + (f"_{below}" if below else "") + (f"^{above}" if above else "")


def _root(element: Any) -> str:
    return f"{_part(element, 'deg')}√({_part(element, 'e')})"


def _brackets(element: Any) -> str:
    inner = ", ".join(linear(child) for child in element.iterchildren(f"{MATH}e"))
    return f"{_character(element, 'dPr/begChr', '(')}{inner}{_character(element, 'dPr/endChr', ')')}"


def _sum(element: Any) -> str:
    below, above = (_part(element, name, grouped=True) for name in ("sub", "sup"))
    limits = (f"_{below}" if below else "") + (f"^{above}" if above else "")
    return f"{_character(element, 'naryPr/chr', '∫')}{limits} {_part(element, 'e')}"


_SHAPES: dict[str, Callable[[Any], str]] = {
    **{"f": _fraction, "rad": _root, "d": _brackets, "nary": _sum},
    **dict.fromkeys(("sSup", "sSub", "sSubSup"), _scripts),
}
