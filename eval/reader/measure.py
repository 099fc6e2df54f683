"""Measures the shipped reader on what it was never trained on.

    python -m eval.reader.measure --data ../shared/bench [squad clapnq near claims xquad speed] [--limit 200]

Nothing is fitted here. The threshold of support is that of `assistant.retrieval.reader`, chosen on pairs held
back from training. The last line is all figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.core import config
from assistant.embedding.embedders import E5
from assistant.evaluation.scoring.metrics import auc
from assistant.retrieval.reader import SUPPORTED, Excerpt, Reader, context
from eval.reader.search import Index
from eval.reader.sources import KEPT_ARTICLES, Asked, lines, load, squad

READ = 12
"""Sentences read for a question."""
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Bench:
    """The reader, where the benchmarks are, how many questions of each are asked."""

    reader: Reader
    data: Path
    limit: int | None

    def scores(self, question: str, sentences: Sequence[str], title: str = "") -> list[float]:
        """Return the probability of each of consecutive sentences that it answers the question."""
        before = ["", *sentences]
        excerpts = [Excerpt(s, context(title, (), b)) for s, b in zip(sentences, before, strict=False)]
        return [float(p) for p in self.reader.answers(question, excerpts)]


def squad_kept(bench: Bench) -> Figures:
    """SQuAD 2.0's kept articles, the right paragraph given: AUC of the best sentence's probability, answer or
    none; the share whose best sentence is a right one."""
    data = load(bench.data / "squad2" / "dev-half.json")["data"]
    articles = {"data": [article for article in data if article["title"] in KEPT_ARTICLES]}
    questions = _thinned([*squad(articles, "squad2")], bench.limit)
    rows = [(q, bench.scores(q.question, q.sentences, q.title)) for q in questions]
    return {
        "auc": auc([max(s) for q, s in rows if q.answers], [max(s) for q, s in rows if not q.answers]),
        "sentence_first": _first([row for row in rows if row[0].answers]),
    }


def clapnq(bench: Bench) -> Figures:
    """CLAPnq's given half, the passage given: AUC of the best sentence's probability."""
    found = {}
    for kind in ("answerable", "unanswerable"):
        rows = _thinned(lines(bench.data / "clapnq" / f"dev_{kind}.jsonl"), bench.limit)
        found[kind] = [
            max(bench.scores(r["input"], p["sentences"], p["title"])) for r in rows for p in r["passages"][:1]
        ]
    return {"auc": auc(found["answerable"], found["unanswerable"])}


def xquad(bench: Bench) -> Figures:
    """Each language's questions on its own paragraphs: right sentence first, with the right paragraph; AUC of
    it against the READ nearest sentences of all other paragraphs, as when it is taken away."""
    figures = {}
    for path in sorted((bench.data / "xquad").glob("xquad.*.json.gz")):
        language = path.name.split(".")[1]
        everything = [*squad(load(path), "xquad")]
        index = Index([*dict.fromkeys(s for q in everything for s in q.sentences)])
        rows, away = [], []
        for q in _thinned(everything, bench.limit):
            rows.append((q, bench.scores(q.question, q.sentences)))
            others = [s for s in index.nearest(q.question, READ + 20) if s not in q.sentences][:READ]
            away.append(max(float(p) for p in bench.reader.answers(q.question, [Excerpt(s) for s in others])))
        figures[f"{language} sentence_first"] = _first(rows)
        figures[f"{language} auc_taken_away"] = auc([max(scores) for _, scores in rows], away)
    return figures


def near_misses(bench: Bench) -> Figures:
    """The product's own retrieval over the shipped corpus: AUC of the golden questions that have an answer
    against near misses that have none, of all and of those that the product answers today."""
    from assistant.assistant import Assistant

    with (
        tempfile.TemporaryDirectory() as home,
        Assistant.open(config.in_folder(config.load(), Path(home))) as assistant,
    ):
        assistant.fill()
        good = [_corpus_scores(assistant, bench, q) for q in _golden(True)]
        near = [_corpus_scores(assistant, bench, q) for q in _golden(False)]
    answered = [[score for score, was, _ in part if was] for part in (good, near)]
    return {
        "auc": auc([s for s, *_ in good], [s for s, *_ in near]),
        "auc_answered": auc(*answered) if all(answered) else float("nan"),
        "auc_of_confidence": auc([c for *_, c in good], [c for *_, c in near]),
        "auc_together": auc(*([_logit(s) + _logit(c) for s, _, c in part] for part in (good, near))),
        "near_misses_answered": len(answered[1]),
    }


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _golden(answerable: bool) -> Iterator[str]:
    paths = [Path(f"eval/golden/{name}.jsonl") for name in ("iran", "handbook")]
    for path in paths if answerable else [Path("eval/checks/near-misses.jsonl")]:
        yield from (row["question"] for row in lines(path) if row.get("answerable", True) == answerable)


def _corpus_scores(assistant: Any, bench: Bench, question: str) -> tuple[float, bool, float]:
    """The best probability, whether the product answers, its confidence."""
    from assistant.answering import extractive
    from assistant.core.types import Query

    passages = assistant.retriever.retrieve(Query(question))
    ranked = sorted(extractive._candidates(passages), key=lambda c: -c.score)[:READ]
    excerpts = [Excerpt(c.text, context(c.scored.title, c.scored.passage.headings)) for c in ranked]
    extracted = extractive.extract(question, passages)
    best = max((float(p) for p in bench.reader.answers(question, excerpts)), default=0.0)
    return best, extracted.answered, extracted.confidence


def claims(bench: Bench) -> Figures:
    """For each file of claims, balanced accuracy at the threshold, and AUC. Partly is not supported."""
    figures = {}
    for path in sorted((bench.data / "support").glob("*.jsonl.gz")):
        good: list[float] = []
        bad: list[float] = []
        for row in _thinned(lines(path), bench.limit):
            evidence = row["evidence"] if isinstance(row["evidence"], list) else [row["evidence"]]
            score = support(bench.reader, row["claim"], [_written(e) for e in evidence])
            (good if row["label"] in ("supported", "SUPPORTS") else bad).append(score)
        rates = float(np.mean([s > SUPPORTED for s in good])), float(np.mean([s <= SUPPORTED for s in bad]))
        name = path.name.split(".")[0]
        figures[f"{name} balanced_accuracy"] = sum(rates) / 2
        figures |= {f"{name} auc": auc(good, bad), f"{name} true_positive_rate": rates[0]}
    return figures


def support(reader: Reader, claim: str, evidence: Sequence[str]) -> float:
    """The best probability of the nearest sentences, alone and together."""
    index = Index(evidence)
    order = sorted(range(len(evidence)), key=lambda at: -index.shared(claim, evidence[at]))[:3]
    best = order[0]
    runs = [[at] for at in order] + [sorted(order[:2]), sorted(order)]
    runs += [[best - 1, best], [best, best + 1]]
    texts = {" ".join(evidence[at] for at in run if 0 <= at < len(evidence)) for run in runs}
    return float(max(reader.supports(_written(claim), [Excerpt(text) for text in sorted(texts)])))


def _written(text: str) -> str:
    """Return a text as people write it, without the marks of tokenisation."""
    for old, new in (("-LRB- ", "("), (" -RRB-", ")"), (" ,", ","), (" .", "."), (" '", "'"), (" --", " -")):
        text = text.replace(old, new)
    return text.removeprefix("(meta data) TITLE: ")


def held(bench: Bench) -> Figures:
    """On the pairs held back from training (`--held`), for the choice of thresholds: AUC, and the threshold
    at which both kinds are told apart best."""
    rows = lines(bench.data)
    figures: Figures = {}
    for task, read in (("answers", bench.reader.answers), ("supports", bench.reader.supports)):
        own = [row for row in rows if row["task"] == task][: bench.limit]
        scores = [float(read(row["first"], [Excerpt(row["second"], row["context"])])[0]) for row in own]
        good = [s for s, row in zip(scores, own, strict=True) if row["label"]]
        bad = [s for s, row in zip(scores, own, strict=True) if not row["label"]]
        figures[f"{task} auc"] = auc(good, bad)
        figures[f"{task} threshold"] = max(
            np.linspace(0.05, 0.95, 91),
            key=lambda t: np.mean(np.array(good) > t) + np.mean(np.array(bad) <= t),
        )
    return figures


def speed(bench: Bench) -> Figures:
    """Milliseconds for READ sentences of about 35 words each, the median of twenty."""
    excerpts = [
        Excerpt(f"{n} " + "the river was crossed by the army in the early spring of that year " * 2)
        for n in range(READ)
    ]
    taken = []
    for _ in range(21):
        began = time.perf_counter()
        bench.reader.answers("When did the army of the north cross the river?", excerpts)
        taken.append(1000 * (time.perf_counter() - began))
    return {"milliseconds": statistics.median(taken[1:]), "least": min(taken)}


def _first(rows: Sequence[tuple[Asked, list[float]]]) -> float:
    return sum(int(np.argmax(scores)) in q.answers for q, scores in rows) / len(rows)


def _thinned(rows: list[Any], limit: int | None) -> list[Any]:
    """At most `limit` rows, evenly from all."""
    if limit is None or len(rows) <= limit:
        return rows
    return [rows[int(at)] for at in np.linspace(0, len(rows) - 1, limit)]


PARTS: dict[str, Callable[[Bench], Figures]] = {
    "squad": squad_kept, "clapnq": clapnq, "near": near_misses, "claims": claims, "xquad": xquad,
    "speed": speed,
}  # fmt: skip


def main() -> None:
    """Prints the figures of the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parser.add_argument("--data", type=Path, default=Path("../shared/bench"))
    parser.add_argument("--held", type=Path, help="held.jsonl of eval.reader.data, for the part held")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    reader = Reader(E5(config.load().cache))
    figures = {}
    for part in arguments.parts:
        data = arguments.held if part == "held" else arguments.data
        measured = (held if part == "held" else PARTS[part])(Bench(reader, data, arguments.limit))
        figures[part] = {name: round(float(value), 4) for name, value in measured.items()}
        print(part, figures[part], flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
