"""Texts to unit vectors: multilingual-e5-small on ONNX Runtime, or an OpenAI-compatible endpoint.

Model: Wang et al., 2024, Multilingual E5 Text Embeddings, https://arxiv.org/abs/2402.05672 (MIT). It was
trained on texts marked as question or passage, so an embedder takes the role of its texts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from assistant.core.config import Settings
from assistant.core.endpoint import OPENAI, require_key, require_url
from assistant.core.errors import ConfigError
from assistant.core.types import Notify, Span
from assistant.embedding import weights
from assistant.embedding.pieces import Tokenizer
from assistant.embedding.word_table import WordTable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Vectors = NDArray[np.float32]
T = TypeVar("T")

MAX_TOKENS = 512
"""Tokens of one text, including special tokens and prefix; the rest is cut."""
CACHED_QUERIES = 4
"""Questions whose hidden states are cached: each is embedded for the search, then for late interaction."""
Role = Literal["query", "passage"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Questions are queries, and so are texts compared as equals; the texts that are searched are passages."""


class Embedder(Protocol):
    """Turns texts into unit vectors, so that a dot product is a cosine."""

    @property
    def fingerprint(self) -> str:
        """The name of the method; vectors of different fingerprints cannot be compared."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    @property
    def contextual(self) -> bool:
        """True if the vectors of spans come from the pass over their text, and cost nothing."""

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return unit vectors in the order of the texts, float32 [len(texts), dimensions]."""

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """Return the vectors of `texts` as `embed` does, and for each text the unit vectors of its `spans`
        (in characters of that text), float32 [number of spans, dimensions]."""

    def count(self, text: str) -> int:
        """Return the number of tokens in `text`."""


def create_embedder(settings: Settings, notify: Notify = lambda _: None) -> Embedder:
    """Return the embedder in `settings`; `notify` is called if the default one has to be prepared.

    Raises:
        ConfigError: an embedding endpoint is set without a model, or its address or key is malformed.
    """
    if settings.embedding_model:
        from assistant.embedding.remote import RemoteEmbedder

        setting = "ASSISTANT_EMBEDDING_URL" if settings.embedding_url else "OPENAI_BASE_URL"
        url = require_url(settings.embedding_url or settings.base_url or OPENAI, setting)
        return RemoteEmbedder(url, settings.embedding_model, require_key(settings.api_key))
    if settings.embedding_url:
        raise ConfigError("ASSISTANT_EMBEDDING_URL is set alone; set ASSISTANT_EMBEDDING_MODEL too.")
    return E5(settings.cache, notify)


@dataclass(frozen=True, slots=True)
class Model:
    """An open model: its layers, its word vectors and its tokenizer."""

    layers: InferenceSession
    words: WordTable
    tokenizer: Tokenizer


class E5:
    """multilingual-e5-small in int8. Thread-safe; the model is opened at its first use.

    Each text is a call of its own on one core, with as many texts at a time as there are cores. That is as
    fast as batches, and a text's vector never depends on other texts, as int8 scales are computed for each
    call.
    """

    fingerprint = weights.FINGERPRINT
    dimensions = 384
    contextual = True

    def __init__(self, cache: Path, notify: Notify = lambda _: None) -> None:
        self._cache, self._notify = cache, notify
        self._lock = threading.Lock()
        self._cached_run = lru_cache(CACHED_QUERIES)(self._run)

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return unit vectors, float32 [len(texts), 384]. See `Embedder.embed`."""
        return _stack(
            _map_on_all_cores(lambda text: self._text_vector(text, role), texts, len), self.dimensions
        )

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """See `Embedder.embed_spans`. A span's vector is the mean of the hidden states of its tokens in
        context; a span without tokens, or beyond the limit, gets the vector of its text."""
        pairs = list(zip(texts, spans, strict=True))
        vectors = _map_on_all_cores(
            lambda pair: self._span_vectors(pair[0], pair[1], role), pairs, lambda pair: len(pair[0])
        )
        return _stack([whole for whole, _ in vectors], self.dimensions), [parts for _, parts in vectors]

    def count(self, text: str) -> int:
        """Return the tokens of `text` as a passage, with special tokens and prefix; above 512 it would be
        cut."""
        return len(self.model.tokenizer.pieces(_add_prefix(text, "passage")).ids) + 2

    def _text_vector(self, text: str, role: Role) -> Vectors:
        states, _ = self._states(text, role)
        return _center(states.mean(axis=0), role)

    def _span_vectors(self, text: str, spans: Sequence[Span], role: Role) -> tuple[Vectors, Vectors]:
        states, offsets = self._states(text, role)
        whole = _center(states.mean(axis=0), role)
        first = np.searchsorted(offsets[:, 1], [span.start for span in spans], side="right")
        after = np.searchsorted(offsets[:, 0], [span.end for span in spans], side="left")
        sums = np.concatenate([np.zeros_like(states[:1]), np.cumsum(states[1:-1], axis=0)])
        span_sums = sums[after] - sums[np.minimum(first, after)]
        empty = [f >= a or s.start >= s.end for f, a, s in zip(first, after, spans, strict=True)]
        return whole, np.where(np.array(empty, bool)[:, None], whole, _center(span_sums, role))

    def _states(self, text: str, role: Role) -> tuple[Vectors, NDArray[np.int64]]:
        """Return the last hidden state [length, 384], and the offsets in `text` of each token but the two
        special ones [length - 2, 2]; those of the prefix are negative."""
        return self._cached_run(text, role) if role == "query" else self._run(text, role)

    def _run(self, text: str, role: Role) -> tuple[Vectors, NDArray[np.int64]]:
        model = self.model
        pieces = model.tokenizer.pieces(_add_prefix(text, role))
        ids = [model.tokenizer.begin, *pieces.ids[: MAX_TOKENS - 2], model.tokenizer.end]
        states = model.layers.run(None, {"words": model.words.rows(ids)[None]})[0][0]
        offsets = np.array(pieces.offsets[: MAX_TOKENS - 2], np.int64).reshape(-1, 2)
        return states, offsets - len(_add_prefix("", role))

    @property
    def model(self) -> Model:
        """The open model; its word vectors and its tokenizer are shared with other models."""
        with self._lock:
            return self._model

    @cached_property
    def _model(self) -> Model:
        files = weights.prepare(self._cache, self._notify)
        return Model(open_session(files.layers), WordTable(files.words), Tokenizer(files.pieces))


def _center(rows: Vectors, role: Role) -> Vectors:
    """Return unit vectors without the mean of their role.

    The cosine of any two vectors of the model is between .7 and 1; after centering it is about .1 for
    unrelated texts and .5 for a question and its passage. That hardly changes the order of passages, and
    improves late interaction (docs/decisions/0008-embedder.md).
    """
    return normalize(normalize(rows) - _means()[ROLES.index(role)])


@cache
def _means() -> Vectors:
    """Return the mean vectors of questions and of passages, float32 [2, 384], computed by
    `eval.fit_means`."""
    means: Vectors = np.load(Path(__file__).with_name("means.npy")).astype(np.float32)
    return means


def _add_prefix(text: str, role: Role) -> str:
    return f"{role}: {text}"


def open_session(path: Path) -> InferenceSession:
    """Open an ONNX Runtime session on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The fused residual and norm take three times as long as the two separately (ONNX Runtime 1.31).
    slow = ["SkipLayerNormFusion"]
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(path), options, providers=providers, disabled_optimizers=slow)


def _map_on_all_cores(
    work: Callable[[Any], T], items: Sequence[Any], length: Callable[[Any], int]
) -> list[T]:
    """Return the results of `work` in the order of `items`. The longest start first, so that all cores finish
    at about the same time."""
    if len(items) < 2:
        return [work(item) for item in items]
    order = sorted(range(len(items)), key=lambda at: -length(items[at]))
    with ThreadPoolExecutor(_cores()) as pool:
        results = dict(zip(order, pool.map(lambda at: work(items[at]), order), strict=True))
    return [results[at] for at in range(len(items))]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stack(rows: list[Vectors], dimensions: int) -> Vectors:
    return np.stack(rows) if rows else np.zeros((0, dimensions), np.float32)


def normalize(rows: Vectors) -> Vectors:
    """Return rows of length one, float32."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Vectors = (rows / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
