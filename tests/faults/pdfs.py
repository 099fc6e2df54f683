"""PDF files that are huge, go in circles or unpack to too much."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Sequence
from functools import partial

from faults import texts
from faults.damaged import Case

MB = 1_000_000
_ROOT = b"<< /Type /Catalog /Pages 2 0 R >>"


def cases() -> Iterator[Case]:
    """Return all cases of this module."""
    yield Case("10000-pages.pdf", partial(_book, 10_000, 2))
    yield Case("10000-full-pages.pdf", partial(_book, 10_000, 30))
    yield Case(
        "10000-plain-pages.pdf",
        lambda: texts.pdf([[f"This is page {n}."] for n in range(10_000)], filters=""),
    )
    yield Case("a-stream-of-2-gb.pdf", lambda: _with_stream(_zeros(2_000 * MB)))
    yield Case("a-stream-in-streams.pdf", lambda: _with_stream(_times_compressed(4), _filters("Flate", 4)))
    yield Case("hundreds-of-filters.pdf", lambda: _with_stream(b"x" * 99, _filters("ASCIIHex", 800)))
    yield Case("lzw.pdf", lambda: _with_stream(b"\x80\x0b\x60\x50" * 200_000, "/LZWDecode"))
    yield Case("run-lengths.pdf", lambda: _with_stream(b"\x81 " * 3 * MB, "/RunLengthDecode"))
    yield Case("unknown-filter.pdf", lambda: _with_stream(b"xyz", "/Nonsense"))
    yield Case("images-alone.pdf", lambda: texts.pdf([[] for _ in range(50)]))
    page = _catalogue()[:4]
    loops = {
        "pages-in-a-circle": [_ROOT, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"],
        "billion-pages": [_ROOT, b"<< /Type /Pages /Kids [] /Count 1000000000 >>"],
        "no-pages": [b"<< /Type /Catalog >>"],
        "catalogue-is-itself": [b"1 0 R"],
        "deep-arrays": [b"<< /Type /Catalog /Pages " + b"[" * 100_000 + b"]" * 100_000 + b" >>"],
        "deep-dictionaries": [b"<< /A " * 50_000 + b">>" * 50_000],
        "an-open-string": [b"<< /Type /Catalog /T (" + b"(" * 1_000_000],
        "outline-in-a-circle": [*_catalogue(b"/Outlines 6 0 R"), b"<< /First 6 0 R /Next 6 0 R >>"],
        "names-in-a-circle": [*_catalogue(b"/Names 6 0 R"), b"<< /Dests 6 0 R /Kids [6 0 R 6 0 R] >>"],
        "negative-length": [*page, b"<< /Length -5 >>\nstream\nBT (boil) Tj ET\nendstream"],
        "length-is-itself": [*page, b"<< /Length 5 0 R >>\nstream\nBT (boil) Tj ET\nendstream"],
        "forms-in-a-circle": [*page, b"<< /Subtype /Form /Length 6 >>\nstream\n/F Do \nendstream"],
    }
    for kind, objects in loops.items():
        yield Case(f"{kind}.pdf", partial(texts.pdf_of, objects))
    yield Case("tables-in-a-circle.pdf", lambda: texts.pdf([texts.SENTENCES], trailer="/Prev 9"))
    yield Case(
        "encrypted-by-nothing.pdf", lambda: texts.pdf([texts.SENTENCES], trailer="/Encrypt << /Filter /X >>")
    )
    yield Case("two-in-one.pdf", lambda: texts.book() * 2)
    yield Case("head-alone.pdf", lambda: b"%PDF-1.7\n")
    yield Case("a-million-objects.pdf", lambda: texts.pdf_of([*_catalogue(), *[b"null"] * 300_000]))


def _book(pages: int, lines: int) -> bytes:
    """A book of so many pages, each different, as people's largest manuals are."""
    source = random.Random("book")
    words = " ".join(texts.SENTENCES).split()
    return texts.pdf([[f"Page {n} of the book", *_lines(source, words, lines - 1)] for n in range(pages)])


def _lines(source: random.Random, words: Sequence[str], number: int) -> list[str]:
    return [" ".join(source.choices(words, k=12)) for _ in range(number)]


def _catalogue(more: bytes = b"") -> list[bytes]:
    """The objects of a page of one line."""
    return [
        b"<< /Type /Catalog /Pages 2 0 R " + more + b" >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        b"/Resources << /Font << /F1 3 0 R >> /XObject << /F 5 0 R >> >> >>",
        b"<< /Length 47 >>\nstream\nBT /F1 11 Tf 72 740 Td (boil the water) Tj ET   \nendstream",
    ]


def _with_stream(data: bytes, filters: str = "/FlateDecode") -> bytes:
    stream = b"<< /Length %d /Filter %b >>\nstream\n%b\nendstream" % (len(data), filters.encode(), data)
    return texts.pdf_of([*_catalogue()[:4], stream])


def _filters(name: str, times: int) -> str:
    return f"[{f'/{name}Decode ' * times}]"


def _zeros(size: int) -> bytes:
    packer = zlib.compressobj(1)
    some = bytes(10 * MB)
    return b"".join(packer.compress(some) for _ in range(size // len(some))) + packer.flush()


def _times_compressed(times: int) -> bytes:
    data = _zeros(1_000 * MB)
    for _ in range(times - 1):
        data = zlib.compress(data)
    return data
