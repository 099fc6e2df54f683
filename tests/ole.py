"""Containers of old Office files and Outlook messages ([MS-CFB]), written for the tests."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Tree = Mapping[str, "bytes | Tree"]
"""Streams and folders by their names."""
SECTOR, MINI, CUTOFF = 512, 64, 4096
END, FREE, NONE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFD
FOLDER, STREAM, ROOT = 1, 2, 5


@dataclass
class _Entry:
    """An entry of the directory: its number, and those of its neighbours and its topmost child."""

    name: str
    kind: int
    data: bytes = b""
    left: int = NONE
    right: int = NONE
    child: int = NONE
    start: int = END


@dataclass
class _Chains:
    """Sectors that were given out, and which follows which."""

    size: int
    parts: list[bytes] = field(default_factory=list)
    following: list[int] = field(default_factory=list)

    def put(self, data: bytes) -> int:
        """Store bytes; return the first of their sectors."""
        first, count = len(self.parts), -(-len(data) // self.size)
        for n in range(count):
            self.parts.append(data[n * self.size : (n + 1) * self.size].ljust(self.size, b"\0"))
            self.following.append(first + n + 1 if n < count - 1 else END)
        return first if count else END


def container(tree: Tree) -> bytes:
    """The bytes of a container with these streams and folders."""
    entries = [_Entry("Root Entry", ROOT)]
    _enter(tree, entries, 0)
    sectors, minis = _Chains(SECTOR), _Chains(MINI)
    for entry in entries:
        if entry.kind == STREAM:
            entry.start = (minis if len(entry.data) < CUTOFF else sectors).put(entry.data)
    entries[0].data = b"".join(minis.parts)
    entries[0].start = sectors.put(entries[0].data)
    mini_table = sectors.put(_numbers(minis.following))
    directory = sectors.put(b"".join(map(_written, entries)))
    tables = list(_tables(sectors))
    mini_count = -(-len(minis.following) * 4 // SECTOR)
    head = struct.pack("<8s16xHHHHH6xLLLLLLLLL", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
                       0, len(tables), directory, 0, CUTOFF, mini_table, mini_count, END, 0)  # fmt: skip
    return head + _numbers(tables, 109) + b"".join(sectors.parts)


def _enter(tree: Tree, entries: list[_Entry], parent: int) -> None:
    """Enter what is in a folder, as a balanced tree in the order of names."""
    numbers = []
    for name in sorted(tree, key=lambda name: (len(name), name.upper())):
        inside = tree[name]
        is_stream = isinstance(inside, bytes)
        numbers.append(len(entries))
        entries.append(_Entry(name, STREAM if is_stream else FOLDER, inside if is_stream else b""))
        if not isinstance(inside, bytes):
            _enter(inside, entries, numbers[-1])
    entries[parent].child = _balanced(numbers, entries)


def _balanced(numbers: Sequence[int], entries: list[_Entry]) -> int:
    if not numbers:
        return NONE
    middle = len(numbers) // 2
    entry = entries[numbers[middle]]
    entry.left = _balanced(numbers[:middle], entries)
    entry.right = _balanced(numbers[middle + 1 :], entries)
    return numbers[middle]


def _written(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\0\0"
    size = 0 if entry.kind == FOLDER else len(entry.data)
    start = 0 if entry.kind == FOLDER else entry.start
    return struct.pack(
        "<64sHBBLLL36xLQ",
        name, len(name), entry.kind, 1, entry.left, entry.right, entry.child, start, size,
    )  # fmt: skip


def _tables(sectors: _Chains) -> Iterator[int]:
    """Store the table of sectors, which tells of itself too; yield its sectors."""
    used, count = len(sectors.parts), 1
    while (used + count) * 4 > count * SECTOR:
        count += 1
    table = _numbers([*sectors.following, *[FAT] * count], count * SECTOR // 4)
    for n in range(count):
        sectors.parts.append(table[n * SECTOR : (n + 1) * SECTOR])
        yield used + n


def _numbers(numbers: Sequence[int], count: int = 0) -> bytes:
    return struct.pack(f"<{len(numbers)}L", *numbers) + b"\xff\xff\xff\xff" * (count - len(numbers))
