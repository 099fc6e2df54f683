"""Article extraction: Scrapinghub, https://github.com/scrapinghub/article-extraction-benchmark (MIT).

Web pages with the text of their article. Shingles of four words of what was read are counted against those of
the gold text; precision and recall are averaged over pages, and F1 is that of the averages.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

from assistant.core.errors import ReadError
from assistant.ingest.parse import read
from eval.benchmarks.corpus import progress

WORDS = 4


def run(data: Path, limit: int | None = None) -> dict[str, float]:
    """F1, precision and recall of four-word shingles over the pages; a refused page counts as empty."""
    gold = json.loads((data / "ground-truth.json").read_text("utf-8"))
    pages = list(gold.items())[:limit]
    rows = [_row(data, key, page["articleBody"]) for key, page in progress(pages, "Reading")]
    precision, recall = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"f1": f1, "precision": precision, "recall": recall, "pages": len(rows)}


def _row(data: Path, key: str, gold: str) -> tuple[float, float]:
    page = gzip.decompress((data / "html" / f"{key}.html.gz").read_bytes())
    try:
        text = read(page, f"{key}.html").text
    except ReadError:
        text = ""
    return precision_and_recall(text, gold)


def precision_and_recall(text: str, gold: str) -> tuple[float, float]:
    """Of shingles, each as often as it occurs. Two empty texts agree wholly."""
    found, wanted = _shingles(text), _shingles(gold)
    right = (found & wanted).total()
    if not found and not wanted:
        return 1.0, 1.0
    return right / max(found.total(), 1), right / max(wanted.total(), 1)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    starts = range(max(len(words) - WORDS + 1, 1)) if words else range(0)
    return Counter(tuple(words[at : at + WORDS]) for at in starts)
