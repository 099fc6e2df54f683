"""Archives of documents: the files extracted, their names, and what is refused."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_parse import docx

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest import archives, sandbox
from assistant.ingest.archives import members
from assistant.ingest.library import Library
from assistant.ingest.parse import read


def packed(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def found(data: bytes, name: str = "a.zip") -> dict[str, bytes]:
    sources = members(data, name)
    assert sources is not None
    return {source.name: source.load() for source in sources}


def refusal(data: bytes) -> str:
    with pytest.raises(ReadError) as caught:
        members(data, "folder/a.zip")
    assert caught.value.message.startswith("a.zip ")
    assert caught.value.message.endswith(".")
    return caught.value.message


def test_documents_keep_their_paths_and_what_is_hidden_or_of_another_kind_is_left_out() -> None:
    data = packed(
        {
            "two/b.md": b"B",
            "a.txt": b"A",
            "two/.secret/c.md": b"C",
            ".DS_Store": b"D",
            "__MACOSX/._a.txt": b"E",
            "two/~$letter.docx": b"F",
            "two/photo.gif": b"G",
            "empty/": b"",
        }
    )
    assert found(data, "folder/my.zip") == {"folder/my.zip/a.txt": b"A", "folder/my.zip/two/b.md": b"B"}


def test_one_document_and_what_is_no_zip_are_no_archives() -> None:
    assert members(docx(), "a.docx") is None
    assert members(docx(), "renamed.zip") is None
    assert members(packed({"mimetype": b"application/epub+zip", "a.html": b""}), "a.epub") is None
    assert members(b"PKeyed words of a text", "a.txt") is None
    assert members(b"# Markdown", "a.md") is None


def test_an_archive_in_an_archive_is_opened_and_one_deeper_is_refused_by_itself() -> None:
    deep = packed({"deep.md": b"deep"})
    inner = packed({"inner.md": b"inner", "deeper.zip": deep})
    sources = members(packed({"outer.md": b"outer", "x/inner.zip": inner}), "a.zip")
    assert sources is not None
    names = ["a.zip/outer.md", "a.zip/x/inner.zip/deeper.zip", "a.zip/x/inner.zip/inner.md"]
    assert [source.name for source in sources] == names
    assert [sources[0].load(), sources[2].load()] == [b"outer", b"inner"]
    with pytest.raises(ReadError, match=r"deeper\.zip cannot be opened within its archive"):
        sources[1].load()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/a.md", "etc/a.md"),
        ("/root/a.md", "root/a.md"),
        ("C:\\docs\\a.md", "docs/a.md"),
        ("./x/.././a.md", "x/a.md"),
        ("line\nend\x1b.md", "line end.md"),
    ],
)
def test_no_name_leads_out_of_the_archive(name: str, path: str) -> None:
    assert list(found(packed({name: b"A"}))) == [f"a.zip/{path}"]


@pytest.mark.parametrize("written", ["utf-8", "cp437"])
def test_names_are_read_that_do_not_say_how_they_are_written(written: str) -> None:
    name = "Größe café.md"
    stand_in = "?" * len(name.encode(written))
    data = packed({stand_in[:-3] + ".md": b"A"}).replace(
        (stand_in[:-3] + ".md").encode(), name.encode(written)
    )
    assert list(found(data)) == [f"a.zip/{name}"]


def test_links_are_left_out() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.md", "A")
    assert list(found(out.getvalue())) == ["a.zip/a.md"]


def test_an_archive_that_needs_a_password_is_refused() -> None:
    data = bytearray(packed({"a.md": b"A"}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    assert "password" in refusal(bytes(data))


def test_archives_without_a_document_are_refused() -> None:
    assert "without a readable document" in refusal(packed({"photo.gif": b"x"}))
    assert "without a readable document" in refusal(packed({}))


def test_bombs_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({"a.md": bytes(2_000_000), "b.md": bytes(2_000_000)})
    monkeypatch.setattr("assistant.ingest.readers.package.UNPACKED", 3_000_000)
    assert "unpacks to more than" in refusal(data)
    monkeypatch.setattr("assistant.ingest.archives.LIMIT", 1_000_000)
    monkeypatch.setattr("assistant.ingest.readers.package.UNPACKED", 5_000_000)
    sources = members(data, "a.zip") or []
    with pytest.raises(ReadError, match=r"^a.md is larger than 1 MB"):
        sources[0].load()


def test_a_file_that_lies_about_its_size_gives_no_more_than_it_says() -> None:
    data = bytearray(packed({"a.md": b"A" * 1_000_000}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    (source,) = members(bytes(data), "a.zip") or []
    with pytest.raises(ReadError, match="damaged"):
        source.load()


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = packed({f"{n}.md": b"A" for n in range(30)}, zipfile.ZIP_STORED)
    monkeypatch.setattr("assistant.ingest.archives.MEMBERS", 20)
    assert "more than 20 documents" in refusal(many)
    monkeypatch.setattr("assistant.ingest.readers.package.FILES", 25)
    assert "more than 25 files" in refusal(many)


def test_bombs_in_archives_in_an_archive_are_refused_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.readers.package.UNPACKED", 3_000_000)
    bomb = packed({"a.md": bytes(5_000_000)})
    sources = members(packed({"bomb.zip": bomb, "b.md": b"B"}), "a.zip") or []
    assert [source.name for source in sources] == ["a.zip/b.md", "a.zip/bomb.zip"]
    with pytest.raises(ReadError, match=r"bomb\.zip cannot be opened"):
        sources[1].load()


def test_packing_whose_unpacking_has_no_limit_is_refused() -> None:
    (source,) = members(packed({"a.md": b"A" * 1000}, zipfile.ZIP_BZIP2), "a.zip") or []
    with pytest.raises(ReadError, match="unusual compression"):
        source.load()


def test_damaged_archives_give_what_they_hold_or_say_what_is_wrong() -> None:
    files = {f"{n}.md": b"Some words. " * 50 for n in range(5)} | {"i.zip": packed({"x.md": b"x" * 99})}
    whole = packed(files)
    chance = random.Random(7)
    for _ in range(300):
        data = bytearray(whole[: chance.randrange(10, len(whole))] if chance.random() < 0.2 else whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            sources = members(bytes(data), "a.zip") or []
        except ReadError:
            continue
        for source in sources:
            assert source.name.startswith("a.zip/")
            with suppress(ReadError):
                assert isinstance(source.load(), bytes)


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(NAMES, st.binary(max_size=20), max_size=4))
def test_any_names_stay_below_the_archive(files: dict[str, bytes]) -> None:
    data = packed({f"{name}.md": held for name, held in files.items()})
    try:
        sources = members(data, "a.zip") or []
    except ReadError:
        return
    for source in sources:
        parts = source.name.split("/")
        assert parts[0] == "a.zip"
        assert not {"", ".", ".."} & set(parts[1:])
        assert not any(ord(char) < 32 for char in source.name)


def test_a_damaged_zip_is_named_when_it_is_read() -> None:
    data = packed({"a.md": b"A" * 100})[:60]
    assert "is damaged" in refusal(data)
    with pytest.raises(ReadError, match=r"^a\.zip is damaged"):
        read(data, "a.zip")


# -- how much an archive may bring -------------------------------------------------------------------


def test_an_archive_of_too_much_text_is_refused_before_anything_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "CHARACTERS", 100)
    assert "of text" in refusal(packed({"a.md": b"a " * 150, "b.csv": b"b," * 150}))
    assert "of text" in refusal(packed({"in.zip": packed({"a.md": b"a " * 300}, zipfile.ZIP_STORED)}))
    assert found(packed({"a.md": b"a " * 40, "b.pdf": b"%PDF-" * 900})).keys() == {
        "a.zip/a.md",
        "a.zip/b.pdf",
    }


@pytest.mark.parametrize(("limit", "value"), [("CHARACTERS", 100), ("PASSAGES", 3), ("SECONDS", 0)])
def test_what_an_archive_brings_is_counted_and_the_rest_of_it_rejected_unread(
    library: Library, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(archives, limit, value)
    monkeypatch.setattr(sandbox, "CHILDREN", 1)
    page = "<html><body>{}</body></html>"
    pages = {
        f"{n}.html": page.format(f"<h1>{n}</h1><p>Word {n} is here.</p>" * (n + 1)).encode() for n in range(9)
    }
    outcomes = list(
        library.add([Source("all.zip", lambda: packed(pages)), Source("b.md", lambda: b"# B\n\nFree.")])
    )
    by_status = {
        status: [o.source for o in outcomes if o.status == status] for status in ("added", "rejected")
    }
    assert by_status["rejected"]
    assert "b.md" in by_status["added"]
    assert all("all.zip has more" in (o.reason or "") for o in outcomes if o.status == "rejected")
    held = library.ledger.entries()
    assert sum(entry.passages for entry in held) <= (value if limit == "PASSAGES" else 100) + 1
