"""Files are read by what they hold, whatever their name: e-books, mails, rich text, and what is wrong."""

from __future__ import annotations

import io
import zipfile

import offices
import pytest
from offices import book, packed, shape, sheet, slides, workbook
from specimens import CHAPTERS, FILES, HTML_MAIL, PLAIN_MAIL, RTF, epub, headings, refusal
from test_parse import docx

from assistant.core.errors import ReadError
from assistant.ingest.parse import SUFFIXES, is_plain, read

# -- e-books -------------------------------------------------------------------------------------------------


def test_an_e_book_is_read_chapter_by_chapter_and_nothing_is_dropped() -> None:
    document = read(epub(), "a.epub")
    assert document.text == (
        "# Boiling\n\nWater boils at 100 degrees.\n\nA footnote.\n\n- Fast\n\n"
        "# The parts\n\nShare this: nothing is dropped here.\n\n| Part | Price |\n|---|---|\n| Lid | 5 |"
    )
    assert document.title == "Kettles"
    assert document.metadata == {"author": "Ada Arvo, Bo Berg", "date": "2024-03-05"}


def test_a_book_that_is_locked_by_its_shop_says_so_and_one_with_locked_fonts_is_read() -> None:
    how = (
        '<encryption><EncryptedData xmlns="e"><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    )
    locked = book(CHAPTERS) | {
        "META-INF/encryption.xml": how.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    }
    assert "DRM" in refusal(packed(locked), "a.epub")
    fonts = book(CHAPTERS) | {"META-INF/encryption.xml": how.format("http://www.idpf.org/2008/embedding")}
    assert "100 degrees" in read(packed(fonts), "a.epub").text


# -- mail ----------------------------------------------------------------------------------------------------


def test_a_mail_gives_who_wrote_to_whom_its_plain_text_and_what_is_attached() -> None:
    document = read(PLAIN_MAIL, "a.eml")
    assert document.text == (
        "# Prices of kettles £\n\n- From: Adä <ada@example.org>\n- To: bob@example.org, Cy <cy@example.org>\n"
        "- Date: 2024-03-05 14:30\n\nThe lid costs £5.\n\nBye\n\nAttachments: list.pdf"
    )
    assert document.title == "Prices of kettles £"
    assert document.metadata["author"] == "Adä <ada@example.org>"
    assert document.metadata["date"] == "2024-03-05"


def test_a_mail_without_plain_text_gives_its_html() -> None:
    text = read(HTML_MAIL, "renamed.txt").text
    assert "## As HTML\n\n| Part | Price |\n|---|---|\n| Lid | 5 |" in text


def test_a_mail_gives_the_mails_that_it_forwards() -> None:
    inner = b"From: eve@example.org\nSubject: Lids\n\nLids are out of stock.\n"
    outer = (
        b"From: a@example.org\nSubject: FW\nContent-Type: multipart/mixed; boundary=Z\n\n--Z\n\nSee below.\n"
    )
    document = read(outer + b"--Z\nContent-Type: message/rfc822\n\n" + inner + b"--Z--\n", "a.eml")
    assert document.text.endswith(
        "See below.\n\n## Lids\n\n- From: eve@example.org\n\nLids are out of stock."
    )
    assert headings(document) == [(1, "FW"), (2, "Lids")]


def test_text_that_only_looks_like_a_mail_stays_text() -> None:
    assert read(b"From: me\nSubject: a note\n\nWords of a note.", "a.txt").media_type == "text/plain"
    assert read(b"From: me\nSubject: a note\n\nWords of a note.", "a.eml").media_type == "message/rfc822"


def test_an_encrypted_mail_says_so() -> None:
    mail = b"From: a@example.org\nContent-Type: multipart/encrypted; boundary=Z\n\n--Z\n\nabc\n--Z--\n"
    assert "encrypted" in refusal(mail, "a.eml")


# -- rich text -----------------------------------------------------------------------------------------------


def test_rich_text_is_read_with_headings_lists_tables_and_notes() -> None:
    document = read(RTF, "a.rtf")
    assert document.text == (
        "# Cleaning\n\nUse citric acid, café €5 Пр😀 and [1] so on.\n\na link\n\n- Fill it.\n- Wait.\n\n"
        "| Part | Price |\n|---|---|\n| Lid | 5 |\n\nThe end {1}.\n\n[1] Or vinegar.\n\nHead"
    )
    assert document.title == "Kettle manual"
    assert document.metadata == {"author": "Ada", "date": "2024-03-05"}
    assert headings(document) == [(1, "Cleaning")]


# -- what is recognised, and what is wrong -------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(FILES) - {"csv"}))
def test_a_file_is_read_by_its_content_whatever_its_name(kind: str) -> None:
    data = FILES[kind]()
    right = read(data, f"a.{kind}")
    assert read(data, "a").text == read(data, "a.txt").text == right.text
    assert f".{kind}" in SUFFIXES
    assert not is_plain(data, "a")


def test_a_page_that_is_called_markdown_is_a_page() -> None:
    page = b"<!DOCTYPE html>\n<html><body><h1>Kettles</h1><p>It boils.</p></body></html>"
    assert read(page, "https://example.org/raw/README.md").media_type == "text/html"
    assert read(b"<html lang=en><p>It boils.</p></html>", "a.markdown").media_type == "text/html"
    assert not is_plain(page, "README.md")
    assert (
        read(b"<p align=center>Logo</p>\n\n# Tool\n\n<html> is a tag.", "README.md").media_type
        == "text/markdown"
    )


def test_the_end_of_an_address_is_that_of_its_path() -> None:
    assert read(b"Part,Price\nLid,5\n", "https://example.org/list.csv?version=1.2#top").title == "list"
    with pytest.raises(ReadError, match=r"^list\.json is not valid JSON"):
        read(b'{"a"', "https://example.org/list.json?x=1")
    assert read(b"# C#", "What is C#?.md").title == "C#"


def test_text_that_begins_or_speaks_like_another_format_is_text() -> None:
    assert read(b"A file that begins with %PDF-1.7 is a PDF.", "a.md").media_type == "text/markdown"
    assert read(b"MZ is how programs begin, ID3 how sounds do.", "a.txt").media_type == "text/plain"
    assert read(b"PK is short for a name, and more words.", "a.txt").media_type == "text/plain"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("EncryptedPackage", "needs a password"),
        ("WordDocument", "old Word file (.doc); save it as .docx"),
        ("Workbook", "save it as .xlsx"),
        ("PowerPoint Document", "save it as .pptx"),
        ("Something", "old Office file"),
    ],
)
def test_old_and_locked_office_files_say_what_to_do(inside: str, said: str) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + inside.encode("utf-16-le") + bytes(512)
    assert said in refusal(data, "a.docx")


def test_what_is_missing_or_unknown_in_a_package_is_told() -> None:
    assert "is an archive" in refusal(packed({"a.md": "A"}), "a.docx")
    whole = workbook({"S": sheet([["a"]])})
    assert "damaged" in refusal(packed({k: v for k, v in whole.items() if "sheet1" not in k}), "a.xlsx")
    assert "kind that cannot be read" in refusal(packed(offices.office("visio/a.xml", "visio", {})), "a.vsdx")
    assert "has no text" in refusal(packed(slides(shape("title", ""))), "a.pptx")


def test_a_document_with_macros_and_a_template_are_read_as_any() -> None:
    old = zipfile.ZipFile(io.BytesIO(docx()))
    files = {name: old.read(name) for name in old.namelist()}
    plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    for kind in (
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
        plain.replace(b"document.main", b"template.main"),
    ):
        types = files["[Content_Types].xml"].replace(plain, kind)
        assert read(packed(files | {"[Content_Types].xml": types}), "a.docm").title == "Kettle manual"
