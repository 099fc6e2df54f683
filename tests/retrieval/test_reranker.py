"""Passages ranked again by an endpoint, in the forms that rerankers have."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Hashing, given

from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import ConfigError, EmbedderError
from assistant.core.types import Query
from assistant.ingest.library import Library
from assistant.retrieval import reranker
from assistant.retrieval.reranker import Reranker, create_reranker
from assistant.retrieval.retriever import Retriever

Json = Any
TEXTS = ["bees", "salt", "a long text of salt"]


def by_length(texts: list[str]) -> list[float]:
    return [len(text) / 100 for text in texts]


def results(asked: Json) -> tuple[int, Json]:
    """As Infinity, vLLM, Jina and Cohere answer: best first."""
    if "documents" not in asked:
        return 422, {"detail": "documents: Field required"}
    scores = by_length(asked["documents"])
    rows = [{"index": at, "relevance_score": score} for at, score in enumerate(scores)]
    return 200, {"results": sorted(rows, key=lambda row: -row["relevance_score"])}


def bare(asked: Json) -> tuple[int, Json]:
    """As TEI answers."""
    if "texts" not in asked:
        return 422, {"error": "missing field `texts`"}
    return 200, [{"index": at, "score": score} for at, score in enumerate(by_length(asked["texts"]))]


@dataclass
class Endpoint:
    """A reranker on loopback, and what it was asked."""

    answer: Callable[[Json], tuple[int, Json]] = results
    url: str = ""
    asked: list[Json] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    kept = Endpoint()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.asked.append(asked)
            kept.paths.append(self.path)
            kept.keys.append(self.headers["Authorization"])
            status, body = kept.answer(asked)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("form", [results, bare])
def test_both_forms_are_understood_and_the_right_one_is_remembered(
    endpoint: Endpoint, form: Callable[[Json], tuple[int, Json]]
) -> None:
    endpoint.answer = form
    made = Reranker(endpoint.url, "m", "sk-secret")
    for _ in range(2):
        assert made.scores("salt?", TEXTS) == by_length(TEXTS)
        assert made.ranked("salt?", TEXTS) == [2, 0, 1]
    assert len(endpoint.asked) == (4 if form is results else 5)
    assert {asked["model"] for asked in endpoint.asked} == {"m"}
    assert set(endpoint.keys) == {"Bearer sk-secret"}


@pytest.mark.parametrize("path", ["", "/v1", "/v2/rerank"])
def test_the_address_may_be_whole_or_that_above(endpoint: Endpoint, path: str) -> None:
    Reranker(endpoint.url + path).scores("salt?", TEXTS)
    assert endpoint.paths == [path.removesuffix("/rerank") + "/rerank"]
    assert endpoint.keys == [None]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {}, "refuses the key; set ASSISTANT_RERANK_KEY"),
        (404, {}, "is not there; check ASSISTANT_RERANK_URL"),
        (400, {}, "answers with status 400"),
        (307, {}, "answers with status 307"),
        (500, b"sk-secret", "answers with status 500"),
        (200, b"<html>", "does not answer as a reranker does"),
        (200, {"data": []}, "does not answer as a reranker does"),
        (200, {"results": [{"index": 0}]}, "does not answer as a reranker does"),
        (200, {"results": []}, "does not give 3 scores for 3 texts"),
        (200, [{"index": at, "score": float("nan")} for at in range(3)], "does not give 3 scores"),
    ],
)
def test_faults_are_one_sentence_without_the_key(
    endpoint: Endpoint, status: int, body: Any, said: str
) -> None:
    endpoint.answer = lambda _: (status, body)
    with pytest.raises(EmbedderError) as caught:
        Reranker(endpoint.url, key="sk-secret").scores("salt?", TEXTS)
    assert said in caught.value.message
    assert "sk-secret" not in caught.value.message


def test_a_reranker_that_cannot_be_reached_ranks_nothing_and_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranker, "SECONDS", 1.0)
    assert Reranker("http://name:pass@127.0.0.1:1").ranked("salt?", TEXTS) is None
    assert "cannot be reached" in caplog.text
    assert "pass" not in caplog.text


def test_the_settings_choose_it(tmp_path: Path) -> None:
    assert create_reranker(Settings(tmp_path, tmp_path, None)) is None
    given = config.load(
        {"ASSISTANT_RERANK_URL": "http://127.0.0.1:1", "ASSISTANT_RERANK_KEY": "sk-\x00secret"}
    )
    with pytest.raises(ConfigError, match="ASSISTANT_RERANK_KEY") as caught:
        create_reranker(given)
    assert "secret" not in caught.value.message
    assert "secret" not in repr(given)
    with pytest.raises(ConfigError, match="ASSISTANT_RERANK_URL"):
        create_reranker(replace(given, rerank_url="nowhere", rerank_key=None))


def test_passages_come_as_the_reranker_ranks_them_with_scores_of_our_scale(
    endpoint: Endpoint, library: Library
) -> None:
    list(
        library.add(given(bees="The bees.", salt="The mine of salt.", sea="Salt is in the sea and the mine."))
    )
    plain = Retriever(library, Hashing()).retrieve(Query("bees"))
    found = Retriever(library, Hashing(), Reranker(endpoint.url)).retrieve(Query("bees"))
    assert [passage.source for passage in found] == ["sea.md", "salt.md", "bees.md"]
    assert plain[0].source == "bees.md"
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


def test_questions_are_answered_where_the_reranker_fails(endpoint: Endpoint, library: Library) -> None:
    endpoint.answer = lambda _: (500, {})
    list(library.add(given(bees="The bees.", salt="The mine of salt.")))
    found = Retriever(library, Hashing(), Reranker(endpoint.url)).retrieve(Query("bees"))
    assert found[0].source == "bees.md"
