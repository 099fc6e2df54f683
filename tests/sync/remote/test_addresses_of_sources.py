"""Addresses of sources: what is refused before anything is connected to, and what passwords get into."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
from internet import Web

from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import AssistantError
from assistant.ingest import fetch
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import open_source, parse

SETTINGS = config.load({"ASSISTANT_SYNC_USER": "kim", "ASSISTANT_SYNC_PASSWORD": "Tulip-4711"})
KINDS = [
    *("git+https://{}/team/handbook@main", "git+http://{}/team/handbook", "https://{}/sitemap.xml"),
    *("imaps://kim@{}/INBOX", "imap://{}/INBOX", "webdav+https://{}/notes", "sftp://{}/notes"),
]


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is looked up or connected to all the same."""
    tried: list[Any] = []

    def refuse(*words: Any, **_: Any) -> Any:
        tried.append(words)
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    return tried


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.8", "localhost", "nas", "nas.local"])
@pytest.mark.parametrize("kind", KINDS)
def test_private_hosts_are_refused_before_a_socket_opens(no_socket: list[Any], kind: str, host: str) -> None:
    with pytest.raises(AssistantError) as caught:
        open_source(kind.format(host), SETTINGS).list({})
    assert "is on this machine or in a private network, and is not fetched; with --private" in (
        caught.value.message
    )
    assert not no_socket


def test_a_private_endpoint_of_s3_is_refused_too(
    no_socket: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://169.254.169.254")
    with pytest.raises(AssistantError, match="private network"):
        open_source("s3://handbooks", SETTINGS).list({})
    assert not no_socket


@pytest.mark.parametrize("kind", KINDS)
def test_a_public_name_of_a_private_address_is_refused(web: Web, kind: str) -> None:
    web.names["docs.example.org"] = [["127.0.0.1"]]
    source = open_source(kind.format("docs.example.org"), SETTINGS)
    with pytest.raises(AssistantError, match="private network"):
        source.list({})
    assert web.resolved == ["docs.example.org"]
    assert not web.connected
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_private_means_the_host_of_the_address_alone(kind: str) -> None:
    assert parse(kind.format("nas.local"), SETTINGS, allow_private=True).private == "nas.local"
    assert parse(kind.format("nas.local"), SETTINGS).private == ""


def test_another_private_host_is_refused_on_the_way(web: Web) -> None:
    web.names["home.example.org"] = [["10.0.0.8"]]
    web.moved("/sitemap.xml", "http://10.0.0.9/")
    source = open_source("http://home.example.org/sitemap.xml", SETTINGS, allow_private=True)
    with pytest.raises(
        AssistantError, match=re.escape("10.0.0.9 is on this machine or in a private network")
    ):
        source.list({})
    assert web.connected == [("10.0.0.8", 80)]


@pytest.mark.parametrize(
    "given",
    [
        "git+https://kim:Tulip-4711@docs.example.org/team/handbook",
        "git+https://Tulip-4711@docs.example.org/team/handbook",
        *(
            "https://kim:Tulip-4711@docs.example.org/feed.xml",
            "imaps://kim:Tulip-4711@docs.example.org/INBOX",
        ),
        *("webdav+https://:Tulip-4711@docs.example.org/notes", "s3://kim:Tulip-4711@handbooks/2026"),
        *("sftp://kim:Tulip-4711@docs.example.org/notes", "sftp://kim:Tulip-4711@docs.example.org:x/notes"),
        "imaps://kim:Tulip-4711@[docs.example.org/INBOX",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(no_socket: list[Any], given: str) -> None:
    with pytest.raises(AssistantError) as caught:
        open_source(given, Settings(SETTINGS.home, SETTINGS.cache, None))
    assert "Tulip-4711" not in caught.value.message
    assert caught.value.message.endswith(".")
    assert not no_socket


@pytest.mark.parametrize(
    "given",
    [
        *("ftp://docs.example.org/x", "git+ssh://docs.example.org/x", "git+file:///srv/x", "ext://x"),
        *("git+https://docs.example.org", "git+https://docs.example.org/x@--upload-pack=x"),
        *("git+https://docs.example.org/x@a..b", "git+https://docs.example.org/x@main?y=1"),
        *("imaps://docs.example.org", "imaps://docs.example.org/%0d%0aX", "s3://", "s3://handbooks:80/x"),
        *("webdav+https://docs.example.org/x?y=1", "https://docs.example.org/\u0000", "https://a b/"),
    ],
)
def test_odd_addresses_are_refused_in_a_sentence(no_socket: list[Any], given: str) -> None:
    with pytest.raises(AssistantError) as caught:
        open_source(given, SETTINGS)
    assert caught.value.message.endswith(".")
    assert not no_socket


def test_hosts_in_any_script_are_named_as_the_network_has_them() -> None:
    source = open_source("imaps://bücher.example.org/INBOX", SETTINGS)
    assert source.name == "imaps://xn--bcher-kva.example.org/INBOX"


def test_credentials_show_in_no_representation() -> None:
    found = credentials.credentials_for(parse(KINDS[0].format("h.example"), SETTINGS), is_secure=True)
    assert found is not None
    assert "Tulip-4711" not in f"{found!r} {found} {SETTINGS!r}"


def test_a_password_goes_to_another_machine_only_encrypted() -> None:
    address = parse("imap://nas.local/INBOX", SETTINGS, allow_private=True)
    with pytest.raises(AssistantError, match="unencrypted"):
        credentials.credentials_for(address, is_secure=False)


def test_credentials_do_not_follow_a_redirect_to_another_server(web: Web) -> None:
    web.moved("/notes/", "http://other.example.org/notes/")
    sent = fetch.Request(headers={"Authorization": "Basic a2ltOlR1bGlw"}, private="")
    with pytest.raises(AssistantError, match=re.escape("leads to other.example.org")):
        fetch.send("http://docs.example.com/notes/", sent)
    assert web.connected == [("5.6.7.8", 80)]
    assert "a2lt" not in repr(sent)
