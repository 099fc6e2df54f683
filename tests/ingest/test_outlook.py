"""Outlook messages: what they say, what is attached to them, and damage to them."""

from __future__ import annotations

import random
import struct

import pytest
from outlook import SENT, Message, packed_rich_text
from test_parse import refusal
from test_unreadable import read_or_refused

from assistant.ingest import archives
from assistant.ingest.parse import read
from assistant.ingest.sandbox import attachments_safely, read_safely

PRICES = b"Room,Price\nAttic,60 kr\n" * 300
HEAD = {"subject": "Rooms for\u00a0May", "from": "Ada Arvo", "from_address": "ada@tea.example", "sent": SENT}
LEO = {"name": "Leo", "address": "leo@tea.example", "kind": 1}
BO = {"name": "bo@tea.example", "address": "bo@tea.example", "kind": 2}
TEXT = "Dear Leo,\r\n\r\nthe attic costs 60 kr.\r\nIt has a stove.\r\n"


def message(**more: object) -> Message:
    return Message(HEAD | {"body": TEXT} | more, (LEO, BO))


def test_a_message_says_who_wrote_what_to_whom_and_when() -> None:
    document = read(message().written(), "a.msg")
    assert document.text == (
        "# Rooms for May\n\n- From: Ada Arvo <ada@tea.example>\n- To: Leo <leo@tea.example>\n"
        "- Cc: bo@tea.example\n- Date: 2024-03-05 13:30 UTC\n\nDear Leo,\n\n"
        "the attic costs 60 kr.\nIt has a stove."
    )
    assert document.title == "Rooms for May"
    assert document.metadata == {
        "author": "Ada Arvo <ada@tea.example>",
        "to": "Leo <leo@tea.example>",
        "date": "2024-03-05",
    }


def test_a_message_is_known_by_its_content_and_read_in_a_child_too() -> None:
    data = message().written()
    assert read(data, "letter") == read_safely(data, "letter")
    assert read(data, "letter").media_type == "application/vnd.ms-outlook"


def test_receivers_without_a_list_are_those_that_are_shown() -> None:
    data = Message(HEAD | {"body": TEXT, "to": "Leo; Bo"}).written()
    assert "- To: Leo; Bo\n" in read(data, "a.msg").text


def test_texts_in_a_code_page_are_read_in_it() -> None:
    data = Message({"subject": "Комнаты", "body": "Чердак стоит 60.", "page": 1251}).written("cp1251")
    assert "Чердак стоит 60." in read(data, "a.msg").text


def test_without_plain_text_html_is_read_in_its_encoding() -> None:
    html = "<html><body><h2>Prices</h2><p>The café is free.</p></body></html>".encode("cp1252")
    document = read(message(body=" ", html=html, body_page=1252).written(), "a.msg")
    assert "## Prices\n\nThe café is free." in document.text


@pytest.mark.parametrize(
    "packed",
    [
        packed_rich_text(rb"{\rtf1\ansi The attic has a stove.\par So it is.   }"),
        struct.pack("<LL4sL", 0, 46, b"MELA", 0) + rb"{\rtf1\ansi The attic has a stove.\par So it is.}",
    ],
)
def test_without_plain_text_and_html_rich_text_is_unpacked(packed: bytes) -> None:
    assert "The attic has a stove." in read(message(body="", rtf=packed).written(), "a.msg").text


def test_repetitions_in_rich_text_are_unpacked() -> None:
    packed = packed_rich_text(rb"{\rtf1  tea tea ", repeated=4)
    assert "tea tea tea tea tea tea tea tea tea" in read(message(body="", rtf=packed).written(), "a.msg").text


def test_what_is_attached_is_documents_under_the_name_of_the_message() -> None:
    attached = (
        {"file": "prices.csv", "content": PRICES},
        {"file": "../prices.csv", "content": b"a,b\n1,2\n"},
        {"file": "photo.raw", "content": b"\1\2"},
    )
    data = Message(HEAD | {"body": TEXT}, (LEO,), attached).written()
    assert read(data, "a.msg").text.endswith("Attachments: prices.csv, ../prices.csv, photo.raw")
    found = archives.members(data, "a.msg")
    assert found is not None
    assert [source.name for source in found] == ["a.msg", "a.msg/prices.csv", "a.msg/prices (2).csv"]
    assert found[1].load() == PRICES


def test_a_message_without_files_is_one_document() -> None:
    assert archives.members(message().written(), "a.msg") is None


def test_messages_within_a_message_are_read_with_it_and_so_are_their_files() -> None:
    inner = Message(
        {"subject": "Prices", "body": "As you asked."}, (), ({"file": "a.csv", "content": PRICES},)
    )
    data = Message(HEAD | {"body": TEXT}, inner=[inner]).written()
    document = read(data, "a.msg")
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Rooms for May"),
        (2, "Prices"),
    ]
    assert document.text.endswith("As you asked.\n\nAttachments: a.csv")
    assert attachments_safely(data, "a.msg") == [("a.csv", PRICES)]


def test_messages_within_messages_are_read_to_a_depth() -> None:
    nested = message()
    for _ in range(40):
        nested = Message({"subject": "Again", "body": "See below."}, inner=[nested])
    assert read(nested.written(), "a.msg").text.count("See below.") == 6


def test_an_encrypted_message_is_refused() -> None:
    said = refusal(message(**{"class": "IPM.Note.SMIME"}).written(), "a.msg")
    assert said == "a.msg is encrypted; add a copy that is not encrypted."


def test_a_message_with_an_old_office_file_is_a_message() -> None:
    old = b"\xd0\xcf\x11\xe0" + "WordDocument".encode("utf-16-le")
    data = Message(HEAD | {"body": TEXT}, (), ({"file": "a.doc", "content": old},)).written()
    assert "the attic costs" in read(data, "a.msg").text


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_a_message_that_is_cut_is_refused_in_a_sentence(share: float) -> None:
    data = Message(HEAD | {"body": TEXT}, (), ({"file": "a.csv", "content": PRICES},)).written()
    cut = data[: int(len(data) * share)]
    assert refusal(cut, "a.msg").startswith("a.msg is ")
    assert attachments_safely(cut, "a.msg") == []


def test_folders_that_contain_themselves_are_refused() -> None:
    data = bytearray(message().written())
    root = data.index("Root Entry".encode("utf-16-le"))
    receiver = data.index("__recip_version1.0_".encode("utf-16-le"))
    # The topmost child of the receiver is that of the message: so it has itself within.
    data[receiver + 76 : receiver + 80] = data[root + 76 : root + 80]
    assert "is damaged or not a real Outlook message" in refusal(bytes(data), "a.msg")


def test_a_table_of_sectors_that_leads_in_circles_is_refused() -> None:
    data = bytearray(Message(HEAD | {"body": TEXT * 200}).written())
    directory = struct.unpack_from("<L", data, 48)[0]
    table = struct.unpack_from("<L", data, 76)[0]
    struct.pack_into("<L", data, (table + 1) * 512 + directory * 4, directory)
    assert "a.msg is damaged" in refusal(bytes(data), "a.msg")


def test_wrong_bytes_in_a_message_do_no_harm() -> None:
    whole = Message(HEAD | {"body": TEXT}, (LEO,), ({"file": "a.csv", "content": PRICES},), [message()])
    data, chance = whole.written(), random.Random(7)
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 30)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        assert read_or_refused(bytes(broken), "a.msg")
