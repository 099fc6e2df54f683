"""The check of a person's own model says what it needs, and tries every path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from model_server import Reply, serve

from assistant.answering.model.language_model import Model
from eval import model_check

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("model", "said"),
    [([], "Name a model: make model-check MODEL="), (["nowhere.gguf"], "There is no file nowhere.gguf.")],
)
def test_without_a_model_a_sentence_says_what_to_name(model: list[str], said: str) -> None:
    command = [sys.executable, "-m", "eval.model_check", *model]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("no model")
    assert "is no model in the form GGUF" in (model_check._problem(str(tmp_path / "notes.gguf")) or "")


def test_each_path_is_told_with_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with serve(Reply(["One, two. ", "How heavy is the Arvo kettle?"])) as server:
        model = Model("small", server.url, seconds=20)
        runs = {what: model_check._runs(what, does, model) for what, does in model_check.PATHS.items()}
    assert runs == {"list": True, "chat": False, "stream": True, "condense": True, "JSON schema": False}
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == list(model_check.PATHS)
    assert told[0] == "list: 4096 tokens"
    assert told[1].startswith("chat: FAILED")
    assert told[2].startswith("stream: 2 pieces")
