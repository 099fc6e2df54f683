"""OpenAI's API, by its official client."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import loopback
import numpy as np
import openai
import pytest
from conftest import opened_in
from model_server import Reply, serve, text

from assistant.assistant import Assistant
from assistant.web import server

TOASTER = b"# Toaster manual\n\nThe Brisa toaster has seven browning levels.\n\nIt weighs 2 kilograms.\n"
HOW_MANY = "How many browning levels does the Brisa toaster have?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    with opened_in(tmp_path_factory.mktemp("home")) as opened:
        opened.add_bytes(TOASTER, "toaster.md")
        yield opened


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with loopback.listening(server.app(assistant)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    http = httpx.Client(timeout=120, trust_env=False)
    with openai.OpenAI(api_key="none", base_url=f"{address}/v1", http_client=http, max_retries=0) as made:
        yield made


def asked(question: str, *before: tuple[str, str]) -> list[dict[str, str]]:
    return [
        *({"role": role, "content": said} for role, said in before),
        {"role": "user", "content": question},
    ]


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert "assistant" in [model.id for model in client.models.list()]
    assert client.models.retrieve("assistant").owned_by == "assistant"


def test_a_completion_has_the_answer_with_numbers_sources_and_annotations(
    client: openai.OpenAI, address: str
) -> None:
    done = client.chat.completions.create(model="assistant", messages=asked(HOW_MANY))  # type: ignore[arg-type]
    [choice] = done.choices
    said = choice.message.content or ""
    assert said.startswith("The Brisa toaster has seven browning levels. [1]")
    assert "Sources:\n[1] Toaster manual: “The Brisa toaster has seven browning levels.”" in said
    assert choice.finish_reason == "stop"
    assert choice.message.annotations
    first = choice.message.annotations[0].url_citation
    assert said[first.start_index : first.end_index] == "[1]"
    assert (first.title, first.url.startswith(f"{address}/source/")) == ("Toaster manual", True)
    assert "seven browning levels" in httpx.get(first.url, trust_env=False).text
    assert done.usage
    assert done.usage.completion_tokens > 5


def test_a_streamed_completion_has_the_same_text(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="assistant", messages=asked(HOW_MANY))  # type: ignore[arg-type]
    stream = client.chat.completions.create(
        model="assistant",
        messages=asked(HOW_MANY),  # type: ignore[arg-type]
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said == whole.choices[0].message.content
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage


def test_a_follow_up_is_understood_from_the_messages_before_it(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(model="assistant", messages=asked(HOW_MANY))  # type: ignore[arg-type]
    before = [
        ("system", "Be brief."),
        ("user", HOW_MANY),
        ("assistant", first.choices[0].message.content or ""),
    ]
    done = client.chat.completions.create(
        model="assistant",
        messages=asked("And how heavy is it?", *before),  # type: ignore[arg-type]
    )
    assert "2 kilograms" in (done.choices[0].message.content or "")


def test_a_question_without_an_answer_is_told_without_sources(client: openai.OpenAI) -> None:
    question = "Who painted the ceiling of the Sistine Chapel?"
    done = client.chat.completions.create(model="assistant", messages=asked(question))  # type: ignore[arg-type]
    assert done.choices[0].message.content == "The documents do not answer this question."
    assert done.choices[0].message.annotations == []


def test_text_in_parts_is_taken(client: openai.OpenAI) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": HOW_MANY}]}]
    done = client.chat.completions.create(model="assistant", messages=parts)  # type: ignore[arg-type]
    assert "seven" in (done.choices[0].message.content or "")


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "assistant", "content": "Yes."}], [{"role": "user", "content": "  "}], [{"role": "user"}]],
)
def test_what_is_no_question_is_refused_in_a_sentence(client: openai.OpenAI, messages: list[object]) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="assistant", messages=messages)  # type: ignore[arg-type]
    assert caught.value.status_code in {400, 422}
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"].endswith(".")


@pytest.mark.parametrize("path", ["files", "chat/completions/x", "assistants?limit=1"])
def test_what_is_not_there_is_told_in_a_sentence(client: openai.OpenAI, path: str) -> None:
    with pytest.raises(openai.NotFoundError, match="There is nothing at /v1/"):
        client.get(f"/{path}", cast_to=object)


def test_a_body_that_is_no_text_is_refused_in_the_same_form(address: str) -> None:
    reply = httpx.post(
        f"{address}/v1/responses",
        content=b"\xff{",
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].endswith(".")


def test_nothing_of_it_is_kept(client: openai.OpenAI, assistant: Assistant) -> None:
    client.chat.completions.create(model="assistant", messages=asked(HOW_MANY))  # type: ignore[arg-type]
    assert assistant.library.ledger.conversations.turns("assistant") == []


def test_a_model_behind_it_that_breaks_off_leaves_no_half_answer_for_a_whole(
    assistant: Assistant,
) -> None:
    reply = Reply(["The Brisa toaster has seven browning levels [1]. It weighs 2 "], fault="cut")
    with serve(reply) as model, opened_with(assistant, model.url) as url:
        client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
        stream = client.chat.completions.create(model="x", messages=asked(HOW_MANY), stream=True)  # type: ignore[arg-type]
        said = "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)
    assert "broke off" in said
    if said.count("seven browning levels. [1]") > 1:
        assert "(unfinished)" in said


def test_sentences_of_a_model_that_nothing_bears_out_are_marked(assistant: Assistant) -> None:
    written = "The Brisa toaster has seven browning levels [1]. It was built on the moon [1]."
    with serve(text(written)) as model, opened_with(assistant, model.url) as url:
        client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
        done = client.chat.completions.create(model="x", messages=asked(HOW_MANY))  # type: ignore[arg-type]
    said = done.choices[0].message.content or ""
    assert "moon. (not borne out by the documents)" in said


@contextmanager
def opened_with(assistant: Assistant, url: str) -> Iterator[str]:
    """The address of the assistant with a model, over the same store."""
    made = Assistant.__new__(Assistant)
    settings = replace(assistant.settings, model="m", base_url=url)
    made.__dict__.update({k: v for k, v in vars(assistant).items() if k != "_model"} | {"settings": settings})
    with loopback.listening(server.app(made)) as port:
        yield f"http://127.0.0.1:{port}"


# -- responses -------------------------------------------------------------------------------------


def test_a_response_has_text_and_annotations(client: openai.OpenAI) -> None:
    done = client.responses.create(model="assistant", input=HOW_MANY)
    assert done.status == "completed"
    assert done.output_text.startswith("The Brisa toaster has seven browning levels. [1]")
    [part] = done.output[0].content  # type: ignore[union-attr]
    [note, *_] = part.annotations  # type: ignore[union-attr]
    assert (note.type, done.output_text[note.start_index : note.end_index]) == ("url_citation", "[1]")  # type: ignore[union-attr]


def test_a_streamed_response_ends_with_the_whole(client: openai.OpenAI) -> None:
    with client.responses.stream(model="assistant", input=asked(HOW_MANY)) as stream:  # type: ignore[arg-type]
        said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert stream.get_final_response().output_text == said
    assert "seven browning levels. [1]" in said


# -- vectors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["float", "base64", None])
def test_texts_become_the_vectors_of_the_store(
    client: openai.OpenAI, assistant: Assistant, form: str
) -> None:
    given = {"encoding_format": form} if form else {}
    done = client.embeddings.create(model="assistant-embedding", input=["Fish.", "Oil."], **given)  # type: ignore[arg-type]
    found = done.data[1].embedding
    if isinstance(found, str):
        found = np.frombuffer(base64.b64decode(found), "<f4").tolist()
    assert np.allclose(found, assistant.embedder.embed(["Oil."])[0], atol=1e-6)


@pytest.mark.parametrize("given", [[], ["a"] * 300, [" "], ["a" * 30_000]])
def test_what_cannot_be_embedded_is_refused(client: openai.OpenAI, given: list[str]) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=r"texts|characters"):
        client.embeddings.create(model="assistant-embedding", input=given)
