"""Faults that the assistant must survive: make faults [ARGS="NAME…"]

broken    broken and hostile files, in an assistant that must not end
kills     killed at random moments in everything that changes a store, 200 times
damage    files of the index cut, flipped, removed, emptied, swapped
disk      a disk that gets full

Without a name, all of them, in some minutes. Exits with 1 if a figure falls short.
"""

from __future__ import annotations

from eval.bench import measured

MODULES = {
    "kills": "faults.kills",
    "broken": "faults.broken",
    "damage": "faults.damage",
    "disk": "faults.disk",
}

if __name__ == "__main__":
    measured("make faults", __doc__ or "", MODULES)
