"""LlamaIndex's parts in the assistant: its embeddings, retrievers and models take the place of ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import Hashing, together
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.errors import EmbedderError
from assistant.core.types import Answer, Query, Span
from assistant.integrations.adapters import EmbeddingAdapter, to_embedder
from assistant.integrations.llama_index import LlamaEmbedding, PassageParser

KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n\nIt weighs two kilograms."
SALT = "# Salt\n\nThe mine of Wieliczka produced table salt until 2007."
BOILS = "How long does the Arvo kettle take to boil one litre?"


class Words(BaseEmbedding):
    """The embedding of the tests as LlamaIndex has it, not of length one."""

    def _get_text_embedding(self, text: str) -> list[float]:
        row: list[float] = (3 * Hashing().embed([text])[0]).tolist()
        return row

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class Scripted(CustomLLM):
    """A model that writes its script in pieces, and raises where a piece is empty."""

    script: list[str]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text="".join(self.script))

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        for at, piece in enumerate(self.script):
            if not piece:
                raise ValueError("no more")
            yield CompletionResponse(text="".join(self.script[: at + 1]), delta=piece)


class Fixed(BaseRetriever):
    """A retriever that always gives the same nodes."""

    def __init__(self, *nodes: TextNode) -> None:
        super().__init__()
        self._nodes = nodes

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=node) for node in self._nodes]


def opened(settings: Settings, **parts: Any) -> Assistant:
    """An assistant with two documents and the quick embedder."""
    assistant = Assistant.open(settings, **{"embedder": Hashing(), **parts})
    assistant.add_bytes(KETTLE.encode(), "kettle.md")
    assistant.add_bytes(SALT.encode(), "salt.md")
    return assistant


def ids(assistant: Assistant) -> dict[str, str]:
    return {entry.source: entry.id for entry in assistant.list()}


# -- embeddings --------------------------------------------------------------------------------------


def test_vectors_have_length_one_and_each_span_has_its_own() -> None:
    texts, spans = [KETTLE, ""], [[Span(0, 5), Span(6, 20)], []]
    adapter = EmbeddingAdapter(Words(model_name="words"))
    whole, parts = adapter.embed_spans(texts, spans)
    assert np.allclose(whole[0], Hashing().embed([KETTLE])[0], atol=1e-6)
    assert [rows.shape for rows in parts] == [(2, 64), (0, 64)]
    assert np.allclose(np.linalg.norm(parts[0], axis=1), 1)
    assert adapter.embed([]).shape == (0, 64)
    assert adapter.fingerprint == "base_component-words-64"


def test_our_own_embedding_is_taken_out_of_its_wrapper() -> None:
    ours = Hashing()
    assert to_embedder(LlamaEmbedding(ours)) is ours


def test_documents_are_found_with_an_embedding_of_theirs(settings: Settings) -> None:
    with opened(settings, embedder=Words(model_name="words")) as assistant:
        best = assistant.retriever.retrieve(Query("the mine of Wieliczka"))[0]
        assert best.source == "salt.md"
        assert assistant.check().problems == ()


def test_vectors_of_another_embedding_are_never_compared(settings: Settings) -> None:
    opened(settings).close()
    with (
        Assistant.open(settings, embedder=MockEmbedding(embed_dim=64)) as assistant,
        pytest.raises(EmbedderError, match="were embedded by hashing-64"),
    ):
        assistant.ask(BOILS)


def test_an_embedding_that_fails_is_one_sentence() -> None:
    with pytest.raises(EmbedderError, match=r"^The embedding MockEmbedding failed \(ValidationError\)\.$"):
        EmbeddingAdapter(MockEmbedding(embed_dim=3)).embed([3])  # type: ignore[list-item]


# -- retrievers --------------------------------------------------------------------------------------


def test_only_what_the_retriever_finds_is_answered_from(settings: Settings) -> None:
    with opened(settings) as assistant:
        salt = ids(assistant)["salt.md"]
    node = TextNode(text="The mine of Wieliczka", metadata={"document_id": salt})
    with opened(settings, retriever=Fixed(node)) as assistant:
        (only,) = assistant.retriever.retrieve(Query(BOILS))
        assert only.passage.document_id == salt
        answer = assistant.ask(BOILS)
        assert {c.document_id for c in answer.citations + answer.related} <= {salt}


def test_an_index_of_theirs_over_the_corpus_finds_passages_to_cite(settings: Settings) -> None:
    with opened(settings) as assistant:
        documents = [Document(id_=i, text=assistant.show(i).text) for i in ids(assistant).values()]
    index = VectorStoreIndex.from_documents(
        documents, embed_model=LlamaEmbedding(Hashing()), transformations=[PassageParser()]
    )
    with opened(settings, retriever=index.as_retriever(similarity_top_k=1)) as assistant:
        (found,) = assistant.retriever.retrieve(Query("the mine of Wieliczka produced table salt"))
        assert found.source == "salt.md"
        text = assistant.show(found.passage.document_id).text
        assert text[found.passage.start : found.passage.end] == found.passage.text


def test_the_assistants_own_retriever_can_come_back_through_theirs(settings: Settings) -> None:
    with opened(settings) as assistant:
        ours = assistant.retriever.retrieve(Query(BOILS))
        nodes = [found.node for found in assistant.as_retriever().retrieve(BOILS)]
    with opened(settings, retriever=Fixed(*nodes)) as assistant:
        assert assistant.retriever.retrieve(Query(BOILS)) == ours


@pytest.mark.parametrize(
    "node",
    [
        TextNode(text="The kettle is red."),
        TextNode(text="The kettle is red.", metadata={"document_id": "0" * 16}),
        TextNode(text="This is in no document.", metadata={"document_id": "kettle.md"}),
    ],
)
def test_what_is_no_piece_of_the_corpus_is_left_out_and_logged(
    settings: Settings, node: TextNode, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(settings, retriever=Fixed(node)) as assistant:
        known = ids(assistant).get(node.metadata.get("document_id", ""))
        if known:
            node.metadata["document_id"] = known
        with caplog.at_level(logging.WARNING):
            answer = assistant.ask(BOILS)
    assert (answer.answered, answer.citations, answer.related) == (False, (), ())
    assert answer.text == "The documents do not answer this question."
    assert "1 of 1 retrieved nodes are not pieces of this corpus." in caplog.text


def test_a_scope_of_documents_holds_for_a_retriever_of_theirs(settings: Settings) -> None:
    with opened(settings) as assistant:
        known = ids(assistant)
    node = TextNode(text="The mine of Wieliczka", metadata={"document_id": known["salt.md"]})
    with opened(settings, retriever=Fixed(node)) as assistant:
        assert assistant.retriever.retrieve(Query(BOILS), documents=frozenset([known["kettle.md"]])) == []


# -- models ------------------------------------------------------------------------------------------


def asked(settings: Settings, script: Sequence[str]) -> Answer:
    with opened(settings, llm=Scripted(script=[*script])) as assistant:
        return assistant.ask(BOILS)


def test_a_model_of_theirs_writes_the_answer_and_is_checked(settings: Settings) -> None:
    answer = asked(settings, ["The Arvo kettle boils one litre ", "in 95 seconds. [1][2] It is red. [1]"])
    assert (answer.mode, answer.model) == ("model", "scripted")
    assert [citation.quote for citation in answer.citations] == [
        "The Arvo kettle boils one litre in 95 seconds."
    ]
    assert [bool(sentence.citations) for sentence in answer.sentences] == [True, False]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (["The Arvo kettle", ""], "The model scripted failed (ValueError)."),
        ([], "The model scripted gave an empty answer; ask again."),
    ],
)
def test_when_it_fails_the_answer_is_made_without_it(
    settings: Settings, script: list[str], reason: str
) -> None:
    answer = asked(settings, script)
    assert answer.mode == "extractive"
    assert answer.notice
    assert answer.notice.startswith(reason)


def test_a_model_that_hangs_is_left_at_the_deadline(settings: Settings) -> None:
    class Hanging(Scripted):
        def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
            yield CompletionResponse(text="The", delta="The")
            release.wait(60)

    release = threading.Event()
    with opened(replace(settings, model_timeout=0.2), llm=Hanging(script=[])) as assistant:
        answer = assistant.ask(BOILS)
    release.set()
    assert answer.notice
    assert "did not finish within 0.2 s" in answer.notice


def test_it_answers_several_at_once(settings: Settings) -> None:
    with opened(settings, llm=Scripted(script=["It boils one litre in 95 seconds. [1]"])) as assistant:
        answers = together(4, lambda _: assistant.ask(BOILS))
    assert {answer.mode for answer in answers} == {"model"}


# -- as parts of LlamaIndex --------------------------------------------------------------------------


def test_a_query_engine_gives_the_answer_and_its_citations(settings: Settings) -> None:
    with opened(settings) as assistant:
        answer = assistant.ask(BOILS)
        response = assistant.as_query_engine().query(BOILS)
        assert str(response) == answer.text
        assert response.metadata == {"answered": answer.answered}
        assert [node.text for node in response.source_nodes] == [c.quote for c in answer.citations]
        for node in response.source_nodes:
            text = assistant.show(node.metadata["document_id"]).text
            assert text[node.metadata["start"] : node.metadata["end"]] == node.text


def test_a_retriever_gives_no_more_than_asked_for(settings: Settings) -> None:
    with opened(settings) as assistant:
        assert len(assistant.as_retriever(limit=1).retrieve(BOILS)) == 1
