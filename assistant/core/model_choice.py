"""The language model that was chosen in the page, and the forms that trials found: `model.json` in the home.

Only its owner can read the file, as it has the key. Environment and `config.toml` take precedence over it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.core.errors import ConfigError
from assistant.core.private_files import write_private

NAME = "model.json"
KEYS = ("base_url", "model", "api_key")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Address, name and key of a model; without an address and a key, answers are quotes."""

    base_url: str | None = None
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    structured: tuple[str, ...] = ()
    """`as_key` of the models that gain by answers in JSON by a schema."""


def as_key(url: str, name: str) -> str:
    """Return the key of a model in a choice."""
    return f"{name} at {url}"


def read(home: Path) -> ModelChoice:
    """Return what is kept in a home folder, the default if nothing is.

    Raises:
        ConfigError: the file cannot be read.
    """
    path = home / NAME
    try:
        kept = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ModelChoice()
    except (OSError, ValueError, RecursionError) as fault:
        raise _unreadable(path) from fault
    if not isinstance(kept, dict) or not all(isinstance(kept.get(key), str | None) for key in KEYS):
        raise _unreadable(path)
    forms = kept.get("structured", [])
    structured = tuple(form for form in forms if isinstance(form, str)) if isinstance(forms, list) else ()
    return ModelChoice(kept.get("base_url"), kept.get("model"), kept.get("api_key"), structured)


def write(home: Path, choice: ModelChoice) -> None:
    """Keep a choice, atomically.

    Raises:
        StoreError: the file cannot be written.
    """
    write_private(home / NAME, json.dumps(_filled(choice)).encode())


def keep_form(home: Path, key: str, structured: bool) -> None:
    """Keep whether a model gains by answers in JSON."""
    kept = read(home)
    others = tuple(form for form in kept.structured if form != key)
    write(home, replace(kept, structured=(*others, key) if structured else others))


def _filled(choice: ModelChoice) -> Mapping[str, Any]:
    return {key: value for key, value in asdict(choice).items() if value}


def _unreadable(path: Path) -> ConfigError:
    return ConfigError(f"The file {path} of the chosen language model cannot be read. Remove it.")
