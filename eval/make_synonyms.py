"""Words that mean the same, from WordNet's database files: python -m eval.make_synonyms DICT > FILE

A line is a class. Two words share one where they share a synset that is a main sense of both, or where one is
derived from the other in such a sense ("sell sale"). A line `word < wider words` says what a noun is a kind
of.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

MAIN = 0.2
"""The share of a word's tagged occurrences that a main sense has at least; the first sense always is one."""
COMMON = 1
"""Tagged occurrences that a word must have in all to be listed."""
KINDS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv", "s": "adj"}
NUMBER = {"noun": "1", "verb": "2", "adj": "3", "adv": "4"}


def main(folder: Path) -> None:
    """Prints the classes."""
    senses, total = counted(folder / "index.sense")
    synsets, hypernyms, derived = {}, {}, []
    for kind in NUMBER:
        for line in (folder / f"data.{kind}").read_text("latin-1").splitlines():
            if line.startswith("  "):
                continue
            at, words, pointers = parsed(line)
            synsets[kind, at] = words
            hypernyms[kind, at] = [(KINDS[k], to) for sign, to, k, *_ in pointers if sign == "@"]
            derived += [
                ((kind, at, int(a, 16)), (KINDS[k], to, int(b, 16)))
                for sign, to, k, a, b in pointers
                if sign == "+" and a != "00"
            ]

    def is_main(word: str, kind: str, at: str) -> bool:
        if not (word.isalpha() and word.islower() and total[word] >= COMMON):
            return False
        first, count = senses.get((word, kind, at), (9, 0))
        return count >= MAIN * total[word] or (first == 1 and count >= 0.05 * total[word])

    classes = set()
    for (kind, at), words in synsets.items():
        some = tuple(sorted({w for w in words if is_main(w, kind, at)}))
        if len(some) > 1:
            classes.add(some)
    for (kind, at, a), (other, to, b) in derived:
        one, two = synsets[kind, at][a - 1], synsets[other, to][b - 1]
        if (
            one != two
            and one[:4] != two[:4]
            and is_main(one, kind, at)
            and is_main(two, other, to)
            and not two.endswith(("er", "or", "ee", "ant", "ent"))
            and not one.endswith(("er", "or", "ee", "ant", "ent"))
        ):
            classes.add(tuple(sorted((one, two))))
    for line in sorted(" ".join(some) for some in classes):
        print(line)
    wider = defaultdict(set)
    for (kind, at), words in synsets.items():
        if kind != "noun":
            continue
        above = {w for k in hypernyms[kind, at] for w in synsets[k] if is_main(w, *k)}
        for w in words:
            if above and is_main(w, kind, at):
                wider[w] |= above - {w}
    for w in sorted(wider):
        if wider[w]:
            print(w, "<", *sorted(wider[w]))


def counted(path):
    senses, total = {}, defaultdict(int)
    for line in path.read_text("latin-1").splitlines():
        key, at, number, count = line.split()
        word, rest = key.split("%")
        kind = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}[rest[0]]
        senses[word, kind, at] = (int(number), int(count))
        total[word] += int(count)
    return senses, total


def parsed(line):
    fields = line.split(" | ")[0].split()
    at, count = fields[0], int(fields[3], 16)
    words = [w.split("(")[0].lower() for w in fields[4 : 4 + 2 * count : 2]]
    rest = fields[4 + 2 * count :]
    pointers = []
    for n in range(int(rest[0])):
        sign, to, kind, ends = rest[1 + 4 * n : 5 + 4 * n]
        pointers.append((sign, to, kind, ends[:2], ends[2:]))
    return at, words, pointers
