"""The model: pieces as they arrive, one deadline for the whole call, one helpful sentence per fault."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from model_server import Reply, refused, serve, text

import assistant
from assistant.answering.model import language_model
from assistant.answering.model.language_model import Model
from assistant.core.config import Settings
from assistant.core.deadline import Deadline
from assistant.core.errors import ConfigError, ModelError, Withdrawn

KEY = "sk-test-2c9e1f"


def model(url: str, seconds: float = 30.0) -> Model:
    return Model("small", url, KEY, seconds)


def failing(reply: Reply | list[Reply | str], seconds: float = 30.0) -> ModelError:
    with serve(reply) as server, pytest.raises(ModelError) as caught:
        model(server.url, seconds).complete("Why?")
    return caught.value


# -- answers ---------------------------------------------------------------------------------------


def test_an_answer_comes_in_its_pieces() -> None:
    with serve(text("Fish ", "and ", "oil. [1]")) as server:
        assert [*model(server.url).stream("What?")] == ["Fish ", "and ", "oil. [1]"]


def test_the_prompt_the_model_and_the_key_are_sent() -> None:
    with serve("Yes.") as server:
        assert model(server.url).complete("Is it {so}? \ud800 ☃") == "Yes."
    assert server.prompts == ["Is it {so}? ? ☃"]
    assert server.requests[0]["model"] == "small"
    assert server.requests[0]["stream"] is True
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_a_server_that_wants_no_key_gets_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serve("Yes.") as server:
        Model("small", server.url).complete("Why?")
    assert KEY not in str(server.headers)


def test_pieces_come_before_the_answer_is_whole() -> None:
    with serve(Reply(["First. "], fault="hang")) as server:
        pieces = model(server.url).stream("Why?")
        assert next(pieces) == "First. "
        pieces.close()


def test_a_caller_that_leaves_ends_the_call() -> None:
    with serve(Reply(["First. "], fault="trickle")) as server:
        pieces = model(server.url).stream("Why?")
        next(pieces)
        pieces.close()
        assert server.left.wait(10)


def test_it_can_be_asked_from_inside_an_event_loop() -> None:
    async def ask() -> str:
        return model(server.url).complete("Why?")

    with serve("Because.") as server:
        assert asyncio.run(ask()) == "Because."


def test_several_can_be_asked_at_once() -> None:
    with serve(lambda prompt: text(prompt, "!")) as server:
        streams = [model(server.url).stream(str(at)) for at in range(8)]
        assert [next(stream) for stream in streams] == [str(at) for at in range(8)]
        assert ["".join(stream) for stream in streams] == ["!"] * 8


def test_llamaindex_can_use_the_model() -> None:
    with serve("Yes.") as server:
        known = model(server.url).llm()
        assert (known.metadata.model_name, known.metadata.is_chat_model) == ("small", True)
        assert "".join(str(part.delta) for part in known.stream_complete("Why?")) == "Yes."


# -- faults ----------------------------------------------------------------------------------------

REFUSALS = [
    (401, "OPENAI_API_KEY", False),
    (403, "OPENAI_API_KEY", False),
    (404, "ASSISTANT_MODEL", False),
    (402, "credit", False),
    (413, "context window", False),
    (429, "wait a minute", True),
    (400, "400", False),
    (500, "500", True),
    (503, "503", True),
]


@pytest.mark.parametrize(("status", "hint", "retryable"), REFUSALS, ids=[str(row[0]) for row in REFUSALS])
def test_a_refusal_says_what_to_do(status: int, hint: str, retryable: bool) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}", "code": None}})
    fault = failing(Reply(status=status, body=body))
    assert hint in fault.message
    assert fault.retryable is retryable
    assert fault.message.startswith("The model small at http://127.0.0.1:")
    assert fault.message.endswith(".")
    assert KEY not in fault.message + repr(fault.__cause__)


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [("insufficient_quota", 429, "credit"), ("context_length_exceeded", 400, "context window")],
)
def test_the_reason_of_a_refusal_counts(code: str, status: int, hint: str) -> None:
    body = json.dumps({"error": {"message": "no", "code": code}})
    fault = failing(Reply(status=status, body=body))
    assert hint in fault.message
    assert not fault.retryable


FAULTS = [
    (Reply(["Fish "], fault="cut"), "broke off", True),
    (Reply(["Fish "], fault="end"), "broke off", True),
    (Reply(["Fish "], fault="garbage"), "OPENAI_BASE_URL", False),
    (Reply(fault="garbage"), "OPENAI_BASE_URL", False),
    (Reply(fault="odd"), "OPENAI_BASE_URL", False),
    (Reply(), "empty answer", True),
    (Reply(fault="page"), "empty answer", True),
    (Reply(["Fish and "], finish="length"), "ran out of room", False),
    (Reply(finish="content_filter"), "in other words", False),
    (Reply(["and again "] * 4000), "does not come to an end", False),
]


@pytest.mark.parametrize(("reply", "hint", "retryable"), FAULTS, ids=[f"{r.fault} {h}" for r, h, _ in FAULTS])
def test_a_broken_answer_says_what_to_do(reply: Reply, hint: str, retryable: bool) -> None:
    fault = failing(reply)
    assert hint in fault.message
    assert fault.retryable is retryable


def test_an_error_in_the_middle_of_a_stream_is_told() -> None:
    fault = failing(
        Reply(['x"}}]}\n\ndata: {"error": {"message": "overloaded"}}\n\ndata: {"a": "'], fault="cut")
    )
    assert "broke off" in fault.message


def test_nobody_there_says_what_to_do() -> None:
    with pytest.raises(
        ModelError, match=r"cannot be reached; start it, or check OPENAI_BASE_URL\."
    ) as caught:
        model(refused()).complete("Why?")
    assert caught.value.retryable


@pytest.mark.parametrize("fault", ["hang", "trickle", "trickle headers"])
def test_the_deadline_holds_for_the_whole_answer(fault: str) -> None:
    # A server that hangs gives up in the end, which would be told as another fault.
    told = failing(Reply(["Fish "] if fault != "trickle headers" else [], fault=fault), seconds=0.4)  # type: ignore[arg-type]
    assert "did not finish within 0.4 s" in told.message
    assert told.retryable


def test_the_key_in_an_address_is_not_told() -> None:
    url = refused().replace("http://", "http://user:secret@")
    with pytest.raises(ModelError) as caught:
        model(url).complete("Why?")
    assert "secret" not in caught.value.message
    assert KEY not in repr(model(url))


# -- retries ---------------------------------------------------------------------------------------


def test_a_passing_fault_is_tried_again() -> None:
    with serve([Reply(status=503), Reply(status=429), "Fish."]) as server:
        assert model(server.url).complete("What?") == "Fish."
    assert len(server.prompts) == 3


def test_after_three_tries_it_is_told() -> None:
    with serve(Reply(status=503)) as server, pytest.raises(ModelError):
        model(server.url).complete("What?")
    assert len(server.prompts) == 3


@pytest.mark.parametrize("reply", [Reply(status=401), Reply(["Fish "], fault="cut")], ids=["final", "begun"])
def test_what_is_final_or_has_begun_is_not_tried_again(reply: Reply) -> None:
    with serve(reply) as server, pytest.raises(ModelError):
        model(server.url).complete("What?")
    assert len(server.prompts) == 1


def test_a_server_that_asks_for_patience_gets_it() -> None:
    busy = Reply(status=429, headers=[("Retry-After", "1")])
    with serve([busy, "Fish."]) as server:
        began = time.monotonic()
        assert model(server.url).complete("What?") == "Fish."
        assert time.monotonic() - began >= 1


def test_patience_beyond_the_deadline_is_not_waited_for() -> None:
    busy = Reply(status=429, headers=[("Retry-After", "3600")])
    with serve(busy) as server, pytest.raises(ModelError, match="asked too often"):
        model(server.url).complete("What?")
    assert len(server.prompts) == 1


def test_a_question_that_is_withdrawn_ends_at_once() -> None:
    until = Deadline(3600)
    with serve(Reply(["First. "], fault="hang")) as server:
        pieces = model(server.url).stream("Why?", until)
        assert next(pieces) == "First. "
        until.withdraw()
        with pytest.raises(Withdrawn):
            next(pieces)


def test_what_its_reader_does_between_the_pieces_counts_for_the_deadline() -> None:
    until = Deadline(0.3)
    with serve(Reply(["a"] * 50)) as server:
        pieces = model(server.url).stream("Why?", until)
        next(pieces)
        time.sleep(0.4)
        with pytest.raises(ModelError, match="did not finish"):
            next(pieces)


SLOW_IMPORT = """
import os, sys, time
from assistant.answering.model.language_model import Model
from assistant.core.errors import ModelError
class Slow:
    def find_spec(self, name, path, target=None):
        if name == "llama_index.llms":
            time.sleep(300)
sys.meta_path.insert(0, Slow())
try:
    Model("small", "http://127.0.0.1:1/v1", seconds=0.5).complete("Why?")
except ModelError as fault:
    print(fault.message, flush=True)
os._exit(0)
"""


def test_the_deadline_holds_for_what_the_first_question_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW_IMPORT], capture_output=True, text=True, timeout=120, check=True
    )
    assert "did not finish within 0.5 s" in done.stdout


# -- whom it talks to ------------------------------------------------------------------------------

LISTEN = """
import socket, sys
from assistant.answering.model.language_model import Model
def heard(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        print(*arguments[1][:2])
    if event == "socket.getaddrinfo":
        print(*arguments[:2])
sys.addaudithook(heard)
assert Model("small", sys.argv[1], "k").complete("Why?") == "Because."
"""


def test_nobody_but_the_address_is_talked_to() -> None:
    with serve("Because.") as server:
        environment = {"HTTP_PROXY": refused(), "ALL_PROXY": refused(), "OPENAI_API_BASE": refused()}
        done = subprocess.run(
            [sys.executable, "-c", LISTEN, server.url],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(assistant.__file__).parents[1],
            env=environment,
        )
    port = server.url.split(":")[2].split("/")[0]
    assert set(done.stdout.splitlines()) == {f"127.0.0.1 {port}"}


def test_a_redirect_is_not_followed() -> None:
    with serve("Stolen.") as other:
        moved = Reply(status=307, headers=[("Location", f"{other.url}/chat/completions")])
        assert "final address" in failing(moved).message
    assert other.prompts == []


# -- settings --------------------------------------------------------------------------------------


def settings(**values: str | None) -> Settings:
    return Settings(home=Path("home"), cache=Path("cache"), corpus=None, **values)  # type: ignore[arg-type]


def test_without_a_model_there_is_none() -> None:
    assert language_model.model(settings()) is None


def test_the_settings_make_the_model() -> None:
    made = language_model.model(
        settings(model="small", base_url="http://127.0.0.1:1/v1/", api_key=f" {KEY}\n")
    )
    assert made == Model("small", "http://127.0.0.1:1/v1", KEY, 60.0)
    assert language_model.model(settings(model="small")) == Model(
        "small", language_model.OPENAI, language_model.NO_KEY
    )


@pytest.mark.parametrize(
    "url", ["localhost:11434", "http://", "ftp://host/v1", "http://[::1", "http://a:99999"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL"):
        language_model.model(settings(model="small", base_url=url))


@pytest.mark.parametrize("key", ["sk-…", "sk\x00", "sk-a\nb"])
def test_what_is_no_key_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        language_model.model(settings(model="small", api_key=key))
    assert key not in caught.value.message
