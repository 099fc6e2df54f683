"""Files that are attached to a mail, an Outlook message or a PDF, as documents of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import PurePosixPath

from assistant.ingest.readers.content import one_line
from assistant.ingest.readers.eml import is_mail
from assistant.ingest.readers.outlook.container import OLE
from assistant.ingest.readers.outlook.reader import MARK, attached_files

FILES = 100
"""Limit on the attachments of a document."""
BYTES = 100_000_000
"""Limit on their bytes together."""
_IN_MAIL = re.compile(rb"(?i)name\*?\d?\*?=")
_IN_PDF = (b"/EmbeddedFile", b"/ObjStm")
"""What a PDF with attachments has: their stream, or packed objects that may hold it."""

_IN_OUTLOOK = "__attach_version1.0_".encode("utf-16-le")

Attachment = tuple[str, bytes]


def may_have_attachments(data: bytes, suffix: str) -> bool:
    """True if these bytes can be a mail, an Outlook message or a PDF with attachments."""
    if data.startswith(OLE):
        return MARK in data and _IN_OUTLOOK in data
    if b"%PDF-" in data[:1024]:
        return any(mark in data for mark in _IN_PDF)
    return is_mail(data, suffix) and _IN_MAIL.search(data) is not None


def attachments(data: bytes) -> list[Attachment]:
    """Return names and bytes of what is attached to one of them; none if it cannot be read."""
    found = _found(data)
    kept: dict[str, bytes] = {}
    room = BYTES
    for name, content in found:
        room -= len(content)
        if room < 0 or len(kept) == FILES:
            break
        kept[_unused(name, kept)] = content
    return list(kept.items())


def _found(data: bytes) -> Iterator[Attachment]:
    if data.startswith(OLE):
        return attached_files(data)
    return _in_pdf(data) if b"%PDF-" in data[:1024] else _in_mail(data)


def _in_mail(data: bytes) -> Iterator[Attachment]:
    mail = message_from_bytes(data.lstrip(), _class=EmailMessage, policy=policy.default)
    for part in mail.walk():
        name, content = _content_of(part)
        if name and isinstance(content, bytes) and content:
            yield name, content


def _content_of(part: EmailMessage) -> tuple[str, object]:
    """Return the file name of a part, empty without one, and its bytes."""
    try:
        return part.get_filename() or "", part.get_payload(decode=True)
    except Exception:  # the parser of headers raises nearly anything on broken ones
        return "", None


def _in_pdf(data: bytes) -> Iterator[Attachment]:
    from assistant.ingest.readers.pdf.engine import open_pdf

    document = open_pdf(data)
    try:
        for number in range(min(document.count_attachments(), FILES)):
            attachment = document.get_attachment(number)
            yield attachment.get_name(), bytes(attachment.get_data())
    except Exception:  # a broken attachment; those before it are whole
        return
    finally:
        document.close()


def _unused(name: str, used: dict[str, bytes]) -> str:
    """Return a name without folders, numbered if it is used already."""
    path = PurePosixPath(one_line(name).replace("\\", "/"))
    plain = path.name.lstrip(".") or "attachment"
    number, chosen = 1, plain
    while chosen in used:
        number += 1
        chosen = f"{PurePosixPath(plain).stem} ({number}){PurePosixPath(plain).suffix}"
    return chosen
