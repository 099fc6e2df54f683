"""bytes -> Document: recognise a file by its content and parse it with the reader for its format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePath

from assistant.core.errors import ReadError
from assistant.core.types import Document
from assistant.ingest.readers.content import Content, one_line
from assistant.ingest.readers.delimited import is_delimited, read_delimited
from assistant.ingest.readers.eml import is_mail, read_eml
from assistant.ingest.readers.encoding import decode
from assistant.ingest.readers.epub import read_epub
from assistant.ingest.readers.markdown import read_markdown
from assistant.ingest.readers.office import old
from assistant.ingest.readers.office.docx import read_docx
from assistant.ingest.readers.office.odf import read_odf
from assistant.ingest.readers.office.pptx import read_pptx
from assistant.ingest.readers.office.rtf import read_rtf
from assistant.ingest.readers.office.xlsx import read_xlsx
from assistant.ingest.readers.outlook.container import OLE
from assistant.ingest.readers.outlook.reader import MARK as OUTLOOK
from assistant.ingest.readers.outlook.reader import read_msg
from assistant.ingest.readers.package import ZIP, declared_type, open_zip
from assistant.ingest.readers.pdf.reader import read_pdf
from assistant.ingest.readers.records import is_records, read_records
from assistant.ingest.readers.scan import pictures
from assistant.ingest.readers.scan.engine import is_installed
from assistant.ingest.readers.text import read_text
from assistant.ingest.readers.web.html import read_html
from assistant.ingest.readers.written import code
from assistant.ingest.readers.written.code import read_code
from assistant.ingest.readers.written.notebook import read_notebook
from assistant.ingest.readers.written.subtitles import is_subtitles, read_subtitles
from assistant.ingest.readers.written.xml import read_xml_text
from assistant.ingest.titles import title_of

_ALWAYS = tuple(
    (
        ".md .markdown .txt .html .htm .xhtml .pdf .docx .docm .dotx .pptx .pptm .ppsx .xlsx .xlsm "
        ".csv .tsv .tab .epub .eml .msg .rtf .odt .odp .ods .json .jsonl .ndjson .ipynb .srt .vtt .xml"
    ).split()
)
SUFFIXES = (*_ALWAYS, *old.suffixes(), *pictures.suffixes())
"""Suffixes of documents that are read here. A file that is recognised by its content needs none of them."""
LIMIT = 200_000_000
"""Limit on the bytes of a document."""

_MAGIC = {
    **{b"GIF8": "an image (GIF)", b"\x7fELF": "a program", b"MZ": "a program"},
    **{b"\x1f\x8b": "a compressed file (gzip)", b"BZh": "a compressed file (bzip2)"},
    **{b"\xfd7zXZ": "a compressed file (xz)", b"7z\xbc\xaf": "an archive (7z)", b"Rar!": "an archive (RAR)"},
    **{b"SQLite format 3": "a database", b"ID3": "a sound file", b"OggS": "a sound file"},
}
"""Signatures of files that cannot be read, unless text follows."""
_ADDRESS = re.compile("https?://", re.IGNORECASE)
_ADVICE = "save it as PDF, .docx or text and add that"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PACKAGES: dict[str, tuple[str, Callable[[bytes], Content]]] = {
    "wordprocessingml": ("Word document", read_docx),
    "ms-word": ("Word document", read_docx),
    "spreadsheetml": ("Excel workbook", read_xlsx),
    "ms-excel.sheet.macro": ("Excel workbook", read_xlsx),
    "presentationml": ("PowerPoint presentation", read_pptx),
    "ms-powerpoint": ("PowerPoint presentation", read_pptx),
    "epub": ("e-book", read_epub),
}
"""Parts of the media type of a zip file, by the format of the document."""
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_MARKUP = re.compile(_PAGE.pattern.replace("|html)", "|html|head|body)"), re.I | re.S)
_TAG = re.compile(r"<(?:p|div|a|h[1-6]|ul|ol|table|span|body|title|meta)\b[^>]{0,2000}>", re.IGNORECASE)
_DELIMITED = (".csv", ".tsv", ".tab")
_ENDLESS = re.compile(r"\S{1000000}")


def read(data: bytes, name: str) -> Document:
    """Parse a document. `name` is the path of a file or an address.

    The format is recognised by content; the suffix decides only where the content does not, for example
    between Markdown and plain text. Raises ReadError, which names the file and says what to do, for any
    fault of the bytes.
    """
    path = _path(name)
    short = one_line(path.name or name)[:200]
    label = "document"
    try:
        label, reader = _recognise(data, path.suffix.lower())
        content = reader()
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
    except (MemoryError, RecursionError):
        raise ReadError(f"{short} is too deeply nested or too large to be read.") from None
    except Exception as error:
        message = f"{short} is damaged or not a real {label}; open it, save it again and add that."
        raise ReadError(message) from error
    if not any(char.isalnum() for char in content.text):
        raise ReadError(f"{short} has no text.")
    if _ENDLESS.search(content.text):
        raise ReadError(f"{short} has a word of over a million characters; it is not readable text.")
    title = _shorten(title_of(content) or path.stem or name)
    rest = (content.text, content.headings, content.pages, content.metadata)
    return Document(identity(data), title, name, content.media_type, *rest)


def is_plain(data: bytes, name: str) -> bool:
    """True for Markdown, plain text, and files refused at sight, which need no library that could hang."""
    try:
        label, _ = _recognise(data, _path(name).suffix.lower())
    except ReadError:
        return True
    return label in ("Markdown", "text")


def refusal(data: bytes, name: str) -> str:
    """Return what a file is that is refused at sight, and what to do; empty for one that may be read."""
    try:
        _recognise(data, _path(name).suffix.lower())
    except ReadError as fault:
        return fault.message.removeprefix("is ").rstrip(".")
    return ""


def old_of(data: bytes, name: str) -> old.OldFormat | None:
    """Return the format of an old Office file that is converted before it is read; None for all else."""
    is_container = data.startswith(OLE) and len(data) <= LIMIT
    return _old_format(data, _path(name).suffix.lower()) if is_container else None


def identity(data: bytes) -> str:
    """Return the id of a document: the first 16 hexadecimal digits of the SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def _path(name: str) -> PurePath:
    """Return the name as a path, without the query and fragment of an address."""
    return PurePath(re.split("[?#]", name, maxsplit=1)[0] if _ADDRESS.match(name) else name)


def _shorten(title: str) -> str:
    """Return the title on one line of at most 300 characters."""
    title = one_line(title)
    return title if len(title) <= 300 else title[:299] + "…"


def _recognise(data: bytes, suffix: str) -> tuple[str, Callable[[], Content]]:
    """Return the name of the format and a function that reads it. Raises ReadError for other formats."""
    if not data.strip():
        raise ReadError("is empty.")
    if len(data) > LIMIT:
        raise ReadError(f"is larger than {LIMIT // 1_000_000} MB; split it and add the parts.")
    before, pdf, _ = data[:1024].partition(b"%PDF-")
    if pdf and (not before.strip() or suffix in ("", ".pdf")):
        return "PDF", partial(read_pdf, data)
    if data.startswith(ZIP):
        return _recognise_package(data)
    if data.startswith(OLE):
        return _recognise_ole(data, suffix)
    for magic, (label, media_type) in pictures.KINDS.items():
        if data.startswith(magic) and min(data[:512]) < 9:
            return _recognise_picture(data, label, media_type)
    for magic, label in _MAGIC.items():
        if data.startswith(magic) and min(data[:512]) < 9:
            raise ReadError(f"is {label}, which cannot be read; {_ADVICE}.")
    return _recognise_text(data, suffix)


def _recognise_picture(data: bytes, label: str, media_type: str) -> tuple[str, Callable[[], Content]]:
    if not is_installed():
        raise ReadError(pictures.advice(label))
    return label, partial(pictures.read_picture, data, media_type)


def _recognise_ole(data: bytes, suffix: str) -> tuple[str, Callable[[], Content]]:
    """Recognise a file by the names of its streams; those of what is attached to a message are there too."""
    kind = _old_format(data, suffix)
    if OUTLOOK in data and kind is None:
        return "Outlook message", partial(read_msg, data)
    if _ENCRYPTED in data:
        raise ReadError("needs a password; save a copy without one and add that.")
    if kind is None:
        raise ReadError(f"is an old Office file, which cannot be read; {_ADVICE}.")
    if old.program() is None:
        raise ReadError(old.advice(kind))
    # It is converted before it is read, by a program that a reader cannot start.
    return kind.label, partial(_refuse, old.advice(kind))


def _old_format(data: bytes, suffix: str) -> old.OldFormat | None:
    is_message = OUTLOOK in data and suffix == ".msg"
    return None if is_message or _ENCRYPTED in data else old.old_format(data, suffix)


def _refuse(message: str) -> Content:
    raise ReadError(message)


def _recognise_package(data: bytes) -> tuple[str, Callable[[], Content]]:
    media_type = declared_type(open_zip(data))
    if media_type is None:
        raise ReadError("is an archive; unpack it and add the files in it.")
    if media_type.startswith("application/vnd.oasis.opendocument."):
        kind = media_type.rpartition(".")[2].partition("-")[0]
        if kind in ("text", "spreadsheet", "presentation"):
            return f"OpenDocument {kind}", partial(read_odf, data, media_type)
    for fragment, (label, reader) in _PACKAGES.items():
        if fragment in media_type:
            return label, partial(reader, data)
    raise ReadError(f"is of a kind that cannot be read; {_ADVICE}.")


def _recognise_text(data: bytes, suffix: str) -> tuple[str, Callable[[], Content]]:
    start = data[:8192].replace(b"\0", b"").decode("latin-1").lstrip("ÿþï»¿")
    if start.lstrip().startswith("{\\rtf"):
        return "rich text file (RTF)", partial(read_rtf, data)
    if suffix in (".md", ".markdown") and not _PAGE.match(start):
        return "Markdown", partial(_decode_and_read, data, read_markdown)
    if is_mail(data, suffix):
        return "mail", partial(read_eml, data)
    if suffix in _DELIMITED and not _MARKUP.match(start):
        return "CSV file", partial(_decode_and_read, data, read_delimited)
    if suffix == ".ipynb" and start.lstrip().startswith("{"):
        return "notebook", partial(_decode_and_read, data, read_notebook)
    if is_subtitles(start):
        return "subtitles", partial(_decode_and_read, data, read_subtitles)
    if suffix in code.SUFFIXES:
        return "text", partial(_decode_and_read, data, read_code)
    if is_records(start, suffix):
        return "JSON file", partial(_decode_and_read, data, partial(_read_records, suffix=suffix))
    if _is_xml(start, suffix):
        return "XML file", partial(read_xml_text, data)
    if _is_page(start, suffix):
        return "web page", partial(_decode_and_read, data, read_html, declared=True)
    if suffix not in _DELIMITED and is_delimited(start):
        return "CSV file", partial(_decode_and_read, data, read_delimited)
    return "text", partial(_decode_and_read, data, read_text)


def _decode_and_read(data: bytes, reader: Callable[[str], Content], *, declared: bool = False) -> Content:
    text = decode(data, declared=declared)
    if text is None:
        raise ReadError(f"is of a kind that cannot be read; {_ADVICE}.")
    return reader(text)


def _read_records(text: str, suffix: str) -> Content:
    return read_records(text, suffix) or read_text(text)


def _is_xml(start: str, suffix: str) -> bool:
    """True if a file with this beginning is XML, and no page."""
    if suffix in (".html", ".htm", ".xhtml") or _MARKUP.match(start):
        return False
    return start.lstrip().startswith("<?xml") or (suffix == ".xml" and start.lstrip().startswith("<"))


def _is_page(start: str, suffix: str) -> bool:
    """True if a file with this beginning is HTML: by its markup, or by its suffix and a tag."""
    if _MARKUP.match(start):
        return True
    may_be = suffix in (".html", ".htm", ".xhtml") or (suffix != ".txt" and start.lstrip().startswith("<"))
    return may_be and _TAG.search(start) is not None
