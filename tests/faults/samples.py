"""One sound file of each format that is read."""

from __future__ import annotations

from faults import messages, packages, texts

MAKERS = {
    "md": texts.markdown,
    "txt": texts.plain,
    "html": texts.html,
    "pdf": texts.book,
    "csv": texts.csv,
    "json": texts.tree,
    "jsonl": texts.lines,
    "rtf": texts.rtf,
    "eml": texts.eml,
    "msg": messages.msg,
    **packages.MAKERS,
}


def samples() -> dict[str, bytes]:
    """The bytes of a sound file by its name, one of each format."""
    return {f"kettle.{suffix}": make() for suffix, make in MAKERS.items()}
