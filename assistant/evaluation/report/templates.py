"""Jinja2 templates of the report: every value is escaped as on the chat page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assistant.evaluation.runs.summary import format_value
from assistant.text.html import text


def _escape(value: Any) -> Markup:
    """Escape with `text`, which replaces control characters and lone surrogates too."""
    return value if isinstance(value, Markup) else Markup(text(str(value)))  # noqa: S704 - it is escaped


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    finalize=_escape,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["format_value"] = format_value
_ENVIRONMENT.filters["px"] = lambda value: f"{value:.1f}".rstrip("0").rstrip(".")


def render(template: str, **values: Any) -> str:
    """Render a template of this folder."""
    return _ENVIRONMENT.get_template(template).render(values)
