"""The page's own modules as one script, so that a browser asks once and not for each.

Our modules keep to a form that needs no parser of JavaScript: every import is one line of a relative name,
what is exported is a function or a constant at the beginning of a line, and no imports go round in a circle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_IMPORT = re.compile(
    r'^import (?:(?:\* as (?P<all>\w+)|\{(?P<some>[^}]*)\}) from )?"\./(?P<name>\w+)\.js";\n', re.M
)
_EXPORT = re.compile(r"^export (?=(?:async )?function\*? (\w+)|const (\w+) )", re.M)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.M)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n", re.M)


class LinkError(ValueError):
    """A module is not of the form that is linked."""


def link(folder: Path, entry: str) -> str:
    """Return the module `entry` with all that it imports, each in a scope of its own, without comments.

    Raises:
        LinkError: a module is of another form, or imports go round in a circle.
    """
    return "".join(f"const ${name} = (() => {{\n{body}}})();\n" for name, body in _modules(folder, entry))


def _modules(folder: Path, entry: str) -> Iterator[tuple[str, str]]:
    """Yield the modules, each after those that it imports."""
    done: set[str] = set()
    under_way: list[str] = []

    def visit(name: str) -> Iterator[tuple[str, str]]:
        if name in under_way:
            raise LinkError(f"{' imports '.join([*under_way, name])}: imports go round in a circle.")
        if name in done:
            return
        under_way.append(name)
        source = (folder / f"{name}.js").read_text("utf-8")
        for needed in _IMPORT.finditer(source):
            yield from visit(needed["name"])
        under_way.pop()
        done.add(name)
        yield name, _scoped(name, source)

    return visit(entry)


def _scoped(name: str, source: str) -> str:
    exported = [function or constant for function, constant in _EXPORT.findall(source)]
    body = _EXPORT.sub("", _IMPORT.sub(_bound, _COMMENT.sub("", source)))
    if left := _LEFT.search(body):
        raise LinkError(f"{name}.js has a line that cannot be linked: {left[0]}")
    return f"{body}return {{ {', '.join(exported)} }};\n"


def _bound(found: re.Match[str]) -> str:
    """Return the names of an import as constants."""
    if found["all"]:
        return f"const {found['all']} = ${found['name']};\n"
    if found["some"]:
        return f"const {{{found['some'].replace(' as ', ': ')}}} = ${found['name']};\n"
    return ""
