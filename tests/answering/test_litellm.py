"""LiteLLM's proxy between the assistant and a scripted model: every path, and every error in a sentence.

The proxy is installed in an environment of its own, in a folder of the cache, the first time.
"""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import loopback
import platformdirs
import pytest
from conftest import opened_in
from filelock import FileLock
from model_server import ModelServer, Reply, Script, serve

from assistant.answering.answers import WITHOUT
from assistant.answering.model import offers
from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.errors import ModelError

VERSION = "1.105.7"
"""Named exactly, as 1.107.0 was published by others than its makers."""
KEY = "sk-proxy-1234"
KETTLE = "# Kettle manual\n\nThe Arvo kettle boils one litre in 95 seconds.\n\nIt weighs two kilograms.\n"
BOILS = "How long does the Arvo kettle take to boil one litre?"
SAID = "The Arvo kettle boils one litre in 95 seconds [1]."
CONFIG = """
model_list:
  - model_name: small
    litellm_params: {{model: openai/small, api_base: "{url}", api_key: none}}
litellm_settings: {{num_retries: 0, telemetry: false}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
general_settings: {{master_key: {key}}}
"""
LONG = Reply(
    status=400,
    body='{"error": {"message": "This model\'s maximum context length is 700 tokens; reduce the length.", '
    '"type": "invalid_request_error", "code": "context_length_exceeded"}}',
)
pytestmark = pytest.mark.exhaustive


def answering(prompt: str) -> str:
    """The reply of a model without a fault."""
    return SAID


@dataclass
class Proxy:
    """A running proxy, the model behind it, and what that says now."""

    url: str
    model: ModelServer
    now: list[Script]


@pytest.fixture(scope="session")
def installed() -> Path:
    """The proxy's program."""
    folder = platformdirs.user_cache_path("cited-assistant-tests") / f"litellm-{VERSION}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        stamp, python = folder / "whole", folder / "bin" / "python"
        if not stamp.exists():
            venv.create(folder, with_pip=True, clear=True)
            pip = [
                python,
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--no-input",
                "install",
                "--quiet",
                "uv",
            ]
            uv = [folder / "bin" / "uv", "pip", "install", "--quiet", "--python", python]
            for command in (pip, [*uv, f"litellm[proxy]=={VERSION}"]):
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    pytest.skip(f"LiteLLM cannot be had: {done.stderr.strip()[-200:]}")
            stamp.touch()
    return folder / "bin" / "litellm"


@pytest.fixture(scope="module")
def proxy(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder, now = tmp_path_factory.mktemp("proxy"), [answering]
    with serve(lambda prompt: now[0](prompt)) as model:
        port = loopback.free_port()
        (folder / "config.yaml").write_text(CONFIG.format(url=model.url, key=KEY), "utf-8")
        command = [installed, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_", "PYTHON"))}
        # Otherwise it fetches a list of prices.
        quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(command, env=kept | quiet, cwd=folder, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/health/liveliness", child, folder / "log")
            yield Proxy(f"http://127.0.0.1:{port}/v1", model, now)
        finally:
            child.terminate()
            child.wait(60)


def _wait(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while child.poll() is None:
        try:
            opener.open(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(log.read_text("utf-8", "replace")[-2000:])


@pytest.fixture
def assistant(proxy: Proxy, tmp_path: Path) -> Iterator[Assistant]:
    proxy.now[0] = answering
    with opened_in(tmp_path / "home", {"kettle.md": KETTLE}):
        pass
    settings = replace(config.load({}), home=tmp_path / "home", corpus=None, model="small", api_key=KEY)
    with Assistant.open(replace(settings, base_url=proxy.url)) as opened:
        yield opened


def test_its_models_are_listed_with_its_key_alone(proxy: Proxy) -> None:
    assert [offer.name for offer in offers.offers(proxy.url, KEY)] == ["small"]
    # It looks for other keys in a database, and has none here.
    with pytest.raises(ModelError, match=r"refuses the key|lists no models"):
        offers.offers(proxy.url, "sk-another")


def test_an_answer_is_streamed_through_it_and_cited(assistant: Assistant) -> None:
    *_, answer = assistant.stream(BOILS)
    assert (answer.mode, answer.model, answer.notice) == ("model", "small", None)
    assert "95 seconds" in answer.text
    assert answer.citations


def test_a_follow_up_is_answered_through_it(assistant: Assistant, proxy: Proxy) -> None:
    assistant.ask(BOILS, "a")
    proxy.now[0] = lambda _: "The Arvo kettle weighs two kilograms. It weighs two kilograms [1]."
    answer = assistant.ask("And how heavy is it?", "a")
    assert answer.mode == "model"
    assert "two kilograms" in answer.text


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=400, body='{"error": {"message": "bad"}}'),
        Reply(status=401),
        Reply(status=403),
        Reply(status=404),
        Reply(status=429),
        Reply(status=500),
        Reply(status=503),
        Reply(["The Arvo kettle boils "], fault="cut"),
        Reply(fault="garbage"),
        Reply(),
    ],
    ids=lambda reply: f"{reply.status} {reply.fault or ''}",
)
def test_what_goes_wrong_behind_it_is_told_and_quotes_stand_in(
    assistant: Assistant, proxy: Proxy, reply: Reply
) -> None:
    proxy.now[0] = lambda _: reply
    answer = assistant.ask(BOILS)
    assert answer.answered
    assert answer.mode == "extractive"
    assert (answer.notice or "").endswith(WITHOUT)
    assert KEY not in (answer.notice or "")
    proxy.now[0] = answering
    assert assistant.ask(BOILS).mode == "model"


def test_a_prompt_that_is_too_long_behind_it_is_sent_again_with_less(
    assistant: Assistant, proxy: Proxy
) -> None:
    lamps = "\n\n".join(f"## Lamp {n}\n\n" + f"A lamp boils oil in {n} minutes. " * 20 for n in range(9))
    assistant.add_bytes(f"# Lamps\n\n{lamps}".encode(), "lamps.md")
    before = len(proxy.model.prompts)
    proxy.now[0] = lambda prompt: LONG if len(prompt) > 3000 else SAID
    assert assistant.ask(BOILS).mode == "model"
    assert len(proxy.model.prompts[before]) > 3000


@pytest.mark.parametrize(("name", "key"), [("unknown", KEY), ("small", "sk-another")])
def test_a_wrong_name_or_key_is_told(assistant: Assistant, name: str, key: str) -> None:
    assistant.__dict__.pop("_model", None)
    assistant.settings = replace(assistant.settings, model=name, api_key=key)
    answer = assistant.ask(BOILS)
    assert answer.mode == "extractive"
    assert (answer.notice or "").endswith(WITHOUT)
    assert key not in (answer.notice or "")
