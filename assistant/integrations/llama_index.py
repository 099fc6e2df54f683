"""Parts of the assistant as parts of LlamaIndex: an embedding, a retriever, a node parser, a query engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import Response
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

from assistant.core import config
from assistant.core.errors import EmbedderError
from assistant.core.types import Answer, Citation, Document, Passage, Query, ScoredPassage
from assistant.embedding.embedders import Embedder, create_embedder
from assistant.ingest.readers.markdown import headings_of
from assistant.ingest.splitting import split
from assistant.integrations import places
from assistant.integrations.places import PLACE
from assistant.retrieval.retriever import LIMIT, Retriever


class LlamaEmbedding(BaseEmbedding):
    """An `Embedder` as a LlamaIndex embedding.

    Its serialised form names the model, but holds neither addresses nor keys: `from_dict` opens the embedder
    that is configured, unless one is given as `embedder`.
    """

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder | None = None, **fields: Any) -> None:
        """Wrap `embedder`, or the configured one.

        Raises:
            EmbedderError: `model_name` is given, and is not the fingerprint of the embedder.
        """
        embedder = embedder or create_embedder(config.load())
        if fields.get("model_name", embedder.fingerprint) != embedder.fingerprint:
            made_by, configured = fields["model_name"], embedder.fingerprint
            raise EmbedderError(f"The embedding was made with {made_by}, but {configured} is configured.")
        super().__init__(**{"embed_batch_size": 256, **fields, "model_name": embedder.fingerprint})
        self._embedder = embedder

    @property
    def embedder(self) -> Embedder:
        """The embedder that makes the vectors."""
        return self._embedder

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


def number_node(number: int, given: BaseNode) -> str:
    """Return the id of a passage: that of the parsed node, and a number."""
    return f"{given.node_id}-{number:04d}"


class PassageParser(NodeParser):
    """`split` as a LlamaIndex node parser: a node a passage, its text read as Markdown.

    `node.text == given.text[node.start_char_idx:node.end_char_idx]`. Metadata are those of what was given,
    with the `headings` above the passage and, for rows without their header row, the names of
    their `columns`. Ids are that of what was given and a number, so that parsing again gives the same.
    """

    # LlamaIndex serialises no function but its name, from which none can be made again.
    id_func: IdFuncCallable = Field(default=number_node, exclude=True)

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


class CitedQueryEngine(BaseQueryEngine):
    """`Assistant.ask` as a LlamaIndex query engine.

    A response has the text of the answer, with the numbers of its citations, and a source node for each
    citation: the quote, with `number`, `title`, `source`, `document_id`, `start`, `end` and `page` in its
    metadata. Its own metadata say whether the question was `answered`.
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        super().__init__(callback_manager=None)
        self._ask = ask

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._ask(query_bundle.query_str)
        nodes = [NodeWithScore(node=quoted(citation)) for citation in answer.citations]
        return Response(answer.text, nodes, {"answered": answer.answered})

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)


def quoted(citation: Citation) -> TextNode:
    """Return a citation as a node: its quote, and the place of that in its document."""
    return TextNode(
        id_=f"{citation.document_id}-{citation.start}-{citation.end}",
        text=citation.quote,
        start_char_idx=citation.start,
        end_char_idx=citation.end,
        metadata=places.of_citation(citation),
        excluded_embed_metadata_keys=[*PLACE, "number"],
        excluded_llm_metadata_keys=[*PLACE, "number"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=citation.document_id)},
    )


def _found(scored: ScoredPassage) -> TextNode:
    passage = scored.passage
    return TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata=places.of_passage(scored),
        excluded_embed_metadata_keys=list(PLACE),
        excluded_llm_metadata_keys=list(PLACE),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document_id)},
    )


def _context(passage: Passage) -> dict[str, str]:
    context = {"headings": " > ".join(passage.headings), "columns": passage.header or ""}
    return {name: value for name, value in context.items() if value}
