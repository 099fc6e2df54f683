"""The seams to LlamaIndex: our splitter and retriever as its own parts use them."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest
from conftest import Hashing, given
from hypothesis import given as whatever
from hypothesis import strategies as st
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.schema import MetadataMode, NodeRelationship, TextNode

from assistant.core import config
from assistant.core.errors import EmbedderError
from assistant.core.types import Query
from assistant.embedding.embedders import E5
from assistant.ingest.library import Library
from assistant.integrations.llama_index import LlamaEmbedding, PassageParser, PassageRetriever
from assistant.retrieval.retriever import Retriever

BEES = "# Bees\n\nHoney bees dance in circles to tell of flowers.\n\n## Winter\n\nThey stay in the hive."
SALT = "---\ntitle: Salt\n---\nThe mine of Wieliczka produced table salt until 2007."
PIECES = ["Same line.", "# A", "| a | b |", "\r", "\r\n", "\n", "\n\n", " ", "é", "x " * 90]
ROWS = "| name | year |\n|---|---|\n" + "".join(f"| tower {n} | {1800 + n} |\n" for n in range(60))


@pytest.fixture
def retriever(library: Library) -> Retriever:
    list(library.add(given(bees=BEES, salt=SALT)))
    return Retriever(library, Hashing())


# -- the retriever -----------------------------------------------------------------------------------


def test_a_query_finds_the_passages_and_scores_of_our_retriever(retriever: Retriever) -> None:
    ours = retriever.retrieve(Query("What did the mine produce?"))
    theirs = PassageRetriever(retriever).retrieve("What did the mine produce?")
    assert [(n.node.node_id, n.score) for n in theirs] == [(p.passage.id, p.score) for p in ours]
    assert theirs[0].text == "The mine of Wieliczka produced table salt until 2007."


def test_no_more_nodes_are_given_than_asked_for(retriever: Retriever) -> None:
    assert len(PassageRetriever(retriever, limit=1).retrieve("bees")) == 1


def test_a_node_says_where_its_text_stands(retriever: Retriever, library: Library) -> None:
    for found in PassageRetriever(retriever).retrieve("bees in the hive"):
        told = found.metadata
        document = library.ledger.document(told["document_id"])
        assert document.text[told["start"] : told["end"]] == found.text
        assert (told["title"], told["source"]) == (document.title, document.source)
        assert found.node.ref_doc_id == document.id


def test_a_model_is_shown_the_title_but_no_offsets(retriever: Retriever) -> None:
    found = PassageRetriever(retriever).retrieve("salt")[0]
    shown = found.node.get_content(MetadataMode.LLM)
    assert "Salt" in shown
    assert found.metadata["document_id"] not in shown
    assert "start" not in shown


def test_it_can_be_awaited(retriever: Retriever) -> None:
    parts = PassageRetriever(retriever)
    awaited = asyncio.run(parts.aretrieve("salt"))
    assert [n.node.node_id for n in awaited] == [n.node.node_id for n in parts.retrieve("salt")]


# -- the parser --------------------------------------------------------------------------------------


def parsed(text: str) -> list[TextNode]:
    document = Document(text=text, id_="given", metadata={"author": "Ada"})
    nodes = PassageParser().get_nodes_from_documents([document])
    assert all(isinstance(node, TextNode) for node in nodes)
    return nodes


@whatever(st.lists(st.sampled_from(PIECES)))
def test_nodes_hold_the_text_at_their_offsets_and_leave_nothing_out(parts: list[str]) -> None:
    text, at = "".join(parts), 0
    for node in parsed(text):
        assert node.text == text[node.start_char_idx : node.end_char_idx]
        assert not text[at : node.start_char_idx].strip()
        at = node.end_char_idx or at
    assert not text[at:].strip()


def test_a_text_that_repeats_is_not_looked_for_within_the_one_before() -> None:
    nodes = parsed("The same is said once more. " * 100)
    assert len(nodes) > 2
    for node, following in pairwise(nodes):
        assert node.end_char_idx is not None
        assert following.start_char_idx == node.end_char_idx + 1


def test_headings_and_columns_are_told_with_a_node() -> None:
    nodes = parsed(f"# Towers\n\n{ROWS}")
    assert all(node.metadata["headings"] == "Towers" for node in nodes)
    assert nodes[-1].metadata["columns"] == "name | year"
    assert "columns: name | year" in nodes[-1].get_content(MetadataMode.EMBED)


def test_nodes_keep_the_metadata_and_know_their_source_and_neighbours() -> None:
    nodes = parsed(BEES)
    assert [node.metadata["author"] for node in nodes] == ["Ada", "Ada"]
    assert [node.ref_doc_id for node in nodes] == ["given", "given"]
    following = nodes[0].relationships[NodeRelationship.NEXT]
    assert following.node_id == nodes[1].node_id  # type: ignore[union-attr]


def test_parsing_again_gives_the_same_ids() -> None:
    ids = [node.node_id for node in parsed(ROWS)]
    assert ids == [node.node_id for node in parsed(ROWS)]
    assert len(set(ids)) == len(ids) > 1


def test_a_node_can_be_parsed_further() -> None:
    (node, *_) = PassageParser()([TextNode(text=BEES, id_="one")])
    assert node.node_id == "one-0000"
    assert node.get_content() == BEES[: BEES.index("\n\n## Winter")]


def test_a_parser_comes_back_from_its_serialised_form() -> None:
    parser = PassageParser(include_prev_next_rel=False)
    again = PassageParser.from_dict(json.loads(json.dumps(parser.to_dict())))
    assert again.to_dict() == parser.to_dict()
    nodes = [again.get_nodes_from_documents([Document(text=ROWS, id_="given")]) for again in (again, parser)]
    assert [node.node_id for node in nodes[0]] == [node.node_id for node in nodes[1]]


def test_an_embedding_comes_back_from_its_serialised_form() -> None:
    told = json.loads(json.dumps(LlamaEmbedding(E5(config.load({}).cache)).to_dict()))
    again = LlamaEmbedding.from_dict(told)
    assert isinstance(again.embedder, E5)
    assert again.to_dict() == told


def test_an_embedding_of_another_model_is_not_taken_for_the_configured_one() -> None:
    told = LlamaEmbedding(Hashing()).to_dict()
    assert LlamaEmbedding.from_dict(told, embedder=Hashing()).model_name == "hashing-64"
    with pytest.raises(EmbedderError, match="was made with hashing-64, but"):
        LlamaEmbedding.from_dict(told)


def test_an_index_of_theirs_takes_our_parser_and_embedder() -> None:
    documents = [Document(text=BEES, id_="bees"), Document(text=SALT, id_="salt")]
    index = VectorStoreIndex.from_documents(
        documents, embed_model=LlamaEmbedding(Hashing()), transformations=[PassageParser()]
    )
    best = index.as_retriever(similarity_top_k=1).retrieve("stay in the hive")[0]
    assert best.node.node_id == "bees-0001"
