"""Fits the model of `assistant.retrieval.confidence` and writes its weights.

    python -m eval.fit_confidence --data ../shared/bench

Cases come from the golden sets and questions in everyday words (`eval/fitting`) on the shipped corpus,
from such questions on paragraphs of XQuAD, from what was written on passages that the reader was not trained
on (`eval/reader/written`), from CLAPnq and from SQuAD 2.0. Some search all documents and some one document
only ("within": the one that holds the answer, or the nearest if none does; CLAPnq gives its passage).
Questions that the corpus nearly answers are the hardest: such cases are made by removing the passages that
answer a question ("open"). `eval.logistic` tells how sets are fitted together. The figure to trust is that of
a set which, with all that was made of it, is left out of the fit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.types import Query, ScoredPassage, Turn
from assistant.embedding.embedders import E5
from assistant.evaluation.scoring.metrics import auc
from assistant.ingest.parse import identity
from assistant.retrieval import confidence, retriever
from assistant.retrieval.query_rewriting.rewriting import Exchange, understood
from assistant.retrieval.reader import Reader
from eval.benchmarks import clapnq, squad2, xquad
from eval.benchmarks.corpus import Item, opened, progress
from eval.benchmarks.data import find, read_text
from eval.logistic import Case, Model, fit
from eval.reader import written
from eval.reader.sources import KEPT_ARTICLES

NAMES = ("answers", "sentence", "other_number", "lacking")
"""The features; see docs/decisions/0003-abstention.md for those that were left."""
FIXED = {"other_number": -2.6, "lacking": -2.0}
"""Weights that are not fitted, but for the scale of all. What says nothing of the number asked about is no
answer, nor is what holds no amount, time or person where one is asked for; too few questions of the public
sets turn on that for a fit to find it out."""
SQUAD_QUESTIONS = 250
EACH = 2
"""Questions of each kind that are taken of what was written on a passage."""
FITTING = Path(__file__).with_name("fitting")
FOUND = retriever.READ
"""Passages retrieved: all that are read word by word, so that enough of these are left when those that answer
are taken away."""


def main() -> None:
    """Collects the cases, prints what each set left out gives, and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/bench"))
    arguments = parser.parse_args()
    cases = [
        *_shipped(),
        *_written(arguments.data.parent),
        *_wiki(arguments.data / "xquad"),
        *_clapnq(arguments.data / "clapnq"),
        *_squad(arguments.data / "squad2"),
    ]
    target = Path(confidence.__file__).with_name("confidence.json")
    target.write_text(json.dumps(_fitted(cases), indent=2) + "\n")


def _fitted(cases: Sequence[Case]) -> dict[str, Any]:
    """Return the model as it is written: what it was fitted on, what it gives on sets left out."""
    model, left_out = fit(cases, NAMES, FIXED), {}
    origins = sorted({case.origin for case in cases})
    for origin in origins:
        own = [case for case in cases if case.origin == origin]
        rest = [case for case in cases if not case.origin.startswith(origin.split(",")[0])]
        left_out[origin] = round(_auc(own, fit(rest, NAMES, FIXED)), 3)
        print(
            f"{origin:<16} {len(own):>5} cases  AUC {_auc(own, model):.3f} fitted,"
            f" {left_out[origin]:.3f} left out"
        )
    return {
        "fitted_on": {origin: sum(c.origin == origin for c in cases) for origin in origins},
        "auc_left_out": left_out,
        "bias": round(model.bias, 4),
        "weights": {name: round(weight, 4) for name, weight in model.weights.items()},
    }


def _shipped() -> Iterator[Case]:
    sets = [("golden", path) for path in sorted(Path("eval/golden").glob("*.jsonl"))]
    with tempfile.TemporaryDirectory() as home:
        settings = replace(config.load({}), home=Path(home))
        with Assistant.open(settings) as assistant:
            assistant.fill()
            for name, path in [*sets, ("everyday", FITTING / "everyday.jsonl")]:
                for line in path.read_text("utf-8").splitlines():
                    yield from _conversation(assistant, json.loads(line), name)


def _conversation(assistant: Assistant, row: dict[str, Any], name: str) -> Iterator[Case]:
    history: list[Turn] = []
    for turn in row.get("turns", [row]):
        seen = assistant.examine(turn["question"], history)
        history.append(Turn(turn["question"], seen.query.text, seen.answer))
        query = seen.query
        passages = assistant.retriever.retrieve(query, FOUND)
        answerable = turn.get("answerable", row.get("answerable", True))
        sources = turn["documents"] if answerable else [""]
        [nearest, *_] = [p for p in passages if p.source.endswith(tuple(sources))] or passages
        own = frozenset({nearest.passage.document_id})
        within = assistant.retriever.retrieve(query, FOUND, own)
        yield _case(query, passages, answerable, name)
        if answerable:
            yield from _open(query, passages, _holding(passages, turn["facts"]), f"{name}, open")
            yield from _open(query, within, _holding(within, turn["facts"]), f"{name}, within")
        else:
            yield _case(query, within, False, f"{name}, within")


def _holding(passages: Sequence[ScoredPassage], facts: Sequence[str | list[str]]) -> list[ScoredPassage]:
    """The passages that hold any of the facts."""
    forms = [form for fact in facts for form in ([fact] if isinstance(fact, str) else fact)]
    return [p for p in passages if any(_folded(form) in _folded(p.passage.text) for form in forms)]


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _wiki(data: Path) -> Iterator[Case]:
    [english] = find(data, "xquad.en.json")
    articles = json.loads(read_text(english))["data"]
    with opened("xquad-en", list(xquad.items(articles))) as corpus:
        documents = {key: document for document, keys in corpus.keys.items() for key in keys}
        for line in progress((FITTING / "everyday-wiki.jsonl").read_text("utf-8").splitlines(), "Wiki"):
            row = json.loads(line)
            query, own = (
                Query(row["question"]),
                documents[xquad.key(articles, row["article"], row["paragraph"])],
            )
            passages = corpus.retriever.retrieve(query, FOUND)
            yield _case(query, passages, row["answerable"], "wiki")
            if row["answerable"]:
                answering = [p for p in passages if p.passage.document_id == own]
                yield from _open(query, passages, answering, "wiki, open")


def _written(shared: Path) -> Iterator[Case]:
    """Questions, near misses and follow-ups on passages among those that the reader was trained on."""
    own = [*written.passages(shared, "fitting")]
    others = [*written.passages(shared, "training")]
    with opened("written", [_item(passage) for passage in [*own, *others]]) as corpus:
        documents = {key: document for document, keys in corpus.keys.items() for key in keys}
        for passage in progress(own, "Written"):
            history = Exchange("", about=(passage.title,))
            asked = [(Query(row["q"]), True) for row in passage.questions[:EACH]]
            asked += [(Query(row["q"]), False) for row in passage.near[:EACH]]
            asked += [
                (
                    understood(row["q"], [replace(history, question=row["before"])], corpus.likeness),
                    bool(row["answers"]),
                )
                for row in passage.follow
            ]
            for query, answerable in asked:
                passages = corpus.retriever.retrieve(query, retriever.LIMIT)
                is_found = documents[passage.id] in {p.passage.document_id for p in passages}
                if is_found or not answerable:  # many can only be asked by those who know the passage
                    yield _case(query, passages, answerable, "written")


def _item(passage: written.Passage) -> Item:
    rows = sum("; " in sentence for sentence in passage.sentences)
    apart = "\n\n" if 2 * rows > len(passage.sentences) else " "
    return Item.titled(passage.id, passage.title, apart.join(passage.sentences))


def _clapnq(data: Path) -> Iterator[Case]:
    good, bad = (clapnq._records(data / f"dev_{kind}.jsonl") for kind in ("answerable", "unanswerable"))
    with opened("clapnq", [clapnq._item(record) for record in [*good, *bad]]) as corpus:
        for record in progress([*good, *bad], "CLAPnq"):
            query, own = Query(record["input"]), identity(clapnq._item(record).data)
            given = corpus.retriever.retrieve(query, documents=frozenset({own}))
            yield _case(query, given, record in good, "clapnq, within")
            if record in good:
                passages = corpus.retriever.retrieve(query, FOUND)
                answering = [p for p in passages if p.passage.document_id == own]
                yield from _open(query, passages, answering, "clapnq, open")


def _squad(data: Path) -> Iterator[Case]:
    # The reader was trained on the other articles.
    articles = json.loads(next(data.glob("*.json")).read_text("utf-8"))["data"]
    articles = [article for article in articles if article["title"] in KEPT_ARTICLES]
    questions = list(squad2._questions(articles))
    with opened("squad2-kept", list(squad2._items(articles))) as corpus:
        documents = {key: document for document, keys in corpus.keys.items() for key in keys}
        for asked in progress(questions[:: max(1, len(questions) // SQUAD_QUESTIONS)], "SQuAD 2.0"):
            query, own = Query(asked.text), documents[asked.paragraph]
            passages = corpus.retriever.retrieve(query, FOUND)
            within = corpus.retriever.retrieve(query, FOUND, frozenset({own}))
            if asked.answers:
                answering = [p for p in passages if p.passage.document_id == own]
                yield from _open(query, passages, answering, "squad2, open")
            yield _case(query, passages, bool(asked.answers), "squad2")
            yield _case(query, within, bool(asked.answers), "squad2, within")


def _open(
    query: Query, passages: Sequence[ScoredPassage], answering: Sequence[ScoredPassage], origin: str
) -> Iterator[Case]:
    """A question with all that was found, and with what is left when the answering passages are gone."""
    left = [p for p in passages if p not in answering]
    yield _case(query, passages, True, origin)
    if left:
        yield _case(query, left, False, origin)


def _case(query: Query, passages: Sequence[ScoredPassage], answerable: bool, origin: str) -> Case:
    shown = _reader().read(query, passages[: retriever.LIMIT])
    return Case(confidence.features(query.text, shown), answerable, origin)


@cache
def _reader() -> Reader:
    return Reader(E5(config.load().cache))


def _auc(cases: Sequence[Case], model: Model) -> float:
    good, bad = ([model.logit(c.features) for c in cases if c.good == kind] for kind in (True, False))
    return auc(good, bad)


if __name__ == "__main__":
    main()
