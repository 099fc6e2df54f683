"""Mailboxes: each mail is a document of its own."""

from __future__ import annotations

from assistant.ingest.archives import members
from assistant.ingest.parse import read

FIRST = b"From uma@example.org Sat Jan  5 09:00:00 2030\nFrom: Uma <uma@example.org>\nSubject: Keys\n\n"
FIRST += b"The key hangs behind the clock.\n\nFrom there it is one step.\n>From here it is two.\n\n"
SECOND = b"From leo@example.org Sun Jan  6 09:00:00 2030\nFrom: Leo <leo@example.org>\nSubject: Milk\n\n"
SECOND += b"The milk comes at six.\n"


def test_each_mail_of_a_mailbox_is_a_document() -> None:
    mails = members(FIRST + SECOND, "house.mbox")
    assert mails is not None
    documents = [read(mail.load(), mail.name) for mail in mails]
    assert [(document.source, document.title) for document in documents] == [
        ("house.mbox/00001.eml", "Keys"),
        ("house.mbox/00002.eml", "Milk"),
    ]
    assert documents[0].text.endswith(
        "The key hangs behind the clock.\n\nFrom there it is one step.\nFrom here it is two."
    )
    assert documents[1].text.endswith("The milk comes at six.")


def test_a_mailbox_of_one_mail_is_that_mail() -> None:
    assert members(SECOND, "house.mbox") is None
    assert read(SECOND, "house.mbox").title == "Milk"
