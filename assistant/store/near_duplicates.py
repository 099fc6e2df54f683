"""Near-duplicates: the same article from two sites, told from two editions of it.

Two texts are near where most of their runs of words are the same, they state the same figures and dates, and
within what they share no name, figure or negation stands in the place of another. Which texts are worth
comparing is told by a sketch: Broder, 1997, On the resemblance and containment of documents (MinHash), in
bands as in Leskovec et al., Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from assistant.text.quantities import claimed

RUN = 5
"""Words of a shingle."""
LEAST = 60
"""Shingles below which a text is too short to be judged."""
MOST = 50_000
"""Words above which it is too long: a book."""
NEAR = 0.9
"""The share of the shingles of two texts that both have (Jaccard)."""
BANDS, ROWS = 16, 4
"""Hardly a pair of that share in ten million has no band in common; of pairs of .3, 12 in 100 have one."""
EDITED = 0.02
"""The share of the words that may stand in the place of others."""
FRAME = 8
"""Words that must agree before a difference counts as lying within the text, and not around it."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NEGATIONS = frozenset("no not never none nor without cannot neither nobody nothing".split())
_PRIME = np.uint64(0xFFFFFFFB)
_SEEDS = np.random.default_rng(20010911).integers(1, 2**31, (2, BANDS * ROWS), np.uint64)

Hashes = NDArray[np.uint64]


def sketch(text: str) -> tuple[int, ...]:
    """The bands of a text, of which two near-duplicates share one at least; none where it is not judged."""
    words = _words(text)
    shingles = _shingles(words)
    if len(shingles) < LEAST or len(words) > MOST:
        return ()
    rows = np.array([((a * shingles + b) % _PRIME).min() for a, b in _SEEDS.T], np.uint64)
    bands = rows.reshape(BANDS, ROWS).astype("<u8")
    # Its own number is in each, so that it never meets another; 56 bits, as databases have no unsigned ones.
    digests = (blake2b(band.tobytes(), digest_size=7, salt=bytes([n])) for n, band in enumerate(bands))
    return tuple(int.from_bytes(digest.digest()) for digest in digests)


def are_near(one: str, other: str) -> bool:
    """Whether one text stands for the other."""
    words, others = _words(one), _words(other)
    a, b = _shingles(words), _shingles(others)
    if min(len(a), len(b)) < LEAST:
        return False
    both = len(np.intersect1d(a, b, assume_unique=True))
    if both < NEAR * (len(a) + len(b) - both):
        return False
    return claimed(one) == claimed(other) and not _are_editions(words, others)


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text)]


def _shingles(words: Sequence[str]) -> Hashes:
    """The different runs of words, each as a number below 2^32."""
    if len(words) < RUN:
        return np.empty(0, np.uint64)
    known: dict[str, int] = {}
    numbers = [known.setdefault(w, zlib.crc32(w.lower().encode("utf-8", "replace"))) for w in words]
    hashes = np.array(numbers, np.uint64)
    mixed = np.zeros(len(words) - RUN + 1, np.uint64)
    for at in range(RUN):
        mixed = (mixed * np.uint64(1_000_003) + hashes[at : at + len(mixed)]) % _PRIME
    return np.unique(mixed)


def _are_editions(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the texts say different things within what they share."""
    swapped: Counter[tuple[str, str]] = Counter()
    for one, other in _differences(words, others):
        if _NEGATIONS & ({w.lower() for w in one} ^ {w.lower() for w in other}):
            return True
        if one and other:
            if any(_is_name(word) for word in {*one} ^ {*other}):
                return True
            swapped[" ".join(one).lower(), " ".join(other).lower()] += 1
    # What takes the place of another again and again is what the text is about: "tea" for "coffee".
    edited = sum(len(one.split()) * count for (one, _), count in swapped.items())
    return max(swapped.values(), default=0) > 1 or edited > EDITED * len(words)


def _differences(words: Sequence[str], others: Sequence[str]) -> Iterable[tuple[list[str], list[str]]]:
    """What stands in one text and not in the other, side by side, but for what stands around the text."""
    lower = ([w.lower() for w in words], [w.lower() for w in others])
    blocks = SequenceMatcher(None, *lower).get_matching_blocks()[:-1]
    long = [at for at, block in enumerate(blocks) if block.size >= FRAME]
    inner = blocks[long[0] : long[-1] + 1] if long else []
    for before, after in itertools.pairwise(inner):
        yield (
            list(words[before.a + before.size : after.a]),
            list(others[before.b + before.size : after.b]),
        )


def _is_name(word: str) -> bool:
    return word[0].isupper() or any(char.isdigit() for char in word)
