"""The default needs no network: nothing but loopback is ever tried, from an empty home to an answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.embedding.embedders import Embedder

# Python tells its audit hooks of every connection and every name looked up, before it is done; no library
# gets past that. `sys.argv` is what is left after the file to write to.
WATCHED = """
import sys, socket

def is_near(address):
    if not isinstance(address, tuple):
        return True  # a unix socket
    return address[0] in ("127.0.0.1", "::1", "localhost", "")

def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        far = not is_near(args[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        far = args[0] not in (None, "", "127.0.0.1", "::1", "localhost")
    else:
        return
    if far:
        with open(tried, "a") as file:
            print(event, args, file=file)
        raise OSError("there is no network in this test")

tried = sys.argv.pop(1)
sys.addaudithook(watch)
from assistant import cli
cli.main()
"""
QUESTION = "What does Iran export to Venezuela?"


@pytest.fixture
def default(environment: dict[str, str], e5: Embedder) -> dict[str, str]:
    """An empty home, the shipped corpus, and a model that was prepared at some time before."""
    e5.embed(["prepared"])
    del environment["ASSISTANT_CORPUS"]
    return environment


def asked(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_an_empty_home_is_filled_and_answers_without_trying_any_connection(
    default: dict[str, str], tmp_path: Path
) -> None:
    tried = tmp_path / "tried"
    done = asked([sys.executable, "-c", WATCHED, str(tried), "ask", QUESTION, "--json"], default)
    assert not tried.exists(), tried.read_text()
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["answered"]
    assert answer["citations"]


def test_the_watch_sees_what_is_tried(environment: dict[str, str], tmp_path: Path) -> None:
    """Otherwise the test above could not fail."""
    tried = tmp_path / "tried"
    environment |= {"OPENAI_BASE_URL": "http://192.0.2.1/v1", "ASSISTANT_MODEL_TIMEOUT": "1"}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# A\n\nA kettle boils.\n")
    environment["ASSISTANT_CORPUS"] = str(tmp_path / "corpus")
    done = asked([sys.executable, "-c", WATCHED, str(tried), "ask", "What boils?", "--json"], environment)
    assert "192.0.2.1" in tried.read_text()
    assert json.loads(done.stdout)["notice"]


def test_where_there_is_no_network_at_all_it_answers_too(default: dict[str, str]) -> None:
    """In a network namespace without any interface; what native code would try is stopped there as well."""
    alone = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or asked([*alone, "true"], default).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    command = [*alone, sys.executable, "-m", "assistant.cli", "ask", QUESTION, "--json"]
    done = asked(command, default)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answered"]
