"""Archives that unpack to more than there is room for, and do other harm."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial

from faults import damaged, packages, texts
from faults.damaged import Case
from faults.packages import MAIN, changed, packed
from faults.samples import MAKERS

MB = 1_000_000


def cases() -> Iterator[Case]:
    """Return all cases of this module."""
    for suffix in MAIN:
        yield Case(f"bomb-of-zeros.{suffix}", partial(_bomb, suffix, lambda _: bytes(1_100 * MB)))
        yield Case(
            f"bomb-below-the-limit.{suffix}", partial(_bomb, suffix, lambda xml: _padded(xml, 600 * MB))
        )
        yield Case(f"bomb-that-lies-of-its-size.{suffix}", partial(_lying, suffix))
        yield Case(f"bomb-of-many-members.{suffix}", partial(_many, suffix, 60_000))
        yield Case(f"without-its-text.{suffix}", partial(_without, suffix))
        yield Case(
            f"text-is-no-xml.{suffix}", partial(changed, suffix, lambda _: random.Random(5).randbytes(9_000))
        )
        yield Case(f"text-twice.{suffix}", partial(_twice, suffix))
        yield Case(f"says-it-is-encrypted.{suffix}", partial(_flagged, suffix))
    plain = {"a.md": texts.markdown()}
    yield Case("bomb-of-zeros.zip", lambda: packed({"a.txt": bytes(1_100 * MB)}))
    yield Case("bomb-of-text.zip", lambda: packed({"a.txt": b"boil the water again. " * 200_000}))
    yield Case("bomb-in-bombs.zip", partial(_nested, 8, lambda: packed({"a.txt": bytes(900 * MB)})))
    yield Case("nested.zip", partial(_nested, 200, texts.book))
    yield Case("many.zip", lambda: packed({f"{n}.txt": b"kettle %d" % n for n in range(70_000)}))
    yield Case("paths-that-lead-out.zip", lambda: packed(plain | dict.fromkeys(_OUT, texts.plain())))
    yield Case("a-link.zip", _linked)
    yield Case("overlapping.zip", _overlapping)
    yield Case("nothing-in-it.zip", lambda: packed({}))
    yield Case("only-folders.zip", lambda: packed({"a/": b"", "b/c/": b""}))
    yield Case("of-broken-ones.zip", _of_broken_ones)
    yield Case("names-of-no-encoding.zip", lambda: packed(plain).replace(b"a.md", b"\xff\xfe\x80d"))
    yield Case("a-long-name.zip", lambda: packed({"n" * 60_000 + ".md": texts.markdown()}))
    yield Case("beside-its-end.zip", lambda: packed(plain) + bytes(70_000))


_OUT = ("../../../../tmp/out.txt", "/tmp/out.txt", "C:\\out.txt", "a/../../out.md", "\\\\host\\share\\a.txt")


def _bomb(suffix: str, inside: Callable[[bytes], bytes]) -> bytes:
    return changed(suffix, inside)


def _padded(xml: bytes, size: int) -> bytes:
    """The XML with so many spaces before the end of its last element."""
    at = xml.rindex(b"</")
    return xml[:at] + b" " * size + xml[at:]


def _lying(suffix: str) -> bytes:
    """A bomb whose directory says that it unpacks to 1,000 bytes."""
    data = bytearray(changed(suffix, lambda xml: _padded(xml, 400 * MB)))
    for info in zipfile.ZipFile(io.BytesIO(data)).infolist():
        if info.filename == MAIN[suffix]:
            real = struct.pack("<L", info.file_size)
    while (at := data.find(real)) >= 0:
        data[at : at + 4] = struct.pack("<L", 1_000)
    return bytes(data)


def _many(suffix: str, number: int) -> bytes:
    more = {f"media/{n}.xml": b"<a/>" for n in range(number)}
    return packed(packages.unpacked(MAKERS[suffix]()) | more)


def _without(suffix: str) -> bytes:
    return packed({name: data for name, data in _members(suffix).items() if name != MAIN[suffix]})


def _members(suffix: str) -> dict[str, bytes]:
    return packages.unpacked(MAKERS[suffix]())


def _twice(suffix: str) -> bytes:
    """Two members of the name of the text, of which the second is empty."""
    return packed(_members(suffix) | {"x" * len(MAIN[suffix]): b""}).replace(
        b"x" * len(MAIN[suffix]), MAIN[suffix].encode()
    )


def _flagged(suffix: str) -> bytes:
    """Each member says that it needs a password."""
    data = bytearray(packed(_members(suffix)))
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def _nested(depth: int, inside: Callable[[], bytes]) -> bytes:
    data = inside()
    for n in range(depth):
        data = packed({f"{n}.zip": data})
    return data


def _linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("passwords.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.md", texts.markdown())
    return out.getvalue()


def _overlapping() -> bytes:
    """A thousand entries that all unpack the same 20 MB."""
    data = packed({"00000.txt": b"boil. " * (20 * MB // 6)})
    directory = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[directory:end]
    entries = b"".join(entry.replace(b"00000.txt", b"%05d.txt" % n) for n in range(1_000))
    return (
        data[:directory]
        + entries
        + struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 1_000, 1_000, len(entries), directory, 0)
    )


def _of_broken_ones() -> bytes:
    broken = [case for case in (*damaged.cut(), *damaged.flipped()) if case.name[-1] != "p"]
    return packed({case.name: case.make() for case in broken[::5]})
