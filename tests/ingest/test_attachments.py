"""Attachments of mails and PDFs: documents of their own, under the name of their parent."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from pdfs import sheet, shown

from assistant.ingest import archives
from assistant.ingest.sandbox import attachments_safely
from assistant.sync.folders import FolderScanner

PRICES = b"Room,Price\nAttic,60 kr\n"


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ada@tea.example", "leo@tea.example", "Rooms"
    message.set_content("The prices are in the list.")
    message.add_attachment(PRICES, maintype="text", subtype="csv", filename="prices.csv")
    message.add_attachment(PRICES, maintype="text", subtype="csv", filename="../prices.csv")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="photo.png")
    return bytes(message)


def pdf_with(name: str, data: str) -> bytes:
    more = [
        f"<< /Type /EmbeddedFile /Length {len(data)} >>\nstream\n{data}\nendstream",
        f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F 5 0 R >> >>",
    ]
    root = f"/Names << /EmbeddedFiles << /Names [({name}) 6 0 R] >> >>"
    return sheet(shown([(72, 700, "The prices are attached.")]), root=root, more=more)


def test_a_mail_and_what_is_attached_to_it_are_documents() -> None:
    found = archives.members(mail(), "a.eml")
    assert found is not None
    assert [source.name for source in found] == ["a.eml", "a.eml/prices.csv", "a.eml/prices (2).csv"]
    assert found[1].load() == PRICES


def test_a_pdf_and_what_is_attached_to_it_are_documents() -> None:
    found = archives.members(pdf_with("prices.csv", PRICES.decode()), "a.pdf")
    assert found is not None
    assert [source.name for source in found] == ["a.pdf", "a.pdf/prices.csv"]
    assert found[1].load() == PRICES


def test_a_document_without_attachments_is_one() -> None:
    assert archives.members(sheet(shown([(72, 700, "Cups are blue.")])), "a.pdf") is None
    assert archives.members(b"From: ada@tea.example\nSubject: Rooms\n\nCups are blue.", "a.eml") is None


def test_damage_leaves_the_document_itself() -> None:
    assert attachments_safely(pdf_with("prices.csv", "")[:400], "a.pdf") == []


def test_a_folder_is_followed_with_its_attachments(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail())
    names = {Path(name).relative_to(tmp_path).as_posix() for name in FolderScanner(tmp_path)().ids}
    assert names == {"a.eml", "a.eml/prices.csv", "a.eml/prices (2).csv"}


def test_small_pictures_that_are_attached_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SUFFIXES", (".csv", ".png"))
    found = archives.members(mail(), "a.eml")
    assert found is not None
    assert not any(source.name.endswith(".png") for source in found)
    assert archives._is_worth_reading(".png", 90_000)
