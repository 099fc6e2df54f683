"""Settings, read from the environment and from `config.toml` in the home folder.

The environment takes precedence over the file, and both over the model that was chosen in the page. An
unknown key is an error, to catch typing mistakes.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from assistant.core import model_choice
from assistant.core.errors import ConfigError
from assistant.core.model_choice import ModelChoice
from assistant.core.types import Price

NAME = "cited-assistant"
KEYS = {
    "ASSISTANT_HOME": "home",
    "ASSISTANT_CORPUS": "corpus",
    "ASSISTANT_DATABASE": "database",
    "ASSISTANT_CHROMA": "chroma",
    "ASSISTANT_CHROMA_TOKEN": "chroma_token",
    "ASSISTANT_ORIGINALS": "originals",
    "ASSISTANT_MODEL": "model",
    "ASSISTANT_MODEL_TIMEOUT": "model_timeout",
    "ASSISTANT_MODEL_PRICE": "model_price",
    "ASSISTANT_DAILY_TOKENS": "daily_tokens",
    "ASSISTANT_PUBLIC_URL": "public_url",
    "ASSISTANT_WIDGET_ORIGINS": "widget_origins",
    "ASSISTANT_USERS": "users",
    "ASSISTANT_LOG_DAYS": "log_days",
    "ASSISTANT_EMBEDDING_MODEL": "embedding_model",
    "ASSISTANT_EMBEDDING_URL": "embedding_url",
    "ASSISTANT_RERANK_URL": "rerank_url",
    "ASSISTANT_RERANK_MODEL": "rerank_model",
    "ASSISTANT_RERANK_KEY": "rerank_key",
    "ASSISTANT_SYNC_USER": "sync_user",
    "ASSISTANT_SYNC_PASSWORD": "sync_password",
    "OPENAI_API_KEY": "api_key",
    "OPENAI_BASE_URL": "base_url",
}
"""Environment variable -> the same setting's key in `config.toml`."""

_ORIGIN = re.compile(r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)/?")


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of an assistant. `model` is None for extractive answers."""

    home: Path
    cache: Path
    corpus: Path | None
    model: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    model_timeout: float = 60.0
    """The time limit for one answer, in seconds."""
    model_price: Price | None = None
    daily_tokens: int | None = None
    """The limit on the tokens that answers may use in a day (UTC)."""
    embedding_model: str | None = None
    embedding_url: str | None = None
    rerank_url: str | None = None
    rerank_model: str | None = None
    rerank_key: str | None = None
    sync_user: str | None = None
    """User and password with which `assistant sync` logs in to the server of an address."""
    sync_password: str | None = None
    database: str | None = None
    """The address of a PostgreSQL database for the ledger; without one, it is in the home."""
    chroma: str | None = None
    """The address of a Chroma server for the vectors; without one, they are in the home."""
    chroma_token: str | None = None
    originals: str | None = None
    """The folder or bucket of the originals; without one, they are in the home."""
    public_url: str | None = None
    """The address of the page behind a proxy: scheme and host, in lower case."""
    widget_origins: tuple[str, ...] = ()
    """The origins of the sites that may have the widget."""
    users: str = ""
    """Users that the environment names, as `NAME:ROLE:HASH` with spaces between them."""
    log_days: int = 90
    """Days for which it is kept who did what, where a login is demanded."""
    model_is_fixed: bool = False
    """True if the environment or `config.toml` sets the model, so that the page cannot."""
    structured: tuple[str, ...] = ()
    """The models that gain by answers in JSON; see `model_choice`."""

    def __repr__(self) -> str:
        """Leave out keys and passwords, to keep them out of logs."""
        return f"Settings(home={str(self.home)!r}, corpus={str(self.corpus)!r}, model={self.model!r})"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings from `environ` and from `config.toml` in the home folder.

    Raises:
        ConfigError: a key is unknown, or a value is malformed.
    """
    _refuse_unknown(environ)
    home = Path(environ.get("ASSISTANT_HOME") or platformdirs.user_data_path(NAME)).expanduser().absolute()
    values = _read_file(home / "config.toml")
    values |= {key: environ[name] for name, key in KEYS.items() if environ.get(name)}
    chosen = model_choice.read(home)
    is_fixed = not values.keys().isdisjoint(model_choice.KEYS)
    if not is_fixed:
        values |= {key: value for key in model_choice.KEYS if (value := getattr(chosen, key))}
    return Settings(
        home=home,
        cache=platformdirs.user_cache_path(NAME),
        corpus=_corpus(values.get("corpus")),
        database=values.get("database"),
        chroma=values.get("chroma"),
        chroma_token=values.get("chroma_token"),
        originals=values.get("originals"),
        model=_model(values),
        base_url=values.get("base_url"),
        api_key=values.get("api_key"),
        model_timeout=_seconds(values.get("model_timeout", "60")),
        model_price=_price(values.get("model_price")),
        daily_tokens=_tokens(values.get("daily_tokens")),
        embedding_model=values.get("embedding_model"),
        embedding_url=values.get("embedding_url"),
        rerank_url=values.get("rerank_url"),
        rerank_model=values.get("rerank_model"),
        rerank_key=values.get("rerank_key"),
        sync_user=values.get("sync_user"),
        sync_password=values.get("sync_password"),
        public_url=_public_url(values.get("public_url")),
        widget_origins=tuple(_origins(values.get("widget_origins", ""))),
        users=values.get("users", ""),
        log_days=_days(values.get("log_days", "90")),
        model_is_fixed=is_fixed,
        structured=chosen.structured,
    )


def in_folder(settings: Settings, home: Path) -> Settings:
    """Return the settings of another store, all of which is in `home`."""
    return replace(settings, home=home, database=None, chroma=None, originals=None)


def with_model(settings: Settings, choice: ModelChoice) -> Settings:
    """Return the settings with a model that was chosen in the page."""
    values = {key: value for key in model_choice.KEYS if (value := getattr(choice, key))}
    return replace(
        settings,
        model=_model(values),
        base_url=choice.base_url,
        api_key=choice.api_key,
        structured=choice.structured,
    )


def bundled(folder: str) -> Path:
    """Return the folder `corpus`, `prompts` or `eval/golden` of the checkout or the installed package."""
    package = Path(__file__).parents[1]
    inside = package / "_data" / folder
    return inside if inside.is_dir() else package.parent / folder


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for name in environ:
        # ASSISTANT_TEST_ is reserved for the tests.
        if name.startswith("ASSISTANT_") and name not in KEYS and not name.startswith("ASSISTANT_TEST_"):
            raise ConfigError(f"The setting {name} is unknown. Use one of {', '.join(KEYS)}.")


def _read_file(path: Path) -> dict[str, str]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as fault:
        raise ConfigError(f"The settings file {path} cannot be read ({fault}). Fix or remove it.") from fault
    known = set(KEYS.values()) - {"home"}
    for key in values:
        if key not in known:
            raise ConfigError(f"The key {key!r} in {path} is unknown. Use one of {', '.join(sorted(known))}.")
        if not isinstance(values[key], str | int | float):
            raise ConfigError(f'The key {key!r} in {path} is not text or a number. Write {key} = "…".')
    return {key: str(value) for key, value in values.items()}


def _corpus(value: str | None) -> Path | None:
    if value is None:
        return bundled("corpus")
    if value.lower() == "none":
        return None
    folder = Path(value).expanduser().absolute()
    if not folder.is_dir():
        raise ConfigError(f"ASSISTANT_CORPUS is {value}, which is not a folder. Name a folder, or none.")
    return folder


def _model(values: Mapping[str, str]) -> str | None:
    if not (values.get("api_key") or values.get("base_url")):
        return None
    return values.get("model", "gpt-4o-mini")


def _public_url(value: str | None) -> str | None:
    if value is None:
        return None
    origin = _ORIGIN.fullmatch(value.lower())
    if origin is None:
        raise ConfigError(
            f"ASSISTANT_PUBLIC_URL is {value}. Set it to a scheme and a host, as in https://docs.example.org."
        )
    return origin[1]


def _origins(value: str) -> Iterator[str]:
    for name in value.replace(",", " ").split():
        origin = _ORIGIN.fullmatch(name.lower())
        if origin is None:
            raise ConfigError(
                f"ASSISTANT_WIDGET_ORIGINS has {name}. Give a scheme and a host each, as in https://example.org."
            )
        yield origin[1]


def _price(value: str | None) -> Price | None:
    """Return the price of a million tokens: `0.15/0.60` for those read and those written, or one for both."""
    if value is None:
        return None
    try:
        amounts = [float(amount) for amount in value.split("/")]
    except ValueError:
        amounts = []
    if len(amounts) not in {1, 2} or not all(0 <= amount < 1_000_000 for amount in amounts):
        raise ConfigError(
            f"ASSISTANT_MODEL_PRICE is {value}. Set it to that of a million tokens, in and out: 0.15/0.60."
        )
    return Price(amounts[0], amounts[-1])


def _tokens(value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise ConfigError(f"ASSISTANT_DAILY_TOKENS is {value}. Set it to a number of tokens, such as 200000.")
    return int(value)


def _days(value: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", value):
        raise ConfigError(f"ASSISTANT_LOG_DAYS is {value}. Set it to a number of days from 1 to 9999.")
    return int(value)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise ConfigError(f"ASSISTANT_MODEL_TIMEOUT is {value}. Set it to seconds between 0 and 3600.")
    return seconds
