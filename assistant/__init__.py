"""A conversational assistant that answers from a corpus of documents, with every sentence cited.

    from assistant import Assistant, load_settings

    with Assistant.open(load_settings()) as assistant:
        print(assistant.ask("What is a citation?").text)

The names below are the public API. Each is loaded when it is first used, so that importing is quick.
"""

from __future__ import annotations

import os

# Libraries read these while they are imported, so they are set before any module of ours imports one. With
# ONNX Runtime 1.31 nothing else helps: its switch in Python comes too late, and native code sends the rest.
os.environ.update(
    ORT_DISABLE_TELEMETRY="1",
    GRADIO_ANALYTICS_ENABLED="False",
    ANONYMIZED_TELEMETRY="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    DO_NOT_TRACK="1",
)

TYPE_CHECKING = False  # true to a type checker; without `typing`, importing takes a millisecond
if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.asynchronous import AsyncAssistant
    from assistant.core.config import Settings
    from assistant.core.config import load as load_settings
    from assistant.core.errors import (
        AccountError,
        AssistantError,
        ConfigError,
        EmbedderError,
        FetchError,
        LedgerError,
        LoginError,
        ModelError,
        NotFound,
        PromptTooLong,
        QuestionError,
        ReadError,
        ReplyCut,
        StoreBusy,
        StoreError,
        StoreUnreachable,
        SyncError,
        Withdrawn,
    )
    from assistant.core.types import Answer, Citation

__all__ = [
    "AccountError",
    "Answer",
    "Assistant",
    "AssistantError",
    "AsyncAssistant",
    "Citation",
    "ConfigError",
    "EmbedderError",
    "FetchError",
    "LedgerError",
    "LoginError",
    "ModelError",
    "NotFound",
    "PromptTooLong",
    "QuestionError",
    "ReadError",
    "ReplyCut",
    "Settings",
    "StoreBusy",
    "StoreError",
    "StoreUnreachable",
    "SyncError",
    "Withdrawn",
    "load_settings",
]

_ORIGINS = {
    "Assistant": "assistant.assistant",
    "AsyncAssistant": "assistant.asynchronous",
    "Settings": "assistant.core.config",
    "load_settings": "assistant.core.config",
    "Answer": "assistant.core.types",
    "Citation": "assistant.core.types",
}
"""The module of each public name; the errors are of `assistant.core.errors`."""


def __getattr__(name: str) -> object:
    """Load a public name (PEP 562)."""
    import importlib

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_ORIGINS.get(name, "assistant.core.errors"))
    value = globals()[name] = getattr(module, "load" if name == "load_settings" else name)
    return value


def __dir__() -> list[str]:
    """Return the names of the module, with those not loaded yet."""
    return sorted({*globals(), *__all__})
