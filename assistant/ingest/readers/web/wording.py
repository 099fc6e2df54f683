"""The words around the text of a page, from the data of each language that has them."""

from __future__ import annotations

import re
import tomllib
from functools import cache

from assistant.text.languages import CODES, FOLDER


@cache
def wording(name: str, form: str = "{}") -> re.Pattern[str]:
    """Return the expressions of this name as one; `form` is what stands around it."""
    every = [line for code in CODES for line in _pages(code).get(name, ())]
    return re.compile(form.replace("{}", f"(?:{'|'.join(every)})"), re.IGNORECASE)


@cache
def _pages(code: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8")).get("pages", {})
    return found
