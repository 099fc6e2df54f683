"""Sound files of the formats that are text or PDF, and what broken ones are made of."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Sequence
from email.message import EmailMessage

HEADING = "Kettles of the harbour"
SENTENCES = [
    "The kettle of the harbour master boils one litre of water in ninety-five seconds.",
    "It was made in 1954 by the Northern Enamel Works, which closed eleven years later.",
    "Lime is taken off with citric acid, thirty grams of it to a litre of warm water.",
    "Nobody but the harbour master may lend it, and only against a receipt.",
    "A second kettle, which whistles, stands in the office of the customs on the quay.",
]
ROWS = [["part", "material", "price"], ["lid", "copper", "12.50"], ["handle", "beech", "7.20"]]


# -- text --------------------------------------------------------------------------------------------


def markdown() -> bytes:
    table = "\n".join(f"| {' | '.join(row)} |" for row in [ROWS[0], ["---"] * 3, *ROWS[1:]])
    parts = [f"# {HEADING}", *SENTENCES, "## Parts", table, "- copper\n- beech", "```\nboil(water)\n```"]
    return ("---\ntitle: Kettles\ndate: 2024-05-01\n---\n" + "\n\n".join(parts)).encode()


def plain() -> bytes:
    return "\n\n".join([HEADING, *SENTENCES]).encode()


def html() -> bytes:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    said = "".join(f"<p>{sentence} {sentence}</p>" for sentence in SENTENCES)
    head = f'<!doctype html><html><head><meta charset="utf-8"><title>{HEADING}</title></head><body>'
    return f"{head}<article><h1>{HEADING}</h1>{said}<table>{rows}</table></article></body></html>".encode()


def csv() -> bytes:
    return "\n".join(",".join(row) for row in ROWS * 5).encode()


def tree() -> bytes:
    parts = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
    return json.dumps({"title": HEADING, "notes": SENTENCES, "parts": parts}).encode()


def lines() -> bytes:
    return "\n".join(json.dumps({"number": n, "note": s}) for n, s in enumerate(SENTENCES)).encode()


def rtf() -> bytes:
    paragraphs = "".join(rf"\pard {sentence}\par " for sentence in SENTENCES)
    head = rf"{{\rtf1\ansi\deff0{{\fonttbl{{\f0 Times;}}}}{{\info{{\title {HEADING}}}}}\f0\fs24 "
    return (head + paragraphs + "}").encode()


def eml() -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = HEADING, "ada@example.org", "ben@example.org"
    message["Date"] = "Wed, 01 May 2024 10:00:00 +0000"
    message.set_content("\n\n".join(SENTENCES))
    message.add_alternative(html().decode(), subtype="html")
    message.add_attachment(csv(), maintype="text", subtype="csv", filename="parts.csv")
    return message.as_bytes()


# -- PDF ---------------------------------------------------------------------------------------------


def pdf(pages: Sequence[Sequence[str]], *, filters: str = "/FlateDecode", trailer: str = "") -> bytes:
    """A PDF with these lines on its pages; the text of each page is compressed, unless `filters` is empty."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for lines in pages:
        shown = b"\n".join(f"({line}) Tj T*".encode("latin-1") for line in lines)
        stream = b"BT /F1 11 Tf 72 740 Td 14 TL\n" + shown + b"\nET"
        objects += [_page(len(objects) + 2), _stream(zlib.compress(stream) if filters else stream, filters)]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode()
    return pdf_of(objects, trailer)


def pdf_of(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """A PDF of these objects, of which the first is the catalogue."""
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    ends = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"
    out.write(ends.encode())
    return out.getvalue()


def _page(contents: int) -> bytes:
    box = "/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
    return f"<< /Type /Page /Parent 2 0 R {box} /Contents {contents} 0 R >>".encode()


def _stream(data: bytes, filters: str = "/FlateDecode") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (
        len(data),
        f"/Filter {filters}".encode() if filters else b"",
        data,
    )


def book() -> bytes:
    return pdf([[HEADING, *SENTENCES], SENTENCES, ["The end of it."]])
