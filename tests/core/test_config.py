"""Settings: their sources, their precedence, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core import config
from assistant.core.errors import ConfigError


def written(home: Path, text: str) -> dict[str, str]:
    """The environment of a home whose settings file holds `text`."""
    (home / "config.toml").write_text(text, "utf-8")
    return {"ASSISTANT_HOME": str(home)}


def test_without_any_setting_the_shipped_corpus_is_answered_from_without_a_model() -> None:
    settings = config.load({})
    assert settings.corpus == config.bundled("corpus")
    assert list(settings.corpus.rglob("*.md"))
    assert settings.model is None
    assert settings.home.is_absolute()


def test_the_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert config.load({"ASSISTANT_HOME": "store"}).home == tmp_path / "store"
    assert config.load({"ASSISTANT_HOME": "~/store"}).home == tmp_path / "me" / "store"


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    environ = written(tmp_path, 'base_url = "http://a"\nmodel = "from file"\nmodel_timeout = 5\n')
    assert config.load(environ).model == "from file"
    assert config.load(environ).model_timeout == 5.0
    environ["ASSISTANT_MODEL"] = "from environment"
    assert config.load(environ).model == "from environment"


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    environ = written(tmp_path, 'api_key = "k"\nmodel = "m"\n') | {
        "ASSISTANT_MODEL": "",
        "OPENAI_API_KEY": "",
    }
    assert config.load(environ).model == "m"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_key_or_an_address_turns_the_model_on(name: str) -> None:
    assert config.load({name: "x"}).model
    assert config.load({name: "x", "ASSISTANT_MODEL": "mine"}).model == "mine"
    assert config.load({"ASSISTANT_MODEL": "mine"}).model is None


def test_an_unknown_variable_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="ASSISTANT_HOMES"):
        config.load({"ASSISTANT_HOMES": "/tmp"})
    config.load({"ASSISTANT_TEST_SHARED": "/tmp", "HOME": "/root"})


@pytest.mark.parametrize(
    "text",
    [
        'modle = "x"',
        'home = "/elsewhere"',
        "model = [",
        "model = {a = 1}",
        "model = [1]",
        "\0",
        "model_timeout = true",
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml|TIMEOUT"):
        config.load(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"model = '\xff'")
    with pytest.raises(ConfigError, match="Fix or remove it"):
        config.load({"ASSISTANT_HOME": str(tmp_path)})
    (tmp_path / "config.toml").unlink()
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="Fix or remove it"):
        config.load({"ASSISTANT_HOME": str(tmp_path)})


def test_another_corpus_or_none_can_be_named(tmp_path: Path) -> None:
    assert config.load({"ASSISTANT_CORPUS": str(tmp_path)}).corpus == tmp_path
    assert config.load({"ASSISTANT_CORPUS": "None"}).corpus is None
    with pytest.raises(ConfigError, match="not a folder"):
        config.load({"ASSISTANT_CORPUS": str(tmp_path / "absent")})


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "3600", "soon", "1e9"])
def test_a_time_limit_without_sense_is_refused(seconds: str) -> None:
    with pytest.raises(ConfigError, match="TIMEOUT"):
        config.load({"ASSISTANT_MODEL_TIMEOUT": seconds})


def test_the_key_is_in_nothing_that_is_printed() -> None:
    settings = config.load({"OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": "http://user:secret@host"})
    assert "secret" not in repr(settings) + str(settings)


@pytest.mark.parametrize("value", ["https://Docs.example.org", "https://docs.example.org/"])
def test_the_public_address_is_scheme_and_host(value: str) -> None:
    assert config.load({"ASSISTANT_PUBLIC_URL": value}).public_url == "https://docs.example.org"


@pytest.mark.parametrize(
    "value", ["docs.example.org", "https://a.example/docs", "https://a@b.example", "file:///a"]
)
def test_a_public_address_with_more_or_less_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="a scheme and a host"):
        config.load({"ASSISTANT_PUBLIC_URL": value})
