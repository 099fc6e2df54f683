"""Mails (.eml): subject, sender, receivers and date, the text, and the names of what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import cast

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, Draft, described, one_line
from assistant.ingest.readers.encoding import decoded
from assistant.ingest.readers.html import write_page

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
    """Content of a mail: its text, plain if it is given so and as HTML, with the mails that it forwards.

    Attachments are named, not read. Raises ReadError where the mail is encrypted.
    """
    mail = message_from_bytes(data.lstrip(), _class=EmailMessage, policy=policy.default)
    if mail.get_content_type() in _LOCKED:
        raise ReadError("is encrypted; save a copy that is not and add that.")
    draft = Draft()
    _write(draft, mail, 1)
    sent = _date(mail)
    pairs = [("author", _said(mail, "From")), ("to", _said(mail, "To")), ("date", sent and sent.date())]
    title = _said(mail, "Subject") or None
    return Content("message/rfc822", draft.text, title, tuple(draft.headings), metadata=described(pairs))


def _write(draft: Draft, mail: EmailMessage, level: int) -> None:
    """A mail with its subject as heading; mails that are forwarded in it stand a level below."""
    draft.heading(level, _said(mail, "Subject"))
    sent = _date(mail)
    when = f"{sent:%Y-%m-%d %H:%M}" if sent else _said(mail, "Date")
    lines = [*((name, _said(mail, name)) for name in ("From", "To", "Cc")), ("Date", when)]
    for name, text in lines:
        draft.item(f"{name}: {text}" if text else "")
    attached = []
    for part in _shown(mail):
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


def _shown(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts of a mail that are no mere frames; of alternatives the plain one, if it says anything."""
    parts = [p for p in part.iter_parts() if isinstance(p, EmailMessage)] if part.is_multipart() else []
    if part.get_content_type() == "message/rfc822" or not parts:
        yield part
    elif part.get_content_subtype() == "alternative":
        choices = sorted(parts, key=lambda each: each.get_content_type() != "text/plain")
        yield from _shown(next((each for each in choices if _says_anything(each)), choices[0]))
    else:
        for each in parts:
            yield from _shown(each)


def _says_anything(part: EmailMessage) -> bool:
    return part.is_multipart() or any(char.isalnum() for char in _text(part))


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


def _write_text(draft: Draft, part: EmailMessage) -> None:
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
    said = part.get_content_charset()
    try:
        text = payload.decode(said or "utf-8", "strict")
    except (LookupError, UnicodeError):
        text = decoded(payload, declared=True) or ""
    return re.sub(r"\r\n?", "\n", text)


def _name(part: EmailMessage) -> str:
    """What an attachment is called."""
    try:
        return one_line(part.get_filename() or "")
    except Exception:
        return ""
