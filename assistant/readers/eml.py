"""Mails (.eml): subject, sender, receivers and date, the text, and the names of what is attached."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from assistant.errors import ReadError
from assistant.readers.content import Content, Draft, described, one_line
from assistant.readers.encoding import decoded
from assistant.readers.html import write_page

_HEADER = re.compile(rb"(?:From [^\n]{1,200}\r?\n)?(?:[!-9;-~]{1,60}:[^\n]*(?:\n[ \t][^\n]*)*\n)+")
_KNOWN = re.compile(rb"^(From|To|Subject|Date|Cc|Reply-To|Sender):", re.IGNORECASE | re.MULTILINE)
_SURE = re.compile(
    rb"^(Message-ID|MIME-Version|Received|Return-Path|Delivered-To):", re.IGNORECASE | re.MULTILINE
)

_LOCKED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def is_mail(data: bytes, suffix: str) -> bool:
    """Whether the bytes begin as a mail does; without the suffix of one they must show how it was sent."""
    found = _HEADER.match(data[:100_000].lstrip())
    known = len(set(map(bytes.lower, _KNOWN.findall(found.group())))) if found else 0
    return known >= (1 if suffix == ".eml" else 2) and (
        suffix == ".eml" or (found is not None and _SURE.search(found.group()) is not None)
    )


def read_eml(data: bytes) -> Content:
    """Content of a mail: its text as plain text, or else as HTML. Attachments are named, not read."""
    mail = message_from_bytes(data.lstrip(), _class=EmailMessage, policy=policy.default)
    if mail.get_content_type() in _LOCKED:
        raise ReadError("is encrypted; save a copy that is not and add that.")
    draft = Draft()
    subject = _said(mail, "Subject")
    sent = _date(mail)
    draft.heading(1, subject)
    lines = [(name, _said(mail, name)) for name in ("From", "To", "Cc")]
    when = f"{sent:%Y-%m-%d %H:%M}" if sent else _said(mail, "Date")
    draft.paragraph("\n".join(f"{name}: {text}" for name, text in [*lines, ("Date", when)] if text))
    _write_body(draft, mail)
    if attached := [name for part in mail.iter_attachments() if (name := _name(part))]:
        draft.paragraph(f"Attachments: {', '.join(attached)}")
    pairs = [
        ("author", dict(lines)["From"]),
        ("to", dict(lines)["To"]),
        ("date", sent and sent.date().isoformat()),
    ]
    return Content(
        "message/rfc822", draft.text, subject or None, tuple(draft.headings), metadata=described(pairs)
    )


def _said(mail: EmailMessage, name: str) -> str:
    """A header on one line; empty where it is absent or beyond repair."""
    try:
        return one_line(str(mail.get(name, "")))
    except Exception:  # the parser of headers raises nearly anything on broken ones
        return ""


def _date(mail: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(_said(mail, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _write_body(draft: Draft, mail: EmailMessage) -> None:
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        text = _text(body) if isinstance(body, EmailMessage) else ""
        if any(char.isalnum() for char in text):
            if kind == "html":
                write_page(draft, text)
            else:
                for paragraph in re.split(r"\n\s*\n", text):
                    draft.paragraph(paragraph)
            return


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    said = part.get_content_charset()
    try:
        text = payload.decode(said or "utf-8", "strict")
    except (LookupError, UnicodeError):
        text = decoded(payload, declared=True) or ""
    return re.sub(r"\r\n?", "\n", text)


def _name(part: EmailMessage) -> str:
    """What an attachment is called; a mail in a mail by its subject."""
    try:
        if part.get_content_type() == "message/rfc822":
            inner = part.get_content()
            return _said(inner, "Subject") if isinstance(inner, EmailMessage) else ""
        return one_line(part.get_filename() or "")
    except Exception:
        return ""
