"""The embedders: the real model, and a small endpoint on the loopback."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core.config import Settings
from assistant.core.errors import ConfigError, EmbedderError
from assistant.core.types import Span
from assistant.embedding import embedders, packed, remote, weights
from assistant.embedding.embedders import E5, Embedder, create_embedder
from assistant.embedding.onnx_graph import float_graph
from assistant.embedding.remote import RemoteEmbedder
from assistant.integrations.llama_index import LlamaEmbedding

ROOT = Path(__file__).parents[2]
SENTENCES = [
    "What did the visit to Nicaragua bring?",
    "Iran's exports to Brazil, mostly fertiliser, were worth 1.2 billion dollars in 2022.",
    "no",
    "| Country | Sector | Amount |\n|---|---|---|\n| Bolivia | drones | unknown |",
    "def mean(values: list[float]) -> float:\n    return sum(values) / len(values)",
    "Ο Σωκράτης, 北京, Привет, naïve café — 🙂",
    "SIGN UP NOW!!! 50% OFF $$$ http://example.org/?a=1&b=2",
    "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer. " * 8,
    "the the the the the the the the",
    "In 1905 Einstein published four papers; one of them explained the photoelectric effect.",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> E5:
    if weights.find_installed() is None:
        pytest.skip(f"{weights.PACKAGE} is not installed")
    return E5(tmp_path_factory.mktemp("cache"))


def test_the_default_embedder_is_an_embedder(model: E5) -> None:
    fits: Embedder = model
    vectors = fits.embed(SENTENCES)
    assert vectors.shape == (len(SENTENCES), fits.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_gives_no_rows(model: E5) -> None:
    assert model.embed([]).shape == (0, 384)
    vectors, parts = model.embed_spans([], [])
    assert vectors.shape == (0, 384)
    assert parts == []


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\ud800", "a\x00b", "\u200b", "x" * 5000, "word " * 5000])
def test_any_text_has_a_vector_of_length_one(model: E5, text: str) -> None:
    assert np.isclose(np.linalg.norm(model.embed([text])[0]), 1, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.text(max_size=40), max_size=6))
def test_a_text_has_the_same_vector_wherever_it_stands(model: E5, texts: list[str]) -> None:
    together = model.embed(texts)
    assert all(np.array_equal(row, model.embed([text])[0]) for row, text in zip(together, texts, strict=True))


def test_int8_stays_near_the_float_graph(model: E5) -> None:
    file = weights.find_installed()
    assert file is not None
    graph = float_graph(packed.read(file).tensors).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])

    def exact(text: str) -> np.ndarray:
        ids = [0, *model.model.tokenizer.pieces(f"passage: {text}").ids[:510], 2]
        states = session.run(None, {"words": model.model.words.rows(ids)[None]})[0][0]
        return embedders._center(states.mean(axis=0), "passage")

    cosines = [float(v @ exact(t)) for v, t in zip(model.embed(SENTENCES), SENTENCES, strict=True)]
    assert min(cosines) > 0.985
    assert np.mean(cosines) > 0.995


def test_what_means_the_same_is_near(model: E5) -> None:
    question = model.embed(["How much does the ticket cost?"], "query")[0]
    answer, spanish, other = model.embed(
        [
            "The price of admission is ten euros.",
            "El precio de la entrada es de diez euros.",
            "Whales breathe through a blowhole.",
        ]
    )
    assert min(question @ answer, question @ spanish) > question @ other + 0.1


def test_a_question_and_a_passage_of_the_same_words_are_not_the_same(model: E5) -> None:
    (asked,), (passage,) = model.embed(["ticket"], "query"), model.embed(["ticket"])
    assert 0.5 < asked @ passage < 0.999


def test_a_question_is_read_once_to_be_searched_for_and_to_be_read_word_by_word(model: E5) -> None:
    fresh = E5(model._cache)
    first = fresh.embed(["Who pays?"], "query")
    second, _ = fresh.embed_spans(["Who pays?"], [[Span(0, 3)]], "query")
    assert np.array_equal(first, second)
    assert (fresh._cached_run.cache_info().hits, fresh._cached_run.cache_info().misses) == (1, 1)


def test_what_is_beyond_512_tokens_is_not_read(model: E5) -> None:
    start = "word " * 508
    first, second = model.embed([start, start + "and something else altogether"])
    assert np.array_equal(first, second)
    assert model.count(start) == 512
    assert not np.array_equal(first, model.embed(["word " * 507 + "else"])[0])


def test_count_is_of_the_whole_text(model: E5) -> None:
    assert [model.count(text) for text in ("", "word", "two words", "word " * 1000)] == [4, 5, 6, 1004]


def test_the_span_of_the_whole_text_is_near_the_text(model: E5) -> None:
    texts = [text for text in SENTENCES if model.count(text) > 8]
    vectors, parts = model.embed_spans(texts, [[Span(0, len(text))] for text in texts])
    assert np.array_equal(vectors, model.embed(texts))
    assert min(float(vector @ part[0]) for vector, part in zip(vectors, parts, strict=True)) > 0.93


def test_a_span_is_nearest_to_its_own_sentence(model: E5) -> None:
    sentences = [
        "Cuba makes vaccines.",
        "Brazil buys fertiliser for its fields.",
        "The president flew to Managua.",
    ]
    text = " ".join(sentences)
    spans = [Span(text.index(s), text.index(s) + len(s)) for s in sentences]
    _, (parts,) = model.embed_spans([text], [spans])
    assert np.allclose(np.linalg.norm(parts, axis=1), 1, atol=1e-5)
    assert (parts @ model.embed(sentences).T).argmax(axis=1).tolist() == [0, 1, 2]


def test_spans_count_characters_not_bytes(model: E5) -> None:
    before, sentence = "Ünïcödé 🙂🙂 北京. ", "Trade grew."
    text = before + sentence
    spans = [Span(len(before), len(text)), Span(len(before), len(before) + 5)]
    _, (parts,) = model.embed_spans([text], [spans])
    states, offsets = model._states(text, "passage")
    words = [text[max(a, 0) : max(b, 0)].strip() for a, b in offsets]
    at = 1 + words.index("Trade")
    assert words[at - 1 :] == ["Trade", "gre", "w", "."]
    mean = states[at : at + 4].mean(axis=0)
    assert np.allclose(parts[0], embedders._center(mean, "passage"), atol=1e-5)
    assert np.allclose(parts[1], embedders._center(states[at], "passage"), atol=1e-5)


def test_a_span_that_was_cut_off_or_is_empty_gets_the_vector_of_its_text(model: E5) -> None:
    text = "word " * 800
    vectors, parts = model.embed_spans(
        [text, "short"], [[Span(3900, 3990), Span(0, 4)], [Span(2, 2), Span(9, 12)]]
    )
    assert np.array_equal(parts[0][0], vectors[0])
    assert not np.array_equal(parts[0][1], vectors[0])
    assert np.array_equal(parts[1], np.stack([vectors[1]] * 2))


def test_a_text_without_spans_has_none(model: E5) -> None:
    _, parts = model.embed_spans(["one", "two"], [[], [Span(0, 3)]])
    assert [part.shape for part in parts] == [(0, 384), (1, 384)]


def test_threads_share_one_model(model: E5) -> None:
    fresh = E5(model._cache)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: (fresh.embed(SENTENCES), id(fresh.model)), range(8)))
    assert all(np.array_equal(vectors, results[0][0]) for vectors, _ in results)
    assert len({opened for _, opened in results}) == 1


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, assistant.embedding.embedders; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"onnxruntime", "onnx", "sentencepiece", "httpx", "openai", "chromadb", "llama_index", "torch"}
    assert not heavy & set(loaded.stdout.split())


def test_a_forked_child_hears_no_warning(model: E5) -> None:
    code = (
        "import os, sys, pathlib; from assistant.embedding.embedders import E5\n"
        "E5(pathlib.Path(sys.argv[1])).embed(['one', 'two', 'three'])\n"
        "os._exit(0) if not os.fork() else os.wait()"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(model._cache)]
    environ = {k: v for k, v in os.environ.items() if k != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environ)
    assert done.stderr == ""


# An OpenAI-compatible endpoint.

Answer = Callable[[dict[str, Any]], tuple[int, Any]]


class Endpoint:
    """Answers POST /v1/embeddings with `answer`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = lambda asked: (200, self.vectors(asked["input"]))
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.headers: list[tuple[str, str]] = []
        self.url = ""

    @staticmethod
    def vectors(texts: list[str]) -> dict[str, Any]:
        """Rows that tell the text, in the wrong order."""
        rows = [{"index": i, "embedding": [float(len(text)), 1.0, 2.0]} for i, text in enumerate(texts)]
        return {"data": rows[::-1]}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    kept = Endpoint()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/embeddings"
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.asked.append(asked)
            kept.keys.append(self.headers["Authorization"])
            status, body = kept.answer(asked)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for header in kept.headers:
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(remote.time, "sleep", lambda _: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield kept
    server.shutdown()
    server.server_close()


def _remote(endpoint: Endpoint) -> RemoteEmbedder:
    return RemoteEmbedder(endpoint.url, "some-model", "sk-secret", timeout=5)


def test_remote_vectors_are_of_length_one_and_in_order(endpoint: Endpoint) -> None:
    texts = ["a" * n for n in range(150)]
    fits: Embedder = _remote(endpoint)
    vectors = fits.embed(texts)
    expected = np.array([[n or 1, 1, 2] for n in range(150)], np.float32)
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True))
    assert [len(asked["input"]) for asked in endpoint.asked] == [64, 64, 22]
    assert {asked["model"] for asked in endpoint.asked} == {"some-model"}
    assert set(endpoint.keys) == {"Bearer sk-secret"}


def test_remote_says_its_dimensions_and_name(endpoint: Endpoint) -> None:
    remote = _remote(endpoint)
    assert (remote.dimensions, remote.fingerprint) == (3, "some-model-3")
    assert remote.embed([]).shape == (0, 3)
    assert len(endpoint.asked) == 1


def test_remote_spans_are_texts_of_their_own(endpoint: Endpoint) -> None:
    remote = _remote(endpoint)
    texts, spans = ["abcdef", "gh", "ij"], [[Span(0, 2), Span(2, 6)], [], [Span(1, 2)]]
    vectors, parts = remote.embed_spans(texts, spans)
    assert np.array_equal(vectors, remote.embed(texts))
    assert [part.shape for part in parts] == [(2, 3), (0, 3), (1, 3)]
    assert np.array_equal(np.concatenate(parts), remote.embed(["ab", "cdef", "j"]))


def test_remote_sends_no_key_where_there_is_none(endpoint: Endpoint) -> None:
    RemoteEmbedder(endpoint.url, "some-model").embed(["a"])
    assert endpoint.keys == [None]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_remote_follows_no_proxy(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert _remote(endpoint).embed(["a"]).shape == (1, 3)


def test_remote_follows_no_redirect(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: (307, {})
    endpoint.headers = [("Location", f"{endpoint.url}/embeddings")]
    with pytest.raises(EmbedderError, match="status 307"):
        _remote(endpoint).embed(["a"])
    assert len(endpoint.asked) == 1


def test_remote_sends_any_text(endpoint: Endpoint) -> None:
    _remote(endpoint).embed(["", "a\ud800b"])
    assert endpoint.asked[0]["input"] == [" ", "a?b"]


def test_the_key_reaches_no_log_and_no_traceback(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = lambda _: (401, {"error": {"message": "the key sk-secret is wrong"}})
    with caplog.at_level("DEBUG"), pytest.raises(EmbedderError) as caught:
        _remote(endpoint).embed(["a"])
    assert endpoint.keys == ["Bearer sk-secret"]
    assert "sk-secret" not in "".join(traceback.format_exception(caught.value))
    assert "sk-secret" not in caplog.text


@pytest.mark.parametrize("key", ["sk-\nsecret", "sk-sécret", "sk-\x00secret"])
def test_a_key_that_no_header_can_have_is_refused_without_being_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        create_embedder(Settings(tmp_path, tmp_path, None, embedding_model="x", api_key=key))
    assert "cret" not in caught.value.message


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://127.0.0.1", "http://["])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="ASSISTANT_EMBEDDING_URL"):
        create_embedder(Settings(tmp_path, tmp_path, None, embedding_model="x", embedding_url=url))


def test_remote_asks_again_where_the_endpoint_is_busy(endpoint: Endpoint) -> None:
    faults = iter([(429, {}), (503, {})])
    endpoint.answer = lambda asked: next(faults, (200, Endpoint.vectors(asked["input"])))
    assert _remote(endpoint).embed(["a"]).shape == (1, 3)
    assert len(endpoint.asked) == 3


def test_remote_waits_as_long_as_the_endpoint_asks_for_and_no_longer_than_a_minute(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = list[float]()
    monkeypatch.setattr(remote.time, "sleep", waited.append)
    faults = iter(["7", "900", "Sat, 01 Jan 2000 00:00:00 GMT"])

    def answer(asked: Any) -> tuple[int, Any]:
        endpoint.headers = [("Retry-After", wait)] if (wait := next(faults, None)) else []
        return (429, {}) if wait else (200, Endpoint.vectors(asked["input"]))

    endpoint.answer = answer
    assert _remote(endpoint).embed(["a"]).shape == (1, 3)
    assert waited == [7.0, 60.0, 4.0]


def test_remote_is_given_less_at_once_where_a_batch_is_too_much(endpoint: Endpoint) -> None:
    def answer(asked: Any) -> tuple[int, Any]:
        texts = asked["input"]
        return (200, Endpoint.vectors(texts)) if len(texts) <= 20 else (413, {})

    endpoint.answer = answer
    vectors = _remote(endpoint).embed(["a" * n for n in range(64)])
    expected = np.array([[n or 1, 1, 2] for n in range(64)], np.float32)
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True))


def test_a_question_waits_for_fewer_attempts(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: (500, {})
    with pytest.raises(EmbedderError):
        _remote(endpoint).embed(["a"], "query")
    assert len(endpoint.asked) == RemoteEmbedder.QUICK_ATTEMPTS


@pytest.mark.parametrize(
    ("status", "body", "said", "retryable", "times"),
    [
        (401, {}, "refuses the key; set OPENAI_API_KEY", False, 1),
        (404, {}, "does not know the model some-model", False, 1),
        (400, {}, "answers with status 400", False, 1),
        (302, {}, "answers with status 302", False, 1),
        (500, {}, "answers with status 500", True, RemoteEmbedder.ATTEMPTS),
        (200, b"<html>", "does not answer as an embeddings endpoint does", False, 1),
        (200, {"error": "x"}, "does not answer as an embeddings endpoint does", False, 1),
        (200, [], "does not answer as an embeddings endpoint does", False, 1),
        (200, {"data": [{"index": 0, "embedding": "aGk="}]}, "does not answer as", False, 1),
        (
            200,
            {"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1]}]},
            "does not",
            False,
            1,
        ),
        (200, {"data": []}, "does not give 1 vectors for 1 texts", False, 1),
        (200, {"data": [{"index": 0, "embedding": [1, None]}]}, "does not", False, 1),
    ],
)
def test_remote_faults_are_one_sentence(
    endpoint: Endpoint, status: int, body: Any, said: str, retryable: bool, times: int
) -> None:
    endpoint.answer = lambda _: (status, body)
    with pytest.raises(EmbedderError) as caught:
        _remote(endpoint).embed(["a"])
    assert said in caught.value.message
    assert caught.value.retryable is retryable
    assert len(endpoint.asked) == times
    assert "sk-secret" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/v1", "http://name:pass@127.0.0.1:1", "not an address", "http://["]
)
def test_remote_that_cannot_be_reached_says_so(url: str) -> None:
    with pytest.raises(EmbedderError, match="cannot be reached") as caught:
        RemoteEmbedder(url, "some-model").embed(["a"])
    assert caught.value.retryable
    assert "pass" not in caught.value.message


def test_the_settings_choose_the_embedder(tmp_path: Path) -> None:
    assert isinstance(create_embedder(Settings(tmp_path, tmp_path, None)), E5)
    assert isinstance(
        create_embedder(Settings(tmp_path, tmp_path, None, embedding_model="x")), RemoteEmbedder
    )
    with pytest.raises(ConfigError, match="ASSISTANT_EMBEDDING_MODEL"):
        create_embedder(Settings(tmp_path, tmp_path, None, embedding_url="http://127.0.0.1/v1"))


def test_llama_index_gets_the_same_vectors(model: E5) -> None:
    seam = LlamaEmbedding(model)
    assert seam.get_text_embedding_batch(SENTENCES[:3]) == model.embed(SENTENCES[:3]).tolist()
    assert seam.get_query_embedding(SENTENCES[0]) == model.embed(SENTENCES[:1], "query")[0].tolist()
    assert seam.model_name == model.fingerprint
