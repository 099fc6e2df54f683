"""Parts of LlamaIndex as parts of the assistant: an embedding, a retriever, a language model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import LLM, ChatMessage
from llama_index.core.schema import BaseNode, TextNode

from assistant.answering.model.language_model import LONGEST, Model, Pieces, Schema
from assistant.core.deadline import Deadline
from assistant.core.errors import EmbedderError, ModelError, NotFound
from assistant.core.types import Document, Query, ScoredPassage, Span
from assistant.embedding.embedders import Embedder, Role, Vectors
from assistant.ingest.library import Library
from assistant.integrations.llama_index import LlamaEmbedding
from assistant.retrieval.retriever import LIMIT, Retriever

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger(__name__)


def to_embedder(part: Embedder | BaseEmbedding) -> Embedder:
    """Return an embedder; ours are returned unchanged."""
    if isinstance(part, LlamaEmbedding):
        return part.embedder
    return EmbeddingAdapter(part) if isinstance(part, BaseEmbedding) else part


def to_retriever(part: Retriever | BaseRetriever, library: Library, embedder: Embedder) -> Retriever:
    """Return a retriever of passages of `library`; ours are returned unchanged."""
    return RetrieverAdapter(part, library, embedder) if isinstance(part, BaseRetriever) else part


def to_model(part: Model | LLM, seconds: float) -> Model:
    """Return a model, whose answers take at most `seconds`; ours are returned unchanged."""
    return part if isinstance(part, Model) else LLMAdapter(_model_name(part), seconds=seconds, part=part)


class EmbeddingAdapter:
    """A LlamaIndex embedding as an `Embedder`."""

    contextual = False

    def __init__(self, part: BaseEmbedding) -> None:
        self._part = part

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector, found by embedding a word."""
        return len(self._call(self._part.get_text_embedding, "dimensions"))

    @property
    def fingerprint(self) -> str:
        """The class, the model's name and the length of the vectors."""
        return f"{self._part.class_name()}-{self._part.model_name}-{self.dimensions}"

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return unit vectors, float32 [len(texts), dimensions].

        Raises:
            EmbedderError: the embedding fails.
        """
        filled = [text or " " for text in texts]
        if role == "query":
            rows = [self._call(self._part.get_query_embedding, text) for text in filled]
        else:
            rows = self._call(self._part.get_text_embedding_batch, filled) if filled else []
        vectors = np.array(rows, np.float32).reshape(len(filled), self.dimensions)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], role: Role = "passage"
    ) -> tuple[Vectors, list[Vectors]]:
        """See `Embedder.embed_spans`. Each span is embedded as a text of its own."""
        pieces = [text[s.start : s.end] for text, held in zip(texts, spans, strict=True) for s in held]
        vectors = self.embed([*texts, *pieces], role)
        ends = np.cumsum([len(texts), *map(len, spans)])
        return vectors[: len(texts)], np.split(vectors, ends)[1:-1]

    def count(self, text: str) -> int:
        """Return an estimate, as the tokenizer is unknown: one token for each three characters."""
        return len(text) // 3 + 1

    def _call(self, method: Callable[[T], R], argument: T) -> R:
        try:
            return method(argument)
        except Exception as fault:
            # Without its message, which may hold a key.
            reason = f"The embedding {self._part.class_name()} failed ({type(fault).__name__})."
            raise EmbedderError(reason) from fault


class RetrieverAdapter(Retriever):
    """A LlamaIndex retriever as a `Retriever`: it chooses the passages, and our scores rank them.

    A citation opens a document of the corpus, so a node must be a piece of one. It names the document by the
    metadata `document_id` or by its source node; nodes of other texts are left out, and logged.
    """

    def __init__(self, part: BaseRetriever, library: Library, embedder: Embedder) -> None:
        super().__init__(library, embedder)
        self._part = part

    def retrieve(
        self, query: Query, limit: int = LIMIT, documents: frozenset[str] | None = None
    ) -> list[ScoredPassage]:
        """Return the passages that the nodes for `query` overlap. See `Retriever.retrieve`."""
        nodes = [found.node for found in self._part.retrieve(query.text)]
        places = [place for node in nodes if (place := self._place(node))]
        if len(places) < len(nodes):
            lost = len(nodes) - len(places)
            _log.warning("%d of %d retrieved nodes are not pieces of this corpus.", lost, len(nodes))
        return self.score(query, [p for p in places if documents is None or p[0] in documents], limit)

    def _place(self, node: BaseNode) -> tuple[str, Span] | None:
        """Return the document and the range of a node, None if it is not a piece of the corpus."""
        ident = node.metadata.get("document_id") or node.ref_doc_id
        try:
            document = self._library.ledger.document(ident) if ident else None
        except NotFound:
            return None
        span = _range(node, document) if document and isinstance(node, TextNode) else None
        return (document.id, span) if document and span else None


def _range(node: TextNode, document: Document) -> Span | None:
    """Return the range of a node's text: by its offsets if they are right, else where it is found first."""
    start = node.metadata.get("start", node.start_char_idx)
    if not isinstance(start, int) or not document.text.startswith(node.text, start):
        start = document.text.find(node.text)
    return Span(start, start + len(node.text)) if start >= 0 and node.text else None


@dataclass(frozen=True, slots=True)
class LLMAdapter(Model):
    """A LlamaIndex LLM as a `Model`. It is called in a thread of its own, which is left at the deadline."""

    part: LLM | None = None

    def stream(
        self, prompt: str, until: Deadline | None = None, schema: Schema | None = None
    ) -> Generator[str, None, None]:
        """Yield the answer in pieces; the schema is left out. See `Model.stream`.

        Raises:
            ModelError: the model fails, says nothing, or takes too long.
            Withdrawn: `until` was withdrawn.
        """
        until = until or Deadline(self.seconds)
        pieces, left = Pieces(), threading.Event()
        threading.Thread(target=self._put_pieces, args=(prompt, pieces, left), daemon=True).start()
        try:
            yield from self._receive(pieces, until, prompt)
        finally:
            left.set()

    def _put_pieces(self, prompt: str, pieces: Pieces, left: threading.Event) -> None:
        """Put the pieces, then an error if there is one, then None; stop once the caller has `left`."""
        try:
            length = 0
            for piece in _deltas(self.part, prompt):
                if left.is_set():
                    return
                length += len(piece)
                if length > LONGEST:
                    raise self._cut("does not come to an end; choose another model")
                pieces.put(piece)
            if not length:
                pieces.put(self._error("gave an empty answer; ask again", retryable=True))
        except ModelError as fault:
            pieces.put(fault)
        except Exception as fault:
            error = self._error(f"failed ({type(fault).__name__})")
            error.__cause__ = fault
            pieces.put(error)
        finally:
            pieces.put(None)

    def _error(self, what: str, *, retryable: bool = False) -> ModelError:
        return ModelError(f"The model {self.name} {what}.", retryable=retryable)


def _deltas(part: LLM | None, prompt: str) -> Iterable[str]:
    assert part is not None
    message = ChatMessage(prompt.encode("utf-8", "replace").decode("utf-8"))
    return (chunk.delta for chunk in part.stream_chat([message]) if chunk.delta)


def _model_name(part: LLM) -> str:
    named = part.metadata.model_name
    return named if named != "unknown" else part.class_name()
