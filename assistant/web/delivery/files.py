"""Our own files of the page, under names that change with them, so that a browser may keep them for ever."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.report import plots
from assistant.web.delivery import gradio_styles, linking

STATIC = Path(__file__).parents[1] / "static"
STYLES = ("page", "chat", "source", "sidebar", "documents", "plots", "accuracy")
"""Our own style sheets of the page, in the order of their rules."""
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""Said here, as what the machine says of endings differs."""
PLACES = {path.name: path for path in STATIC.glob("*.*") if path.suffix in MEDIA_TYPES} | {
    "plots.css": plots.STYLE
}
"""Our files by name."""
KEPT = "/page/v/"
"""The prefix of addresses whose content never changes: /page/v/<hash>/<name>."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of the page as they are sent: the style sheets as one, the modules as one."""

    files: Mapping[str, bytes]

    version: str
    """Hash of all files."""

    def address(self, name: str) -> str:
        """Return the address of a file in this version."""
        return f"{KEPT}{self.version}/{name}"


_made: dict[str, Bundle] = {}


def bundle_of(version: str) -> Bundle | None:
    """Return the files of a version that a page was sent with, None if it is not of this server."""
    return _made.get(version)


@functools.cache
def bundle(sheets: tuple[str, ...] = ()) -> Bundle:
    """Return our files, with some sheets of Gradio before our own."""
    styles = [gradio_styles.text(name) for name in sheets]
    styles += [_stripped(PLACES[f"{name}.css"].read_text("utf-8")) for name in STYLES]
    files = {
        "page.css": "\n".join(styles).encode(),
        "page.js": linking.link(STATIC, "page").encode(),
        "icon.svg": PLACES["icon.svg"].read_bytes(),
    }
    made = Bundle(files, _hash(files))
    return _made.setdefault(made.version, made)


def _stripped(sheet: str) -> str:
    """Return a style sheet of ours without comments and indentation, which a browser does not need."""
    return re.sub(r"\n\s+", "\n", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))


def _hash(files: Mapping[str, bytes]) -> str:
    contents = hashlib.sha256()
    for name, data in sorted(files.items()):
        contents.update(name.encode() + data)
    return contents.hexdigest()[:16]
