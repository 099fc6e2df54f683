"""The examples of the handbook run as they are printed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from conftest import Hashing
from llama_index.core.llms import MockLLM

from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.config import Settings
from assistant.integrations.llama_index import LlamaEmbedding

PAGE = config.bundled("corpus") / "handbook" / "15-python-and-llama-index.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
CITATIONS = b"# Citations\n\nA citation is a number that opens the quoted sentence in its document.\n"


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configured home, with one document."""
    monkeypatch.setenv("ASSISTANT_HOME", str(settings.home))
    monkeypatch.setenv("ASSISTANT_CORPUS", "none")
    with Assistant.open(settings) as assistant:
        assistant.add_bytes(CITATIONS, "citations.md")
    return settings.home


def run(example: str, **names: object) -> str:
    """Run the example; return what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, PAGE.name, "exec"), dict(names))
    return out.getvalue()


def test_the_page_shows_both_directions() -> None:
    given = ["as_query_engine", "as_chat_engine", "embedder", "langchain"]
    assert [[word in example for word in given].index(True) for example in EXAMPLES[1:]] == [0, 1, 2, 3]


def test_a_program_prints_citations(home: Path) -> None:
    assert run(EXAMPLES[0]).startswith("1 Citations A citation is a number")


def test_llama_index_gets_a_retriever_and_a_query_engine(home: Path) -> None:
    out = run(EXAMPLES[1])
    assert "A citation is a number that opens the quoted sentence in its document. [1]" in out
    assert "['Citations']" in out


def test_llama_index_gets_a_chat_engine_that_understands_follow_ups(home: Path) -> None:
    out = run(EXAMPLES[2])
    assert out.count("the quoted sentence in its document. [1]") == 2


def test_langchain_gets_a_retriever(home: Path) -> None:
    out = run(EXAMPLES[4])
    assert "Citations # Citations" in out


def test_the_assistant_takes_an_embedding_a_retriever_and_a_model(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(settings.home))
    monkeypatch.setenv("ASSISTANT_CORPUS", "none")
    with Assistant.open(settings, embedder=Hashing()) as assistant:
        assistant.add_bytes(CITATIONS, "citations.md")
    assert run(EXAMPLES[3], embedding=LlamaEmbedding(Hashing()), llm=MockLLM()).strip()
