"""The public data that the reader is trained on, in one form, whatever its own.

Folders are those of `../shared/reader` and `../shared/bench`; the card of the weights lists their licences.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.text.sentences import sentences as spans_of

KEPT_ARTICLES = ("Huguenot", "Packet_switching", "Scottish_Parliament", "French_and_Indian_War")
"""The articles of SQuAD 2.0's half that are never trained on: they stay a benchmark."""
PUBMED_TITLE = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over the sentences of a paragraph.

    `answers` are the places of the sentences that answer it, empty where none does; `spans` the words that
    do, each with its place; `plausible` the places of those that only seem to. `kind` is what the answer is
    (person, date), where the data tell.
    """

    question: str
    sentences: tuple[str, ...]
    title: str
    answers: tuple[int, ...]
    spans: tuple[tuple[int, str], ...]
    plausible: tuple[int, ...]
    origin: str
    group: str
    """The document: held-back pairs are taken by whole documents."""
    kind: str = ""


def load(path: Path) -> Any:
    """The JSON of a file, gzipped or not."""
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def lines(path: Path) -> list[Any]:
    """The records of a JSON Lines file, gzipped or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines()]


def asked(shared: Path) -> Iterator[Asked]:
    """All questions of the training data, source after source."""
    reader = shared / "reader"
    for part in ("dev", "test"):
        yield from _qamr(reader / "qamr" / f"{part}.txt.gz")
        yield from _selqa(reader / "selqa" / f"{part}.json.gz")
        yield from squad(load(reader / "policyqa" / f"{part}.json.gz"), "policyqa")
    yield from squad(load(reader / "covidqa" / "200423_covidQA.json.gz"), "covidqa")
    yield from squad(load(reader / "jaquad" / "train.json.gz"), "jaquad")
    yield from _pubmedqa(reader / "pubmedqa" / "ori_pqal.json.gz")
    yield from squad(training_articles(shared), "squad2")


def training_articles(shared: Path) -> dict[str, Any]:
    """SQuAD 2.0's articles that are trained on, without the paragraphs that XQuAD asks about."""
    known = load(shared / "bench" / "xquad" / "xquad.en.json.gz")["data"]
    tests = {_squeezed(p["context"]) for article in known for p in article["paragraphs"]}
    articles = []
    for article in load(shared / "bench" / "squad2" / "dev-half.json")["data"]:
        if article["title"] not in KEPT_ARTICLES:
            paragraphs = [p for p in article["paragraphs"] if _squeezed(p["context"]) not in tests]
            articles.append({**article, "paragraphs": paragraphs})
    return {"data": articles}


def squad(data: dict[str, Any], origin: str) -> Iterator[Asked]:
    """Questions of a file in SQuAD's form, with the plausible answers of the impossible ones."""
    for article in data["data"]:
        title = article.get("title", "").replace("_", " ")
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            spans = spans_of(text)
            told = tuple(" ".join(text[s.start : s.end].split()) for s in spans)
            group = title or text[:60]
            for qa in paragraph["qas"]:
                impossible = qa.get("is_impossible", False)
                given = qa.get("plausible_answers", []) if impossible else qa["answers"]
                found = [(_place(spans, a["answer_start"]), a["text"].strip()) for a in given]
                places = tuple(dict.fromkeys(place for place, _ in found))
                yield Asked(
                    qa["question"].strip(), told, title, () if impossible else places,
                    () if impossible else tuple(found), places if impossible else (), origin, group,
                    given[0].get("answer_type", "") if given else "",
                )  # fmt: skip


def _place(spans: list[Any], at: int) -> int:
    return next((n for n, span in enumerate(spans) if at < span.end), len(spans) - 1)


def _qamr(path: Path) -> Iterator[Asked]:
    """Questions on whose answer two people agree."""
    group = sentence = ""
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        if line.startswith("#"):
            group, sentence = line, ""
        elif line.strip() and not sentence:
            sentence = untokenised(line.strip())
        elif line.strip():
            cut = line.find("?")
            question, *answers = line[: cut + 1], *line[cut + 1 :].strip().split("\t")
            answers = [untokenised(a.strip()) for a in answers if a.strip() and a.strip() in sentence]
            if len(question.split()) > 3 and len(answers) > 1 and _agree(answers):
                spans = tuple((0, answer) for answer in dict.fromkeys(answers))
                yield Asked(question.strip(), (sentence,), "", (0,), spans, (), "qamr", group)


def _agree(answers: list[str]) -> bool:
    first, second = (set(answer.lower().split()) for answer in answers[:2])
    return bool(first & second)


def untokenised(text: str) -> str:
    text = re.sub(r" (?=[.,;:?!)%]|'s\b|n't\b)", "", text)
    return text.replace("-LRB- ", "(").replace(" -RRB-", ")").replace("``", '"').replace("''", '"')


def _selqa(path: Path) -> Iterator[Asked]:
    for row in load(path):
        title = f"{row['article']}: {row['section']}" if row["section"] else row["article"]
        told = tuple(row["candidates"])
        yield Asked(
            row["question"], told, title, tuple(row["answers"]), (), (), "selqa", row["article"]
        )  # fmt: skip


def _pubmedqa(path: Path) -> Iterator[Asked]:
    """A paper's question is answered by its conclusion, and by nothing of its background."""
    for number, row in load(path).items():
        labelled = zip(row["CONTEXTS"], row["LABELS"], strict=True)
        background = [text for text, label in labelled if label.startswith("BACK")]
        parts = [row["LONG_ANSWER"], *background]
        cut = [[part[s.start : s.end] for s in spans_of(part)] for part in parts]
        told = tuple(sentence for part in cut for sentence in part)
        if len(cut[0]) == 1 and len(told) > 1:
            yield Asked(row["QUESTION"], told, PUBMED_TITLE, (0,), (), (), "pubmedqa", number)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
