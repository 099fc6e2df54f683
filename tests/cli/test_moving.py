"""`assistant move`: what a person types, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run
from servers import Chroma, Postgres

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"


@pytest.fixture
def filled_by(run: Run, tmp_path: Path) -> Run:
    """Runs a command over a home with one document."""
    (tmp_path / "kettle.md").write_text(KETTLE)
    assert run("add", tmp_path / "kettle.md").code == 0
    return run


def test_a_store_moves_to_a_folder_and_is_asked_there(
    filled_by: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = filled_by("move", "--to", tmp_path / "new")
    assert (done.code, done.out) == (
        0,
        "Moved and compared: 1 document, 1 passage, 0 turns of conversations, 1 original.\n",
    )
    assert f"ASSISTANT_HOME={tmp_path / 'new'}\n" in done.err
    assert "ASSISTANT_DATABASE unset" in done.err
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "new"))
    assert "95 seconds" in filled_by("ask", "How long does the Arvo kettle take?").out
    again = filled_by("move", "--to", tmp_path / "new")
    assert (again.code, "is there already" in again.err) == (1, True)


def test_a_store_moves_to_servers_and_no_password_is_shown(
    filled_by: Run, postgres: Postgres, chroma: Chroma, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.empty().set(password="secret-word").render_as_string(hide_password=False)
    done = filled_by("move", "--to", url, "--to", chroma.server.url, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["passages"] == 1
    assert f"ASSISTANT_CHROMA={chroma.server.url}\n" in done.err
    assert "secret-word" not in done.out + done.err
    monkeypatch.setenv("ASSISTANT_DATABASE", url)
    monkeypatch.setenv("ASSISTANT_CHROMA", chroma.server.url)
    done = filled_by("ask", "How long does the Arvo kettle take?")
    assert "95 seconds" in done.out
    assert "secret-word" not in done.out + done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "ftp://host/store"], "ftp:// is no address of a store"),
        (["--to", "http://127.0.0.1:8000"], "set ASSISTANT_CHROMA, then run `assistant rebuild`"),
        (["--to", "a", "--to", "b"], "Name one place of a kind"),
        (["--to", " "], "is empty"),
    ],
)
def test_what_is_no_place_is_told_in_one_line(run: Run, words: list[str], said: str) -> None:
    done = run("move", *words)
    assert done.code == 1
    assert said in done.err
