"""Runs another program within limits: `python -m …confined MEGABYTES SECONDS PROGRAM …`.

It takes the place of this process. The limits are on memory, on computing time and on what it writes; where
the system allows it, the program has no network, and ends with the process that started this one.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

WRITTEN = 500_000_000
"""Limit on the bytes of a file that it writes."""
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_END_WITH_PARENT = 1


def main(megabytes: int, seconds: int, command: list[str]) -> None:
    """Become the program, within the limits."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_END_WITH_PARENT, signal.SIGKILL)
        _leave_network(libc)
    _limit(megabytes, seconds)
    os.execv(command[0], command)  # noqa: S606


def _leave_network(libc: ctypes.CDLL) -> None:
    """Enter a network that has nothing in it; those who may not make one make users of their own first."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return
    maps = {"uid_map": f"{user} {user} 1", "setgroups": "deny", "gid_map": f"{group} {group} 1"}
    for name, text in maps.items():
        with suppress(OSError), open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _limit(megabytes: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:
        return
    memory = megabytes * 1_000_000
    for kind, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
