"""Faults that the assistant must survive: make faults [ARGS="NAME… [--files 3000]"]

broken    broken and hostile files, in an assistant that must not end
kills     killed at random moments in everything that changes a store, 200 times
damage    files of the index cut, flipped, removed, emptied, swapped
disk      a disk that gets full

With --files, `broken` makes so many files: those that are written down, and as many as are missing with
damage of a random kind.

Without a name, all of them, in some minutes. Exits with 1 if a figure falls short.
"""

from __future__ import annotations

import sys

from faults import broken

from eval.bench import measured

MODULES = {
    "kills": "faults.kills",
    "broken": "faults.broken",
    "damage": "faults.damage",
    "disk": "faults.disk",
}

OPTION = "--files"

if __name__ == "__main__":
    if OPTION in sys.argv[:-1]:
        at = sys.argv.index(OPTION)
        broken.FILES = int(sys.argv[at + 1])
        del sys.argv[at : at + 2]
    measured("make faults", __doc__ or "", MODULES)
