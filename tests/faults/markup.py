"""XML and HTML that is deep, wide, endless or refers to what it must not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from faults import texts
from faults.damaged import Case
from faults.packages import MAIN, changed

_LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
_ENTITIES = {
    "laughs": f'<!DOCTYPE r [<!ENTITY l0 "boil ">{_LAUGHS}]>',
    "quadratic": f'<!DOCTYPE r [<!ENTITY l9 "{"boil " * 20_000}">]>',
    "external": '<!DOCTYPE r [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
    "parameter": '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY l9 "boil">]>',
    "remote": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/evil.dtd">',
}


def cases() -> Iterator[Case]:
    """Return all cases of this module."""
    for suffix in MAIN:
        for kind, said in _ENTITIES.items():
            yield Case(f"entities-{kind}.{suffix}", partial(changed, suffix, partial(_with_entities, said)))
        yield Case(f"deep.{suffix}", partial(changed, suffix, lambda xml: _deepened(xml, 300_000)))
        yield Case(f"wide.{suffix}", partial(changed, suffix, lambda xml: _widened(xml, 200_000)))
        yield Case(f"not-closed.{suffix}", partial(changed, suffix, lambda xml: xml[: len(xml) * 3 // 4]))
        yield Case(
            f"utf-16-of-lies.{suffix}", partial(changed, suffix, lambda xml: xml.replace(b"UTF-8", b"UTF-16"))
        )
    page = texts.html().decode()
    inside = {
        "deep": "<div>" * 400_000,
        "deep-and-mixed": "<b><i><table><tr><td><ul><li>" * 40_000,
        "broken-tables": "<table><tr><td>" + "<tr><td>1<td>2" * 50_000,
        "a-wide-table": "<table><tr>" + "<td>x</td>" * 100_000 + "</tr></table>",
        "spans-of-a-table": '<table><tr><td colspan="999999999" rowspan="999999999">x</td></tr></table>' * 50,
        "open-brackets": "<" * 20_000_000,
        "an-attribute": f'<p title="{"a" * 30_000_000}">x</p>',
        "many-attributes": "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x</p>",
        "entities": "&amp;&#x41;&unknown;&#99999999999;" * 100_000,
        "an-open-comment": "<!--" + "-" * 5_000_000,
        "an-open-script": "<script>" + "if(a<b){" * 200_000,
        "many-paragraphs": "<p>Boil it.</p>" * 200_000,
        "one-long-word": "<p>" + "boil" * 5_000_000 + "</p>",
        "many-links": '<a href="x">boil</a> ' * 200_000,
        "nothing-else": "",
        "a-picture": f'<img src="data:image/png;base64,{"A" * 10_000_000}">',
    }
    for kind, said in inside.items():
        yield Case(f"{kind}.html", partial(_replaced, page, said))
    yield Case(
        "entities-laughs.html", lambda: (_ENTITIES["laughs"] + page.replace("The", "&l9;", 1)).encode()
    )
    yield Case("said-to-be-utf-7.html", lambda: page.replace("utf-8", "utf-7").encode())
    yield Case("utf-32.html", lambda: page.encode("utf-32"))


def _with_entities(doctype: str, xml: bytes) -> bytes:
    """Declare entities in the XML and use them in place of its first sentence, many times if costly."""
    declared = xml.replace(b"?>", b"?>" + doctype.encode(), 1)
    uses = b"&l9;" * (2_000 if len(doctype) > 50_000 else 1)
    first = next(s.encode() for s in (*texts.SENTENCES, texts.HEADING, "lid") if s.encode() in xml)
    return declared.replace(first, uses, 1)


def _deepened(xml: bytes, depth: int) -> bytes:
    at = xml.rindex(b"</")
    return xml[:at] + b"<x>" * depth + b"boil" + b"</x>" * depth + xml[at:]


def _widened(xml: bytes, number: int) -> bytes:
    at = xml.rindex(b"</")
    return xml[:at] + b"<x>boil</x>" * number + xml[at:]


def _replaced(page: str, said: str) -> bytes:
    return page.replace("<article>", f"<article>{said}").encode()
