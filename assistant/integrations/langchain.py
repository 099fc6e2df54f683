"""The passages of the corpus as a LangChain retriever. LangChain is imported here alone.

It is installed with the extra `langchain`; where it is missing, importing this module says so.
"""

from __future__ import annotations

from typing import Any

from pydantic import PrivateAttr

from assistant.core.types import Query, ScoredPassage
from assistant.integrations import places
from assistant.retrieval.retriever import LIMIT, Retriever

MISSING = "LangChain is not installed; install it with: pip install 'cited-assistant[langchain]'"

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError as fault:
    raise ImportError(MISSING) from fault


class PassageRetriever(BaseRetriever):
    """A `Retriever` as a LangChain retriever: the best `limit` passages for a query, best first.

    A document has the passage's id and text, and in its metadata `title`, `source`, `document_id`, `page`
    (None where there are no pages), `start` and `end`, in characters of the document's text, and `score`.
    """

    limit: int = LIMIT
    _retriever: Retriever = PrivateAttr()

    def __init__(self, retriever: Retriever, limit: int = LIMIT, **fields: Any) -> None:
        super().__init__(**{**fields, "limit": limit})
        self._retriever = retriever

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [_document(scored) for scored in self._retriever.retrieve(Query(query), self.limit)]


def _document(scored: ScoredPassage) -> Document:
    metadata = {**places.of_passage(scored), "score": scored.score}
    return Document(id=scored.passage.id, page_content=scored.passage.text, metadata=metadata)
