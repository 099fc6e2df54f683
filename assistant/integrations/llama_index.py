"""The seams to LlamaIndex, so that others can plug in: our parts as its own kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.node_parser.interface import IdFuncCallable, NodeParser
from llama_index.core.schema import (
    BaseNode,
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from pydantic import Field, PrivateAttr

from assistant.core.types import Document, Passage, Query, ScoredPassage
from assistant.embedding.embedders import Embedder
from assistant.ingest.readers.markdown import headings_of
from assistant.ingest.splitting import split
from assistant.retrieval.retriever import LIMIT, Retriever

PLACE = ("document_id", "start", "end")
"""Metadata of a retrieved node that is for programs: no model is shown it."""


class LlamaEmbedding(BaseEmbedding):
    """An `Embedder` as a LlamaIndex embedding."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(model_name=embedder.fingerprint, embed_batch_size=256)
        self._embedder = embedder

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex writes into its serialised form."""
        return "LlamaEmbedding"

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._embedder.embed(texts, "passage").tolist()
        return rows

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        row: list[float] = self._embedder.embed([query], "query")[0].tolist()
        return row

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class PassageRetriever(BaseRetriever):
    """A `Retriever` as a LlamaIndex retriever: the best `limit` passages for a query, best first.

    A node has the passage's id and text, and in its metadata `title`, `source`, `document_id`, `page` (None
    where there are no pages), and `start` and `end`, in characters of the document's text.
    """

    def __init__(self, retriever: Retriever, limit: int = LIMIT) -> None:
        super().__init__()
        self._retriever = retriever
        self._limit = limit

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._retriever.retrieve(Query(query_bundle.query_str), self._limit)
        return [NodeWithScore(node=_found(scored), score=scored.score) for scored in found]


class PassageParser(NodeParser):
    """`split` as a LlamaIndex node parser: a node a passage, its text read as Markdown.

    `node.text == given.text[node.start_char_idx:node.end_char_idx]`. Metadata are those of what was given,
    with the `headings` above the passage and, for rows that stand without their header row, the names of
    their `columns`. Ids are that of what was given and a number, so that parsing again gives the same.
    """

    id_func: IdFuncCallable = Field(default=lambda number, given: f"{given.node_id}-{number:04d}")

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex writes into its serialised form."""
        return "PassageParser"

    def _parse_nodes(
        self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any
    ) -> list[BaseNode]:
        return [parsed for node in nodes for parsed in self._parsed(node)]

    def _parsed(self, given: BaseNode) -> Iterator[TextNode]:
        text = given.get_content(MetadataMode.NONE)
        # A carriage return alone would be a line end to the Markdown parser, and to nobody else.
        headings = headings_of(text.replace("\r", " "))
        source = given.as_related_node_info()
        for passage in split(Document(given.node_id, "", "", "text/markdown", text, headings)):
            yield TextNode(
                id_=self.id_func(passage.position, given),
                text=passage.text,
                start_char_idx=passage.start,
                end_char_idx=passage.end,
                metadata=_context(passage),
                excluded_embed_metadata_keys=given.excluded_embed_metadata_keys,
                excluded_llm_metadata_keys=given.excluded_llm_metadata_keys,
                relationships={NodeRelationship.SOURCE: source},
            )

    def _postprocess_parsed_nodes(self, nodes: list[BaseNode], parent_doc_map: Any) -> list[BaseNode]:
        # LlamaIndex looks for each text anew, and finds an earlier one where texts repeat.
        places = [(n.start_char_idx, n.end_char_idx) for n in nodes if isinstance(n, TextNode)]
        done = super()._postprocess_parsed_nodes(nodes, parent_doc_map)
        for node, (start, end) in zip(done, places, strict=True):
            assert isinstance(node, TextNode)
            node.start_char_idx, node.end_char_idx = start, end
        return done


def _found(scored: ScoredPassage) -> TextNode:
    passage = scored.passage
    metadata = {
        "title": scored.title,
        "source": scored.source,
        "document_id": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
    }
    return TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata=metadata,
        excluded_embed_metadata_keys=list(PLACE),
        excluded_llm_metadata_keys=list(PLACE),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document_id)},
    )


def _context(passage: Passage) -> dict[str, str]:
    context = {"headings": " > ".join(passage.headings), "columns": passage.header or ""}
    return {name: value for name, value in context.items() if value}
