"""Texts to unit vectors: multilingual-e5-small on ONNX Runtime, or an OpenAI-compatible endpoint.

Model: Wang et al., 2024, Multilingual E5 Text Embeddings, https://arxiv.org/abs/2402.05672 (MIT). It was
trained on questions and passages that are marked as such, so an embedder is told which of both it is given.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from assistant.core.config import Settings
from assistant.core.errors import ConfigError, EmbedderError
from assistant.core.types import Notify, Span
from assistant.embedding import weights
from assistant.embedding.pieces import Tokenizer
from assistant.embedding.word_table import WordTable

if TYPE_CHECKING:
    import httpx
    from onnxruntime import InferenceSession

Vectors = NDArray[np.float32]
T = TypeVar("T")

LONGEST = 512
"""Tokens that the model reads of one text, its marks and prefix included; the rest is cut."""
LATELY = 4
"""Questions whose states are remembered: one is embedded to be searched for, then read word by word."""
Role = Literal["query", "passage"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Questions and whatever is compared as equals are queries; what is searched through is passages."""
OPENAI = "https://api.openai.com/v1"


class Embedder(Protocol):
    """Texts to vectors of length one, so that a dot product is a cosine."""

    @property
    def fingerprint(self) -> str:
        """Names what made the vectors; vectors of different fingerprints cannot be compared."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    @property
    def contextual(self) -> bool:
        """Whether spans are read off their text's own pass, so that the vector of each word costs nothing."""

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """One row a text, in the order given: float32 [len(texts), dimensions], each row of length one."""

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """The vectors of `texts`, as `embed` gives them, and for each text those of its `spans` (characters
        of that text): one array [number of spans, dimensions] a text, rows of length one."""

    def count(self, text: str) -> int:
        """How many tokens the model makes of `text`."""


def embedder(settings: Settings, notify: Notify = lambda _: None) -> Embedder:
    """The embedder that `settings` ask for; `notify` hears when the default one has to be prepared.

    Raises:
        ConfigError: an embedding endpoint is set without a model.
    """
    if settings.embedding_model:
        url = settings.embedding_url or settings.base_url or OPENAI
        return RemoteEmbedder(url, settings.embedding_model, settings.api_key)
    if settings.embedding_url:
        raise ConfigError("ASSISTANT_EMBEDDING_URL is set alone; set ASSISTANT_EMBEDDING_MODEL too.")
    return E5(settings.cache, notify)


@dataclass(frozen=True, slots=True)
class Model:
    """What was opened of a model: its layers, the table of its words, and what cuts text into these."""

    layers: InferenceSession
    words: WordTable
    tokenizer: Tokenizer


class E5:
    """multilingual-e5-small in int8. The model is opened at the first use; safe to share between threads.

    Each text goes through the model alone, on one core, as many texts at a time as there are cores. That is
    as fast as batches, and a text's vector never depends on its neighbours: int8 scales are those of a call.
    """

    fingerprint = weights.FINGERPRINT
    dimensions = 384
    contextual = True

    def __init__(self, cache: Path, notify: Notify = lambda _: None) -> None:
        self._cache, self._notify = cache, notify
        self._lock = threading.Lock()
        self._asked = lru_cache(LATELY)(self._read)

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Unit vectors, float32 [len(texts), 384]. See `Embedder.embed`."""
        return _stacked(_spread(lambda text: self._text_vector(text, role), texts, len), self.dimensions)

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """See `Embedder.embed_spans`. A span's vector is the mean of its tokens' states in their context; a
        span that holds no token, or lies in what was cut off, gets the vector of its text."""
        given = list(zip(texts, spans, strict=True))
        pairs = _spread(
            lambda pair: self._span_vectors(pair[0], pair[1], role), given, lambda pair: len(pair[0])
        )
        return _stacked([whole for whole, _ in pairs], self.dimensions), [parts for _, parts in pairs]

    def count(self, text: str) -> int:
        """Tokens of `text` as a passage, with what the model adds; above 512 the text would be cut."""
        return len(self.model.tokenizer.pieces(_prefixed(text, "passage")).ids) + 2

    def _text_vector(self, text: str, role: Role) -> Vectors:
        states, _ = self._states(text, role)
        return _centred(states.mean(axis=0), role)

    def _span_vectors(self, text: str, spans: Sequence[Span], role: Role) -> tuple[Vectors, Vectors]:
        states, offsets = self._states(text, role)
        whole = _centred(states.mean(axis=0), role)
        first = np.searchsorted(offsets[:, 1], [span.start for span in spans], side="right")
        after = np.searchsorted(offsets[:, 0], [span.end for span in spans], side="left")
        sums = np.concatenate([np.zeros_like(states[:1]), np.cumsum(states[1:-1], axis=0)])
        held = sums[after] - sums[np.minimum(first, after)]
        empty = [f >= a or s.start >= s.end for f, a, s in zip(first, after, spans, strict=True)]
        return whole, np.where(np.array(empty, bool)[:, None], whole, _centred(held, role))

    def _states(self, text: str, role: Role) -> tuple[Vectors, NDArray[np.int64]]:
        """The last hidden state [length, 384], and where each token but the two marks is in `text`
        [length - 2, 2]; those of the prefix lie before it."""
        return self._asked(text, role) if role == "query" else self._read(text, role)

    def _read(self, text: str, role: Role) -> tuple[Vectors, NDArray[np.int64]]:
        model = self.model
        pieces = model.tokenizer.pieces(_prefixed(text, role))
        ids = [model.tokenizer.begin, *pieces.ids[: LONGEST - 2], model.tokenizer.end]
        states = model.layers.run(None, {"words": model.words.rows(ids)[None]})[0][0]
        offsets = np.array(pieces.offsets[: LONGEST - 2], np.int64).reshape(-1, 2)
        return states, offsets - len(_prefixed("", role))

    @property
    def model(self) -> Model:
        """The opened model, of which the word table and the tokenizer serve other models too."""
        with self._lock:
            return self._model

    @cached_property
    def _model(self) -> Model:
        files = weights.prepare(self._cache, self._notify)
        return Model(session(files.layers), WordTable(files.words), Tokenizer(files.pieces))


def _centred(rows: Vectors, role: Role) -> Vectors:
    """Unit vectors without what all of a role have in common.

    The model's own lie so near to each other that the cosine of any two is from .7 to 1; of these it is about
    .1 where two texts have nothing to do with each other, .5 for a question and its passage. It changes the
    order hardly at all (docs/decisions/0008-embedder.md), and what is read word by word gains by it.
    """
    return _unit(_unit(rows) - _means()[ROLES.index(role)])


@cache
def _means() -> Vectors:
    """The mean vectors of questions and of passages, by `eval.fit_means`, float32 [2, 384]."""
    held: Vectors = np.load(Path(__file__).with_name("means.npy")).astype(np.float32)
    return held


def _prefixed(text: str, role: Role) -> str:
    return f"{role}: {text}"


def session(path: Path) -> InferenceSession:
    """An ONNX Runtime session on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The fused residual and norm takes three times as long as the two apart (ONNX Runtime 1.31).
    slow = ["SkipLayerNormFusion"]
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(path), options, providers=providers, disabled_optimizers=slow)


class RemoteEmbedder:
    """An OpenAI-compatible endpoint: POST `url`/embeddings."""

    BATCH = 64
    ATTEMPTS = 4
    contextual = False

    def __init__(self, url: str, model: str, key: str | None = None, timeout: float = 60.0) -> None:
        self._url = url.rstrip("/") + "/embeddings"
        self._model, self._key, self._timeout = model, key, timeout

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector, asked of the endpoint once."""
        return int(self._post(["dimensions"]).shape[1])

    @property
    def fingerprint(self) -> str:
        """The model's name and the length of its vectors."""
        return f"{self._model}-{self.dimensions}"

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Unit vectors, float32 [len(texts), dimensions], the same in either role.

        Raises:
            EmbedderError: the endpoint cannot be reached, refuses, or answers something else.
        """
        batches = [texts[at : at + self.BATCH] for at in range(0, len(texts), self.BATCH)]
        rows = [self._post(batch) for batch in batches]
        return np.concatenate(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """See `Embedder.embed_spans`. A span is embedded as a text of its own."""
        pieces = [t[s.start : s.end] for t, held in zip(texts, spans, strict=True) for s in held]
        vectors = self.embed([*texts, *pieces])
        ends = np.cumsum([len(texts), *map(len, spans)])
        return vectors[: len(texts)], np.split(vectors, ends)[1:-1]

    def count(self, text: str) -> int:
        """An estimate, for the endpoint's tokenizer is not known: one token for each three characters."""
        return len(text) // 3 + 1

    def _post(self, texts: Sequence[str]) -> Vectors:
        """The vectors of one batch; asked again, after a while, where the endpoint is only busy."""
        for attempt in range(self.ATTEMPTS):
            response = self._send(texts)
            if response.is_success:
                return self._read(response, len(texts))
            error = self._refusal(response)
            if not error.retryable:
                break
            if attempt + 1 < self.ATTEMPTS:
                time.sleep(2**attempt)
        raise error

    def _send(self, texts: Sequence[str]) -> httpx.Response:
        import httpx

        # Some endpoints refuse an empty text.
        asked = {"model": self._model, "input": [t or " " for t in texts], "encoding_format": "float"}
        try:
            return self._client.post(self._url, json=asked)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            what = f"cannot be reached ({type(fault).__name__}); check ASSISTANT_EMBEDDING_URL"
            raise self._error(what, retryable=True) from fault

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return httpx.Client(headers=headers, timeout=self._timeout)

    def _read(self, response: httpx.Response, expected: int) -> Vectors:
        try:
            data = sorted(response.json()["data"], key=lambda item: item["index"])
            rows = np.array([item["embedding"] for item in data], np.float32)
        except (ValueError, KeyError, TypeError) as fault:
            raise self._error("does not answer as an embeddings endpoint does") from fault
        if rows.ndim != 2 or len(rows) != expected or not np.isfinite(rows).all():
            raise self._error(f"does not give {expected} vectors for {expected} texts")
        return _unit(rows)

    def _refusal(self, response: httpx.Response) -> EmbedderError:
        status = response.status_code
        if status in (401, 403):
            return self._error("refuses the key; set OPENAI_API_KEY")
        if status == 404:
            return self._error(f"does not know the model {self._model}, or the address is another")
        return self._error(f"answers with status {status}", retryable=status in (408, 429) or status >= 500)

    def _error(self, what: str, retryable: bool = False) -> EmbedderError:
        # Without what may stand before the host: a password.
        shown = self._url.rpartition("@")[2]
        return EmbedderError(f"The embedding endpoint {shown} {what}.", retryable=retryable)


def _spread(work: Callable[[Any], T], items: Sequence[Any], length: Callable[[Any], int]) -> list[T]:
    """`work` on each of `items`, in order, on all cores. The longest are begun first, as else one core would
    wait at the end for another that is late with a long one."""
    if len(items) < 2:
        return [work(item) for item in items]
    order = sorted(range(len(items)), key=lambda at: -length(items[at]))
    with ThreadPoolExecutor(_cores()) as pool:
        done = dict(zip(order, pool.map(lambda at: work(items[at]), order), strict=True))
    return [done[at] for at in range(len(items))]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stacked(rows: list[Vectors], dimensions: int) -> Vectors:
    return np.stack(rows) if rows else np.zeros((0, dimensions), np.float32)


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Vectors = (rows / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
