"""The public API: `import assistant` gives all names, and loads nothing until one is used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import assistant
from assistant.core import errors


def test_importing_the_package_loads_none_of_its_modules() -> None:
    code = "import sys, assistant; print(*[name for name in sys.modules if name.startswith('assistant.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", assistant.__all__)
def test_each_public_name_can_be_imported_and_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(getattr(assistant, name))
    assert name in dir(assistant)


def test_all_errors_are_public() -> None:
    tree = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert tree <= set(assistant.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Asistant'"):
        assistant.Asistant  # noqa: B018


def test_a_program_needs_nothing_but_the_public_api(tmp_path: Path) -> None:
    settings = assistant.Settings(home=tmp_path, cache=assistant.load_settings().cache, corpus=None)
    with assistant.Assistant.open(settings) as opened:
        opened.add_bytes(b"The kettle boils one litre in 95 seconds.", "kettle.md")
        answer = opened.ask("How long does the kettle take to boil one litre?")
    assert isinstance(answer, assistant.Answer)
    assert [type(citation) for citation in answer.citations] == [assistant.Citation]
