"""Prompts: plain text files in `prompts/`, with `{variables}`."""

from __future__ import annotations

import re

from assistant.core.config import bundled
from assistant.core.errors import ConfigError

_VARIABLE = re.compile(r"\{([a-z_]+)\}")


def load(name: str, **variables: str) -> str:
    """Return the text of `prompts/<name>.md` with its variables filled in; braces in values are kept.

    Raises:
        ConfigError: there is no such prompt, or it has other variables.
    """
    try:
        text = (bundled("prompts") / f"{name}.md").read_text("utf-8")
    except (OSError, UnicodeError) as fault:
        raise ConfigError(f"The prompt {name}.md cannot be read; install the assistant again.") from fault
    if wrong := placeholders(text) ^ variables.keys():
        raise ConfigError(
            f"The prompt {name}.md has unknown or missing variables: {', '.join(sorted(wrong))}."
        )
    return _VARIABLE.sub(lambda found: variables[found[1]], text).strip()


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the variables in the text of a prompt."""
    return frozenset(_VARIABLE.findall(text))
