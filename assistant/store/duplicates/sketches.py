"""Near-duplicate detection: the same article from two sites is one, two editions of an article are not.

Two texts are near-duplicates if they share most of their shingles (runs of words), state the same figures and
dates, and do not replace a name, figure or negation of the shared part by another. Candidates are found by a
sketch: Broder, 1997, On the resemblance and containment of documents (MinHash), in bands as in Leskovec et
al., Mining of Massive Datasets, chapter 3.
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

SHINGLE_WORDS = 5
"""Words of a shingle."""
MIN_SHINGLES = 60
"""Different shingles; a shorter text has no sketch."""
MAX_WORDS = 50_000
"""Words; a longer text, such as a book, has no sketch."""
MIN_SIMILARITY = 0.9
"""The Jaccard similarity of the shingles of two near-duplicates."""
BANDS, ROWS = 16, 4
"""At a similarity of .9, one pair in ten million shares no band; at .3, 12 pairs in 100 share one."""
MAX_REPLACED = 0.02
"""The share of words that may be replaced by others."""
MIN_BLOCK = 8
"""Words that must agree on both sides of a difference; others are outside the article, as in a menu."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NEGATIONS = frozenset("no not never none nor without cannot neither nobody nothing".split())
_PRIME = np.uint64(0xFFFFFFFB)
_SEEDS = np.random.default_rng(20010911).integers(1, 2**31, (2, BANDS * ROWS), np.uint64)

Hashes = NDArray[np.uint64]


def sketch(text: str) -> tuple[int, ...]:
    """Return the bands of a text, of which near-duplicates share one; none if it is too short or too long."""
    words = _words(text)
    shingles = _shingles(words)
    if len(shingles) < MIN_SHINGLES or len(words) > MAX_WORDS:
        return ()
    rows = np.array([((a * shingles + b) % _PRIME).min() for a, b in _SEEDS.T], np.uint64)
    bands = rows.reshape(BANDS, ROWS).astype("<u8")
    # Salted by number, so that different bands never match; 56 bits, as databases have no unsigned integers.
    digests = (blake2b(band.tobytes(), digest_size=7, salt=bytes([n])) for n, band in enumerate(bands))
    return tuple(int.from_bytes(digest.digest()) for digest in digests)


def are_near(first: str, second: str) -> bool:
    """True if two texts are near-duplicates."""
    words, other_words = _words(first), _words(second)
    a, b = _shingles(words), _shingles(other_words)
    if min(len(a), len(b)) < MIN_SHINGLES:
        return False
    shared = len(np.intersect1d(a, b, assume_unique=True))
    if shared < MIN_SIMILARITY * (len(a) + len(b) - shared):
        return False
    return claimed(first) == claimed(second) and not _are_editions(words, other_words)


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text)]


def _shingles(words: Sequence[str]) -> Hashes:
    """Return the distinct shingles as hashes below 2^32."""
    if len(words) < SHINGLE_WORDS:
        return np.empty(0, np.uint64)
    known: dict[str, int] = {}
    checksums = [known.setdefault(w, zlib.crc32(w.lower().encode("utf-8", "replace"))) for w in words]
    hashes = np.array(checksums, np.uint64)
    mixed = np.zeros(len(words) - SHINGLE_WORDS + 1, np.uint64)
    for at in range(SHINGLE_WORDS):
        mixed = (mixed * np.uint64(1_000_003) + hashes[at : at + len(mixed)]) % _PRIME
    return np.unique(mixed)


def _are_editions(words: Sequence[str], other_words: Sequence[str]) -> bool:
    """True if the texts say different things within their shared part."""
    replaced: Counter[tuple[str, str]] = Counter()
    for before, after in _differences(words, other_words):
        if _NEGATIONS & ({w.lower() for w in before} ^ {w.lower() for w in after}):
            return True
        if before and after:
            if any(_is_name(word) for word in {*before} ^ {*after}):
                return True
            replaced[" ".join(before).lower(), " ".join(after).lower()] += 1
    # A word that is replaced repeatedly is the topic: "tea" for "coffee".
    count = sum(len(before.split()) * times for (before, _), times in replaced.items())
    return max(replaced.values(), default=0) > 1 or count > MAX_REPLACED * len(words)


def _differences(words: Sequence[str], other_words: Sequence[str]) -> Iterable[tuple[list[str], list[str]]]:
    """Yield pairs of differing runs of words between the first and the last long common block."""
    lower = ([w.lower() for w in words], [w.lower() for w in other_words])
    blocks = SequenceMatcher(None, *lower).get_matching_blocks()[:-1]
    long = [at for at, block in enumerate(blocks) if block.size >= MIN_BLOCK]
    inner = blocks[long[0] : long[-1] + 1] if long else []
    for before, after in itertools.pairwise(inner):
        yield (
            list(words[before.a + before.size : after.a]),
            list(other_words[before.b + before.size : after.b]),
        )


def _is_name(word: str) -> bool:
    return word[0].isupper() or any(char.isdigit() for char in word)
