"""The passages as LangChain's own parts use them."""

from __future__ import annotations

import asyncio
import builtins
import importlib
import sys
from typing import Any

import pytest
from conftest import Hashing, given
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from assistant.core.types import Query
from assistant.ingest.library import Library
from assistant.integrations import langchain
from assistant.integrations.langchain import PassageRetriever
from assistant.retrieval.retriever import Retriever

BEES = "# Bees\n\nHoney bees dance in circles to tell of flowers.\n\n## Winter\n\nThey stay in the hive."
SALT = "---\ntitle: Salt\n---\nThe mine of Wieliczka produced table salt until 2007."
PRODUCED = "What did the mine produce?"


@pytest.fixture
def retriever(library: Library) -> Retriever:
    list(library.add(given(bees=BEES, salt=SALT)))
    return Retriever(library, Hashing())


def test_a_query_finds_the_passages_of_our_retriever_with_their_scores(retriever: Retriever) -> None:
    ours = retriever.retrieve(Query(PRODUCED))
    theirs = PassageRetriever(retriever).invoke(PRODUCED)
    assert [(d.id, d.metadata["score"]) for d in theirs] == [(p.passage.id, p.score) for p in ours]
    assert theirs[0].page_content == "The mine of Wieliczka produced table salt until 2007."


def test_a_document_says_where_its_text_stands(retriever: Retriever, library: Library) -> None:
    for found in PassageRetriever(retriever, limit=2).invoke("bees in the hive"):
        told = found.metadata
        document = library.ledger.document(told["document_id"])
        assert document.text[told["start"] : told["end"]] == found.page_content
        assert (told["title"], told["source"]) == (document.title, document.source)


def test_no_more_documents_are_given_than_asked_for(retriever: Retriever) -> None:
    assert len(PassageRetriever(retriever, limit=1).invoke("bees")) == 1


def test_it_is_a_part_of_a_chain_and_can_be_awaited(retriever: Retriever) -> None:
    parts = PassageRetriever(retriever)
    assert isinstance(parts, BaseRetriever)
    chain = parts | RunnableLambda(_titles)
    assert chain.invoke(PRODUCED)[0] == "Salt"
    assert asyncio.run(chain.ainvoke(PRODUCED)) == chain.invoke(PRODUCED)


def _titles(documents: list[Document]) -> list[str]:
    return [document.metadata["title"] for document in documents]


def test_without_langchain_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def missing(name: str, *given: Any) -> Any:
        if name.startswith("langchain_core"):
            raise ImportError(name)
        return import_(name, *given)

    monkeypatch.delitem(sys.modules, langchain.__name__)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"pip install 'cited-assistant\[langchain\]'"):
        importlib.import_module(langchain.__name__)
