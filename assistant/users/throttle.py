"""Wrong tries slow down: by name, by address, and by both together. What is remembered of them is bounded.

Nobody is locked out by a stranger. One address waits between tries, up to a minute for one name. A name that
is tried from many addresses makes each try wait some seconds, which whoever knows the password bears too.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KEPT = 10_000
"""Names, addresses and pairs of them that are remembered, of each kind."""
FORGOTTEN = 3_600.0
"""Seconds after the last wrong try until those before are forgotten."""
NETWORK = 64
"""Bits of an IPv6 address that tell its user; the rest is theirs to choose."""


@dataclass(frozen=True, slots=True)
class Slowing:
    """After `free` wrong tries each further one doubles the wait, from `first` to `most` seconds."""

    free: int
    first: float
    most: float

    def wait(self, tries: int) -> float:
        """Return the seconds to wait after so many wrong tries."""
        doubled = max(0, min(tries - self.free, 30))
        return min(self.first * 2 ** (doubled - 1), self.most) if doubled else 0.0


PAIR = Slowing(5, 1.0, 60.0)
ADDRESS = Slowing(20, 1.0, 10.0)
NAME = Slowing(10, 0.25, 4.0)


class Throttle:
    """The tries of all visitors. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changing = threading.Lock()
        self._names, self._addresses, self._pairs = _Tries(), _Tries(), _Tries()

    def begin(self, name: str, address: str) -> tuple[float, float]:
        """Count a try, as if it were wrong, unless its address has to wait. Return the seconds that
        it has to, 0 if the try is looked at, and those to wait before that.

        It is counted before it is looked at, so that many at once are not looked at together.
        """
        address, now = network(address), self._clock()
        with self._changing:
            waits = self._pairs.left((name, address), PAIR, now)
            waits = max(waits, self._addresses.left((address,), ADDRESS, now))
            if waits > 0:
                return waits, 0.0
            self._pairs.count((name, address), now)
            self._addresses.count((address,), now)
            return 0.0, NAME.wait(self._names.count((name,), now) - 1)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the tries of a name at an address, and that this one was counted."""
        address = network(address)
        with self._changing:
            self._pairs.forget((name, address))
            self._names.take_back((name,))
            # Not forgotten: somebody with a name of their own would try others at that price.
            self._addresses.take_back((address,))

    def __len__(self) -> int:
        """Return the number of what is remembered."""
        return len(self._names.kept) + len(self._addresses.kept) + len(self._pairs.kept)


class _Tries:
    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[str, ...], tuple[int, float]] = OrderedDict()

    def left(self, key: tuple[str, ...], slowing: Slowing, now: float) -> float:
        tries, last = self._recent(key, now)
        return last + slowing.wait(tries) - now

    def count(self, key: tuple[str, ...], now: float) -> int:
        tries = self._recent(key, now)[0] + 1
        self.kept[key] = tries, now
        self.kept.move_to_end(key)
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return tries

    def take_back(self, key: tuple[str, ...]) -> None:
        if key in self.kept:
            tries, last = self.kept[key]
            self.kept[key] = tries - 1, last

    def forget(self, key: tuple[str, ...]) -> None:
        self.kept.pop(key, None)

    def _recent(self, key: tuple[str, ...], now: float) -> tuple[int, float]:
        tries, last = self.kept.get(key, (0, now))
        return (0, now) if now - last > FORGOTTEN else (tries, last)


def network(address: str) -> str:
    """Return what tells the user of an address: all of it, or the network of one of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(known, ipaddress.IPv6Address):
        mapped = known.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(known), NETWORK), strict=False))
    return str(known)
