"""Text, data, rich text and e-mail that is endless, deep or malformed."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from functools import partial

from faults.damaged import Case
from faults.packages import changed, packed

MB = 1_000_000


def cases() -> Iterator[Case]:
    """Return all cases of this module."""
    markdown = {
        "quotes": ">" * 50_000 + " boil",
        "open-brackets": "[" * 100_000,
        "open-links": "[a](" * 50_000,
        "emphasis": "*a _b " * 100_000,
        "backticks": "".join("`" * n + " " for n in range(1, 2_000)),
        "nested-lists": "\n".join("  " * n + "- boil" for n in range(3_000)),
        "a-wide-table": "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n" + ("|b" * 20_000 + "\n") * 20,
        "a-long-table": "|a|b|\n|-|-|\n" + "|boil|water|\n" * 200_000,
        "one-line": "boil the water. " * 600_000,
        "one-word": "b" * 20_000_000,
        "headings": "# boil\n" * 200_000,
        "front-matter-bomb": "---\na: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9))
        + "---\nboil",
        "front-matter-object": "---\na: !!python/object/apply:os.system ['touch /tmp/out']\n---\nboil",
        "front-matter-deep": "---\na: " + "[" * 50_000 + "\n---\nboil",
        "html-in-it": "<div>" * 100_000,
        "links-defined": "".join(f"[{n}]: x\n" for n in range(100_000)),
    }
    for kind, said in markdown.items():
        yield Case(f"{kind}.md", said.encode)
    plain = {
        "zeros": bytes(50 * MB),
        "newlines": b"\n" * 30 * MB,
        "spaces": b" " * 30 * MB + b"boil",
        "noise": random.Random(1).randbytes(2 * MB),
        "utf-16-cut": "boil the water. ".encode("utf-16") * 1_000 + b"\x00",
        "surrogates": "boil \ud800\udfff \udcff the water. ".encode("utf-8", "surrogatepass") * 1_000,
        "marks": ("b" + "\u0301" * 10_000 + " ").encode() * 100,
        "right-to-left": ("\u202e" * 100 + "boil ").encode() * 10_000,
        "control-characters": bytes(range(32)) * 1_000 + b"boil",
        "over-the-limit": b"boil the water. " * (13 * MB),
    }
    for kind, data in plain.items():
        yield Case(f"{kind}.txt", partial(bytes, data))
    yield from _data()
    yield from _messages()
    for kind, start in {
        "png": b"\x89PNG\r\n\x1a\n",
        "exe": b"MZ",
        "gz": b"\x1f\x8b\x08",
        "7z": b"7z\xbc\xaf\x27\x1c",
    }.items():
        yield Case(f"is-{kind}.md", partial(bytes, start + bytes(2_000)))


def _data() -> Iterator[Case]:
    """CSV and JSON."""
    trees = {
        "deep.json": "[" * 500_000 + "]" * 500_000,
        "deep-objects.json": '{"a":' * 200_000 + "1" + "}" * 200_000,
        "a-number.json": '{"boil": ' + "9" * 1_000_000 + "}",
        "no-numbers.json": '{"boil": [NaN, Infinity, -Infinity, 1e999999]}',
        "half-characters.json": '{"boil": "\\ud800", "\\udfff": "water"}',
        "the-same-key.json": "{" + '"boil": "water", ' * 100_000 + '"end": 1}',
        "many-keys.json": json.dumps({f"key{n}": "boil" for n in range(200_000)}),
        "a-string.json": '"' + "boil " * 2_000_000 + '"',
        "large.json": json.dumps(
            [{"name": f"kettle {n}", "price": n, "text": "boil it"} for n in range(300_000)]
        ),
        "trailing.json": '{"boil": 1} and more',
        "empty.json": "{}",
        "broken-lines.jsonl": '{"boil": 1}\n{"boil": \nnot json\n' * 5_000,
        "one-line.jsonl": '{"boil": "' + "water " * 1_000_000 + '"}',
        "deep-lines.jsonl": ("[" * 5_000 + "]" * 5_000 + "\n") * 100,
        "wide.csv": ",".join(f"c{n}" for n in range(50_000)) + "\n" + ",".join(["boil"] * 50_000),
        "long.csv": "name,price\n" + "kettle,12\n" * 400_000,
        "open-quote.csv": 'name,price\n"kettle,12\n' + "boil,1\n" * 100_000,
        "a-field.csv": "name,text\nkettle," + "boil" * 5_000_000,
        "quotes.csv": '"' * 3_000_001,
        "ragged.csv": "\n".join("," * (n % 300) + "boil" for n in range(20_000)),
        "zeros.csv": "name,price\n" + "\0,\0\n" * 1_000,
        "formulas.csv": "name,link\n=cmd|' /C calc'!A0,@SUM(1+1)\n" * 10,
    }
    for name, said in trees.items():
        yield Case(name, said.encode)
    yield Case(
        "far-cell.xlsx", partial(changed, "xlsx", lambda xml: xml.replace(b'r="A3"', b'r="XFD1048576"'))
    )
    yield Case("million-rows.xlsx", partial(changed, "xlsx", partial(_rows, 300_000)))
    yield Case(
        "strings-not-there.xlsx", partial(changed, "xlsx", lambda xml: xml.replace(b'"inlineStr"', b'"s"'))
    )


def _rows(number: int, xml: bytes) -> bytes:
    row = b'<row><c t="inlineStr"><is><t>boil</t></is></c><c><v>12</v></c></row>'
    return xml.replace(b"</sheetData>", row * number + b"</sheetData>")


def _messages() -> Iterator[Case]:
    """Rich text and e-mail."""
    start = rb"{\rtf1\ansi "
    rich = {
        "deep": start + b"{" * 300_000 + b"boil" + b"}" * 300_000,
        "not-closed": start + b"{\\b boil " * 50_000,
        "binary": start + rb"\bin2000000000 boil}",
        "pictures": start + rb"{\pict\pngblip " + b"89504e47" * 1_000_000 + b"} boil}",
        "characters": start + rb"\uc9\u-9999999999 ? \'zz \'e9 \u8364? boil}" * 10_000,
        "words": start + b"".join(rb"\control%d " % n for n in range(200_000)) + b"boil}",
    }
    for kind, data in rich.items():
        yield Case(f"{kind}.rtf", partial(bytes, data))
    head = b"From: a@example.org\r\nSubject: boil\r\nMIME-Version: 1.0\r\n"
    within = b"Content-Type: message/rfc822\r\n\r\n"
    attached = b'Content-Type: application/zip; name="a.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    mails: dict[str, Callable[[], bytes]] = {
        "deep": partial(_parts_in_parts, head, 1_000),
        "messages-in-messages": lambda: head + (within + head) * 1_000 + b"\r\nboil",
        "no-boundary": lambda: head + b"Content-Type: multipart/mixed\r\n\r\nboil",
        "wrong-base64": lambda: head + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"!boil$" * 100_000,
        "unknown-charset": lambda: head + b"Content-Type: text/plain; charset=x-nonsense\r\n\r\nboil \xff",
        "a-long-head": lambda: head + b"X-Boil: " + b"water " * 3_000_000 + b"\r\n\r\nboil",
        "many-heads": lambda: head + b"X-Boil: water\r\n" * 200_000 + b"\r\nboil",
        "encoded-heads": lambda: head + b"To: " + b"=?utf-8?q?=ff=fe?= " * 50_000 + b"\r\n\r\nboil",
        "an-attached-bomb": lambda: head + attached + base64.encodebytes(packed({"a.txt": bytes(900 * MB)})),
        "many-parts": lambda: (
            head
            + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
            + b"--b\r\nContent-Type: text/plain\r\n\r\nboil\r\n" * 50_000
            + b"--b--\r\n"
        ),
    }
    for kind, make in mails.items():
        yield Case(f"{kind}.eml", make)


def _parts_in_parts(head: bytes, depth: int) -> bytes:
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth)
    )
    return head + opened + b"Content-Type: text/plain\r\n\r\nboil"
