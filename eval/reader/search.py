"""The sentences that share most words with a question: where near misses are taken from."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+")
_COMMON = 0.1
"""Terms in more than this share of the sentences are not looked up."""


def terms(text: str) -> set[str]:
    """The words of a text without their endings; pairs of characters where no spaces are written."""
    found = {word[:6] for word in re.findall(r"[^\W_]{2,}", _CJK.sub(" ", text.lower()))}
    for run in _CJK.findall(text):
        found |= {run[at : at + 2] for at in range(len(run) - 1)}
    return found


class Index:
    """An inverted index of sentences, by the rarity of the words shared."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = sentences
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        self.lengths = []
        for place, sentence in enumerate(sentences):
            own = terms(sentence)
            self.lengths.append(math.log(8 + len(own)))
            for term in own:
                self.places[term].append(place)

    def weight(self, term: str) -> float:
        return math.log(1 + len(self.sentences) / (1 + len(self.places.get(term, ()))))

    def nearest(self, text: str, count: int) -> list[str]:
        """The `count` sentences that share most with `text`, best first."""
        scores: Counter[int] = Counter()
        most = max(50, _COMMON * len(self.sentences))
        for term in sorted(terms(text)):
            if len(self.places.get(term, ())) <= most:
                weight = self.weight(term)
                for place in self.places.get(term, ()):
                    scores[place] += weight / self.lengths[place]
        return [self.sentences[place] for place, _ in scores.most_common(count)]

    def shared(self, text: str, sentence: str) -> float:
        """Return how much `sentence` shares with `text`."""
        return sum(map(self.weight, terms(text) & terms(sentence))) / math.log(8 + len(terms(sentence)))
