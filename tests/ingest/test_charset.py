"""The encoding that a server names: taken over where the text itself does not tell it."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ingest.readers.encoding import apply_charset, decode


@pytest.mark.parametrize(
    ("text", "written", "named"),
    [
        ("Käse für 5 €", "cp1252", "ISO-8859-1"),
        ("Привет, мир", "koi8-r", "koi8-r"),
        ("Привет, мир", "utf-16-le", "UTF-16LE"),
        ("日本語のページ", "iso2022_jp", "ISO-2022-JP"),
        ("日本語①のページ", "cp932", "Shift_JIS"),
        ("“naïve”", "utf-8", "iso-8859-1"),
        ("plain", "ascii", "koi8-r"),
    ],
)
@pytest.mark.parametrize("kind", ["text/html;charset={}", 'Application/xhtml+xml; a=b; charset="{}"'])
def test_a_text_is_read_as_the_server_says(text: str, written: str, named: str, kind: str) -> None:
    # What a page says of itself gives way.
    page = f'<meta charset="windows-1250">{text}'
    assert decode(apply_charset(page.encode(written), kind.format(named)), declared=True) == page


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/html", "text/html; charset=", "text/html; charset=nonsense", "text/html; charset=rot13"),
        *("text/html; charset=utf-7", "text/html; charset=zlib", "text/html; charset=unicode-escape"),
        *("application/pdf; charset=koi8-r", "image/svg+png; charset=koi8-r", "text/html; charset=utf-8"),
    ],
)
def test_where_the_server_says_nothing_of_use_the_bytes_stay(content_type: str) -> None:
    data = "Käse".encode("cp1252")
    assert apply_charset(data, content_type) == data


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4 \xe9", b"PK\x03\x04\xe9", codecs.BOM_UTF8 + b"\xe9", bytes(range(256))]
)
def test_what_is_no_text_stays_as_it_is(data: bytes) -> None:
    assert apply_charset(data, "text/html; charset=iso-8859-1") == data


@given(st.binary(max_size=200), st.text(max_size=40))
def test_nothing_breaks_it(data: bytes, name: str) -> None:
    given = apply_charset(data, f"text/plain; charset={name}")
    assert given == data or given.startswith(codecs.BOM_UTF8)
