"""E-mail (.eml): subject, sender, recipients, date, text, and the names of attachments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import cast

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line
from assistant.ingest.readers.encoding import decode
from assistant.ingest.readers.web.html import write_page

_HEADER = re.compile(rb"(?:From [^\n]{1,200}\r?\n)?(?:[!-9;-~]{1,60}:[^\n]*(?:\n[ \t][^\n]*)*\n)+")
_COMMON = re.compile(rb"(?im)^(From|To|Subject|Date|Cc|Reply-To|Sender):")
_TRANSPORT = re.compile(rb"(?im)^(Message-ID|MIME-Version|Received|Return-Path|Delivered-To):")
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def is_mail(data: bytes, suffix: str) -> bool:
    """True if the bytes begin with mail headers; without a suffix of mail, transport headers are required."""
    match = _HEADER.match(data[:100_000].lstrip())
    header = match.group() if match else b""
    common = len(set(map(bytes.lower, _COMMON.findall(header))))
    return (
        common >= 1 if suffix in (".eml", ".mbox") else common >= 2 and _TRANSPORT.search(header) is not None
    )


def read_eml(data: bytes) -> Content:
    """Parse a mail and the mails forwarded in it, preferring plain text to HTML.

    Attachments are listed, not read. Raises ReadError if the mail is encrypted.
    """
    mail = message_from_bytes(data.lstrip(), _class=EmailMessage, policy=policy.default)
    if mail.get_content_type() in _ENCRYPTED:
        raise ReadError("is encrypted; add a copy that is not encrypted.")
    draft = ContentBuilder()
    _write(draft, mail, 1)
    sent = _date(mail)
    pairs = [("author", _field(mail, "From")), ("to", _field(mail, "To")), ("date", sent and sent.date())]
    return draft.content("message/rfc822", _field(mail, "Subject") or None, clean_metadata(pairs))


def _write(draft: ContentBuilder, mail: EmailMessage, level: int) -> None:
    """Write a mail with its subject as heading, and mails forwarded in it one level below."""
    draft.heading(level, _field(mail, "Subject"))
    sent = _date(mail)
    when = f"{sent:%Y-%m-%d %H:%M}" if sent else _field(mail, "Date")
    lines = [*((name, _field(mail, name)) for name in ("From", "To", "Cc")), ("Date", when)]
    for name, text in lines:
        draft.item(f"{name}: {text}" if text else "")
    attached = []
    for part in _content_parts(mail):
        name = _name(part)
        if part.get_content_type() == "message/rfc822" and level < 6:
            for inner in part.iter_parts():
                _write(draft, cast("EmailMessage", inner), level + 1)
        elif name or part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment":
            attached.append(name)
        else:
            _write_text(draft, part)
    if names := ", ".join(filter(None, attached)):
        draft.paragraph(f"Attachments: {names}")


def _content_parts(part: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that are not containers; of alternatives plain text, if it is not empty."""
    parts = [p for p in part.iter_parts() if isinstance(p, EmailMessage)] if part.is_multipart() else []
    if part.get_content_type() == "message/rfc822" or not parts:
        yield part
    elif part.get_content_subtype() == "alternative":
        choices = sorted(parts, key=lambda choice: choice.get_content_type() != "text/plain")
        yield from _content_parts(next(filter(_has_text, choices), choices[0]))
    else:
        for child in parts:
            yield from _content_parts(child)


def _has_text(part: EmailMessage) -> bool:
    return part.is_multipart() or any(char.isalnum() for char in _text(part))


def _field(mail: EmailMessage, name: str) -> str:
    """Return a header on one line; empty if it is missing or broken."""
    try:
        return one_line(str(mail.get(name, "")))
    except Exception:  # the parser of headers raises nearly anything on broken ones
        return ""


def _date(mail: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(_field(mail, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _write_text(draft: ContentBuilder, part: EmailMessage) -> None:
    text = _text(part)
    if part.get_content_type() == "text/html":
        if text.strip():
            write_page(draft, text)
    else:
        for paragraph in re.split(r"\n\s*\n", text):
            draft.paragraph(paragraph)


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = payload.decode(part.get_content_charset() or "utf-8", "strict")
    except (LookupError, UnicodeError):
        text = decode(payload, declared=True) or ""
    return re.sub(r"\r\n?", "\n", text)


def _name(part: EmailMessage) -> str:
    """Return the file name of an attachment."""
    try:
        return one_line(part.get_filename() or "")
    except Exception:
        return ""
