"""Statements that look like what a quote says and are not: how many are taken for supported, and how many
true ones in other words are kept. See `statements`; the vectors are those of the product."""

from __future__ import annotations

import sys

from hostile.statements import FALSE, TRUE, Statement

from assistant.answering.support import support_check
from assistant.core import config
from assistant.embedding.embedders import E5, Embedder, create_embedder
from assistant.retrieval.reader import Reader
from eval.bench_figure import Figure

PASS = 0.03
"""The share of false statements that may pass."""
KEPT = 0.85
"""The share of true ones that must."""


def figures() -> list[Figure]:
    """Both shares; each statement that is judged wrongly is printed."""
    made, reader = parts()
    passed = [one for one in FALSE if is_supported(one, made, reader)]
    lost = [one for one in TRUE if not is_supported(one, made, reader)]
    for one in (*passed, *lost):
        print(f"  {one.kind}: {one.sentence}", file=sys.stderr)
    return [
        Figure("false statements taken for supported", len(passed) / len(FALSE), most=PASS),
        Figure("true statements kept", 1 - len(lost) / len(TRUE), least=KEPT),
    ]


def parts() -> tuple[Embedder, Reader]:
    """The embedder and the reader of the product."""
    settings = config.load({})
    return create_embedder(settings), Reader(E5(settings.cache))


def is_supported(one: Statement, made: Embedder, reader: Reader) -> bool:
    """True if the statement passes as it would in an answer: by one run of lines, or by several."""
    lines = one.quote.split("\n")
    vectors = made.embed([one.sentence, *lines])
    cosines = [float(cosine) for cosine in vectors[1:] @ vectors[0]]
    return bool(support_check.find_support(one.sentence, lines, cosines, one.context, reader.support))
