"""The golden set with 200 other documents in the store: answers must not hang on what else is there.

The others are 88 web pages (article-extraction), the 48 articles of XQuAD in English and 64 source files
(code-passages), of the folders beside each other that hold the data of the benchmarks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from assistant.core import config
from assistant.core.types import Source
from assistant.evaluation import evaluate
from assistant.evaluation.golden import sets
from assistant.evaluation.runs.runner import ask
from assistant.evaluation.runs.summary import HEADLINE, summarise
from eval.benchmarks.corpus import progress
from eval.benchmarks.data import find, read_text

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = 64
"""Source files among the others."""


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """The headline figures of the golden set, over the shipped corpus and the others."""
    others = list(_others(data))
    with evaluate.open_shipped_store(config.load(), lambda _: None) as assistant:
        list(assistant.add(progress(others, "Reading and embedding")))
        results = [
            result
            for golden in progress(sets.load_sets([GOLDEN]), "Asking")
            for result in islice(ask(assistant, [golden]), limit)
        ]
    figures = summarise(results)
    return {metric.name: figures[metric.name].value for metric in HEADLINE if metric.name in figures}


def _others(data: Path) -> Iterator[Source]:
    for path in find(data / "article-extraction" / "html", "*.html"):
        yield _source(f"{path.name.split('.')[0]}.html", read_text(path))
    [english] = find(data / "xquad", "xquad.en.json")
    for article in json.loads(read_text(english))["data"]:
        text = "\n\n".join(paragraph["context"] for paragraph in article["paragraphs"])
        yield _source(f"{article['title']}.md", f"# {article['title'].replace('_', ' ')}\n\n{text}")
    [files] = find(data / "code-passages", "documents.json")
    for number, document in enumerate(json.loads(read_text(files))[:FILES]):
        yield _source(f"source-{number}.txt", document["content"])


def _source(name: str, text: str) -> Source:
    return Source(name, text.encode)
