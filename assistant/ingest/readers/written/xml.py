"""XML of any kind: records as a table, texts as paragraphs, values with their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from assistant.ingest.readers.content import Content, ContentBuilder, one_line
from assistant.ingest.readers.grid import check_size, write_table

_TITLES = frozenset("title head heading name caption h1 h2 h3".split())
_SENTENCE = 60
"""Characters from which on a value is a text."""
_DEPTH = 100


def read_xml_text(data: bytes) -> Content:
    """Parse XML. Its entities are not followed."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(data, parser)
    draft = ContentBuilder()
    _write(draft, root, 1)
    return draft.content("application/xml", draft.first_heading)


def _write(draft: ContentBuilder, element: Any, level: int) -> None:
    children = [child for child in element if isinstance(child.tag, str)]
    text = _text(element)
    has_own = any(one_line(part or "") for part in (element.text, *(child.tail for child in children)))
    if level > _DEPTH or (children and has_own):
        draft.paragraph(text)
    elif not children:
        _write_value(draft, element, text, level)
    elif (records := _records(children)) is not None:
        names, body = records
        write_table(draft, names, body)
    else:
        for name, value in _attributes(element):
            draft.item(f"{name}: {value}")
        for child in children:
            _write(draft, child, level + 1)


def _write_value(draft: ContentBuilder, element: Any, text: str, level: int) -> None:
    name = _name(element)
    if name.lower() in _TITLES and text:
        draft.heading(level - 1, text)
    elif len(text) > _SENTENCE or name.lower() in ("p", "para"):
        draft.paragraph(text)
    else:
        values = [*_attributes(element), *([(name, text)] if text else [])]
        draft.item("; ".join(f"{key}: {value}" for key, value in values))


def _records(children: list[Any]) -> tuple[list[str], list[list[str]]] | None:
    """Return names and rows if all the elements are alike and have values alone."""
    if len(children) < 2 or len({child.tag for child in children}) > 1:
        return None
    rows: list[dict[str, str]] = []
    for child in children:
        values = [(_name(field), _text(field)) for field in child if isinstance(field.tag, str)]
        if (
            any(len(field) for field in child)
            or max(Counter(name for name, _ in values).values(), default=1) > 1
        ):
            return None
        rows.append(dict([*_attributes(child), *values]))
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) < 2:
        return None
    check_size(len(names) * len(rows))
    return names, [[row.get(name, "") for name in names] for row in rows]


def _text(element: Any) -> str:
    """Return all the text in an element on one line, without entities."""
    return one_line("".join(_parts(element)))


def _parts(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            yield from _parts(child)
        yield child.tail or ""


def _attributes(element: Any) -> list[tuple[str, str]]:
    return [
        (key.rpartition("}")[2], one_line(value)) for key, value in element.attrib.items() if one_line(value)
    ]


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
