"""The style sheets of Gradio that the page needs, so that they can be sent together with our own.

Gradio's script loads one for each part of a page. It leaves out those for which the page has a `<link>`, even
if that is disabled and so is not loaded. Which they are, its scripts say in the form that Vite gives them;
where they come to say it otherwise, nothing is found here, and Gradio loads its sheets one by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import gradio

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
_ENTRY = re.compile(r"assets/(index-[\w-]+\.js)")
_NAMES = re.compile(r"m\.f\|\|\(m\.f=\[(.*?)\]\)")
_NEEDS = r"import\(`\./{script}[\w-]+\.js`\)[^,]*,__vite__mapDeps\(\[([\d,]*)\]\)"
_COMPONENT = r"[{{,]{kind}:\{{[^}}]*?\bcomponent:[^}}]*?" + _NEEDS.format(script="")


def names(markup: str, kinds: Collection[str]) -> list[str]:
    """Return the file names of the sheets for components of some kinds, by the page that Gradio sends."""
    entry = _ENTRY.search(markup)
    return list(dict.fromkeys(_needed(entry[1], kinds))) if entry else []


def text(name: str) -> str:
    """Return a sheet."""
    return (ASSETS / name).read_text("utf-8")


def _needed(entry: str, kinds: Collection[str]) -> Iterator[str]:
    """Yield what the entry needs for its application, this for blocks, and these for components."""
    for application in _loaded(entry, _NEEDS.format(script="Index-")):
        yield from _sheets([application])
        if application.startswith("Index-") and application.endswith(".js"):
            yield from _sheets(_loaded(application, _NEEDS.format(script="Blocks-")))
        if application.startswith("core-") and application.endswith(".js"):
            for kind in kinds:
                yield from _sheets(_loaded(application, _COMPONENT.format(kind=re.escape(kind))))


def _sheets(files: Collection[str]) -> Iterator[str]:
    return (name for name in files if name.endswith(".css") and (ASSETS / name).is_file())


def _loaded(script: str, pattern: str) -> list[str]:
    """Return the files that a script loads before another whose import has a pattern."""
    path = ASSETS / script
    code = path.read_text("utf-8") if path.is_file() else ""
    listed, needs = _NAMES.search(code), re.search(pattern, code)
    if listed is None or needs is None:
        return []
    files = re.findall(r'"\./([^"]+)"', listed[1])
    return [files[int(place)] for place in needs[1].split(",") if place]
