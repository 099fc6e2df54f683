"""Prompts: every variable is known, none is missing, values stay as they are."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assistant
from assistant.answering.model import prompts
from assistant.core.config import bundled
from assistant.core.errors import ConfigError

PACKAGE = Path(assistant.__file__).parent
FILES = sorted(bundled("prompts").glob("*"))


@cache
def uses() -> dict[str, list[set[str]]]:
    """Prompt -> the variables that each call of `prompts.load` in the package gives it."""
    found: dict[str, list[set[str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "prompts.load":
                name = ast.literal_eval(node.args[0])
                found.setdefault(name, []).append({str(keyword.arg) for keyword in node.keywords})
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_prompt_is_loaded_with_exactly_its_variables(path: Path) -> None:
    assert path.suffix == ".md"
    wanted = prompts.placeholders(path.read_text("utf-8"))
    assert uses()[path.stem]
    assert all(given == wanted for given in uses()[path.stem])


def test_each_prompt_that_is_asked_for_exists() -> None:
    assert uses().keys() == {path.stem for path in FILES}


def filled(**changes: str) -> dict[str, str]:
    return {"fence": "F", "history": "H", "question": "Q"} | changes


def test_variables_are_filled() -> None:
    text = prompts.load("condense", **filled(question="and with Bolivia?"))
    assert "Last question: and with Bolivia?" in text
    assert prompts.placeholders(text) == frozenset()


@given(st.text(alphabet="{}aquestionhistory%$\\ \n", max_size=40))
def test_a_value_with_braces_stays_as_it_is(value: str) -> None:
    text = prompts.load("condense", **filled(history=f"<{value}>"))
    assert f"<{value}>" in text


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="history"):
        prompts.load("condense", fence="F", question="Q")


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="colour"):
        prompts.load("condense", **filled(colour="red"))


def test_an_unknown_prompt_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nothing\.md"):
        prompts.load("nothing")
