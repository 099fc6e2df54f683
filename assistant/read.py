"""bytes -> Document: what a file holds, recognised by its content, read by the reader of its kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePath

from assistant.errors import ReadError
from assistant.readers.content import Content, one_line
from assistant.readers.docx import read_docx
from assistant.readers.encoding import decoded
from assistant.readers.html import read_html
from assistant.readers.markdown import read_markdown
from assistant.readers.package import ZIP, kind, opened
from assistant.readers.pdf import read_pdf
from assistant.readers.text import read_text
from assistant.types import Document

SUFFIXES: tuple[str, ...] = tuple(
    (
        ".md .markdown .txt .html .htm .xhtml .pdf .docx .docm .dotx .pptx .pptm .ppsx .xlsx .xlsm "
        ".csv .tsv .tab .epub .eml .rtf .odt .odp .ods .json .jsonl .ndjson"
    ).split()
)
"""How the names of documents end that can be read. What is recognised by its content needs none of them."""
LIMIT = 200_000_000
"""Bytes that a document may have."""

_MAGIC = {
    b"\x89PNG": "an image (PNG)",
    b"\xff\xd8\xff": "an image (JPEG)",
    b"GIF8": "an image (GIF)",
    b"II*\0": "an image (TIFF)",
    b"MM\0*": "an image (TIFF)",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"BZh": "a compressed file (bzip2)",
    b"\xfd7zXZ": "a compressed file (xz)",
    b"7z\xbc\xaf": "an archive (7z)",
    b"Rar!": "an archive (RAR)",
    b"SQLite format 3": "a database",
    b"ID3": "a sound file",
    b"OggS": "a sound file",
    b"\xd0\xcf\x11\xe0": "an old or a protected Office file",
    b"{\\rtf": "a rich text file (RTF)",
}
_MARKUP = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<(?:p|div|a|h[1-6]|ul|ol|table|span|body|title|meta)\b[^>]{0,2000}>", re.IGNORECASE)


def read(data: bytes, name: str) -> Document:
    """The document that the bytes hold. `name` is what it is called: a file's path or an address.

    Recognised by content, and only where that leaves it open (Markdown or plain text) by the end of the name.
    Raises ReadError, one sentence that names the file and says what to do, whatever is wrong with the bytes.
    """
    short = one_line(PurePath(name).name or name)[:200]
    what = "document"
    try:
        what, content_of = _recognised(data, PurePath(name).suffix.lower())
        content = content_of()
    except ReadError as error:
        raise ReadError(f"{short} {error.message}") from None
    except (MemoryError, RecursionError):
        raise ReadError(f"{short} is too deeply nested or too large to be read.") from None
    except Exception as error:
        raise ReadError(
            f"{short} is damaged or no real {what}; open it, save it again and add that."
        ) from error
    if not any(char.isalnum() for char in content.text):
        raise ReadError(f"{short} holds no text.")
    return Document(
        id=identity(data),
        title=_cut(content.title or PurePath(name).stem or name),
        source=name,
        media_type=content.media_type,
        text=content.text,
        headings=content.headings,
        pages=content.pages,
        metadata=content.metadata,
    )


def is_plain(data: bytes, name: str) -> bool:
    """Whether these are Markdown, plain text, or refused at sight: no library that could hang is needed."""
    try:
        what, _ = _recognised(data, PurePath(name).suffix.lower())
    except ReadError:
        return True
    return what in ("Markdown", "text")


def identity(data: bytes) -> str:
    """What a document is called for good: the first 16 hexadecimal digits of the SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def _cut(title: str) -> str:
    """The title on one line, of at most 300 characters."""
    title = one_line(title)
    return title if len(title) <= 300 else title[:299] + "…"


def _recognised(data: bytes, suffix: str) -> tuple[str, Callable[[], Content]]:
    """What the bytes are, in a person's words, and what reads them. Raises ReadError where nothing does."""
    if not data.strip():
        raise ReadError("is empty.")
    if len(data) > LIMIT:
        raise ReadError(f"is larger than {LIMIT // 1_000_000} MB; split it and add the parts.")
    if b"%PDF-" in data[:1024]:
        return "PDF", partial(read_pdf, data)
    if data.startswith(ZIP):
        return _recognised_archive(data)
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise ReadError(f"is {what}, which cannot be read; save it as PDF, .docx or text and add that.")
    return _recognised_text(data, suffix)


def _recognised_archive(data: bytes) -> tuple[str, Callable[[], Content]]:
    said = kind(opened(data))
    if said is not None and "wordprocessingml" in said:
        return "Word document", partial(read_docx, data)
    raise ReadError("is an archive that holds no Word document; unpack it, or save it as PDF, .docx or text.")


def _recognised_text(data: bytes, suffix: str) -> tuple[str, Callable[[], Content]]:
    if suffix in (".md", ".markdown"):
        return "Markdown", partial(_of_text, data, read_markdown)
    if _is_page(data[:4096].replace(b"\0", b"").decode("latin-1"), suffix):
        return "web page", partial(_of_text, data, read_html, declared=True)
    return "text", partial(_of_text, data, read_text)


def _of_text(data: bytes, reader: Callable[[str], Content], *, declared: bool = False) -> Content:
    text = decoded(data, declared=declared)
    if text is None:
        raise ReadError("is of a kind that cannot be read; save it as PDF, .docx or text and add that.")
    return reader(text)


def _is_page(start: str, suffix: str) -> bool:
    """Whether a file that begins so is HTML: it says so, or is called so or begins with a tag."""
    start = start.lstrip("ÿþï»¿")
    if _MARKUP.match(start):
        return True
    may_be = suffix in (".html", ".htm", ".xhtml") or (suffix != ".txt" and start.lstrip().startswith("<"))
    return may_be and _TAG.search(start) is not None
