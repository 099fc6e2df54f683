"""Makes assistant/text/languages/territories.json: what countries are called, from Unicode's CLDR.

    python -m eval.make_territories

The names come with Babel (BSD-3-Clause), which the environment holds anyway; CLDR's licence is Unicode-3.0.
They are folded, so that they compare with folded words.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from babel import Locale

from assistant.text.words import folded

LANGUAGES = "en es pt fr de fa ar ru zh hi".split()
TO = Path(__file__).parents[1] / "assistant/text/languages/territories.json"
NAME = re.compile(r"[\w\u0900-\u0963'’-]+")
"""A word; the vowel signs of Hindi are no letters to `\\w`."""
NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"}


def main() -> None:
    """Writes the file: the folded names of each territory, by its code."""
    names: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if re.fullmatch("[A-Z]{2}", code) and code not in NO_COUNTRIES:
                names.setdefault(code, set()).update(_forms(name))
    lines = (
        f"{json.dumps(code)}: {json.dumps(sorted(names[code]), ensure_ascii=False)}" for code in sorted(names)
    )
    TO.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _forms(name: str) -> set[str]:
    """A name, and each of the two of "Myanmar (Burma)"; nothing in the way of "Congo - Kinshasa"."""
    parts = re.split(r"\s*[()（）]\s*", name)
    forms = {" ".join(NAME.findall(folded(part))) for part in parts}
    return {form for form in forms if len(form) > (3 if form.isascii() else 1) and " - " not in form}


if __name__ == "__main__":
    main()
