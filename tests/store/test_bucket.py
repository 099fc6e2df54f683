"""Originals in a bucket: as in a folder, and plain words while its server is away or refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from conftest import Hashing, given
from servers import Chroma, Postgres
from stores import add, found, statuses, text

from assistant.core import config
from assistant.core.config import Settings
from assistant.core.errors import ConfigError, StoreUnreachable
from assistant.core.signing import Key, signed
from assistant.core.types import ignore
from assistant.ingest.sharing import open_library
from assistant.store import addresses
from assistant.store.addresses import IN_HOME, Bucket, Stores
from assistant.store.moving.move import Place, move
from assistant.store.originals import Label, Originals, StoreState, open_originals

REGION, KEY = "eu-west-3", Key("somebody", "secret-word")
PART = 3
"""Keys in a part of a listing."""


class S3:
    """A server with one bucket, which answers only what is signed with the right key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {"elsewhere/other": b"not ours"}
        self.failing = 0
        """Requests that it cannot answer just now."""
        place = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, data = place.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, daemon=True).start()

    def bucket(self, prefix: str = "team/originals/") -> Bucket:
        return Bucket("store", prefix, f"http://127.0.0.1:{self.port}/store", REGION, KEY)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, line: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self.failing:
            self.failing -= 1
            return 503, b""
        if not self._is_signed(method, line, headers, body):
            return 403, b""
        split = urlsplit(line)
        key = unquote(split.path.removeprefix("/store/"))
        if not split.path.startswith("/store/"):
            return 404, b""
        if not key:
            return 200, self._listed(parse_qs(split.query)).encode()
        if method == "PUT":
            self.objects[key] = body
            return 200, b""
        if method == "DELETE":
            self.objects.pop(key, None)
            return 204, b""
        return (200, self.objects[key]) if key in self.objects else (404, b"")

    def _is_signed(self, method: str, line: str, headers: dict[str, str], body: bytes) -> bool:
        given = {name.lower(): value for name, value in headers.items()}
        now = datetime.strptime(given.get("x-amz-date", "20000101T000000Z"), "%Y%m%dT%H%M%SZ").replace(
            tzinfo=UTC
        )
        url = httpx.URL(f"http://127.0.0.1:{self.port}{line}")
        expected = signed(url, REGION, KEY, now, method, body)["Authorization"]
        return given.get("authorization") == expected

    def _listed(self, query: dict[str, list[str]]) -> str:
        keys = sorted(key for key in self.objects if key.startswith(query["prefix"][0]))
        at = int(query.get("continuation-token", ["0"])[0])
        found = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys[at : at + PART])
        more = f"<NextContinuationToken>{at + PART}</NextContinuationToken>" if at + PART < len(keys) else ""
        cut = "true" if more else "false"
        return f'<L xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>{cut}</IsTruncated>{more}{found}</L>'


@pytest.fixture
def s3() -> Iterator[S3]:
    running = S3()
    yield running
    running.stop()


def opened(bucket: Bucket) -> Originals:
    return open_originals(Path("/nowhere"), Stores(originals=bucket))


def test_a_bucket_keeps_originals_and_labels_as_a_folder_does(s3: S3, tmp_path: Path) -> None:
    label = Label(("a.md", "b.md"), "Ä title", "2026-01-01T00:00:00+00:00", ("tag",))
    for originals in (opened(s3.bucket()), Originals(tmp_path / "originals")):
        hashes = set()
        for number in range(5):
            data = f"document {number}".encode()
            originals.add(data)
            hashes.add(hashlib.sha256(data).hexdigest())
        first = min(hashes)
        originals.set_label(first, label)
        originals.set_state(StoreState("id", 7))
        assert (originals.hashes(), originals.label(first), originals.state()) == (
            hashes,
            label,
            StoreState("id", 7),
        )
        assert originals.has(first)
        originals.remove([first])
        assert (originals.has(first), originals.read(first), originals.label(first)) == (False, None, None)
        assert originals.hashes() == hashes - {first}
    assert s3.objects["elsewhere/other"] == b"not ours"


def test_a_damaged_original_is_no_original(s3: S3) -> None:
    originals = opened(s3.bucket())
    originals.add(b"document")
    [name] = originals.hashes()
    s3.objects[f"team/originals/{name}"] = b"something else"
    assert (originals.read(name), originals.is_intact(name)) == (None, False)
    originals.add(b"document")
    assert originals.read(name) == b"document"


def test_a_server_that_cannot_answer_just_now_is_asked_again(s3: S3) -> None:
    originals = opened(s3.bucket())
    s3.failing = 2
    originals.add(b"document")
    s3.failing = 9
    with pytest.raises(StoreUnreachable, match="s3://store cannot answer now; wait for it"):
        originals.hashes()


def test_what_is_wrong_with_a_bucket_is_told_without_the_key(s3: S3) -> None:
    bucket = s3.bucket()
    for wrong, said in (
        (replace(bucket, key=Key("somebody", "other-word")), "does not let this user in"),
        (replace(bucket, endpoint=bucket.endpoint.replace("store", "none")), "has no such bucket"),
    ):
        with pytest.raises(StoreUnreachable, match=said) as told:
            opened(wrong).hashes()
        assert "word" not in f"{told.value.message} {wrong!r}"
    s3.stop()
    with pytest.raises(StoreUnreachable, match="does not answer; start it"):
        opened(bucket).add(b"document")


@pytest.mark.parametrize("given", ["s3://", "s3://UPPER/x", "ftp://host/x"])
def test_what_is_no_place_for_originals_is_told(given: str, settings: Settings) -> None:
    pytest.importorskip("psycopg")
    named = replace(settings, database="postgresql://h/db", originals=given)
    with pytest.raises(ConfigError, match="ASSISTANT_ORIGINALS"):
        addresses.stores(named)


def test_the_address_of_a_bucket_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    settings = replace(config.load({}), database="postgresql://h/db", originals="s3://store/a/b")
    amazon = addresses.stores(settings).originals
    assert isinstance(amazon, Bucket)
    assert (amazon.endpoint, amazon.prefix) == ("https://store.s3.us-east-1.amazonaws.com", "a/b/")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/")
    other = addresses.stores(replace(settings, originals="s3://store")).originals
    assert isinstance(other, Bucket)
    assert (other.endpoint, other.prefix) == ("http://127.0.0.1:9000/store", "")


def test_a_store_moves_into_a_bucket_and_is_shared_there(
    s3: S3, postgres: Postgres, chroma: Chroma, tmp_path: Path
) -> None:
    homes = [tmp_path / name for name in ("here", "one", "two")]
    for home in homes:
        home.mkdir()
    there = Stores(postgres.empty(), chroma.server, s3.bucket())
    here = open_library(homes[0], Hashing(), stores=IN_HOME)
    add(here, a=text("walrus"), b=text("zebra"))
    done = move(here.ledger, Place(homes[0], IN_HOME), Place(homes[0], there), ignore, lambda *_: None)
    here.close()
    assert done.originals == 2
    one, two = (open_library(home, Hashing(), stores=there) for home in homes[1:])
    assert statuses(list(one.add(given(c=text("tapir"))))) == ["added"]
    assert (found(two, "walrus"), found(two, "tapir")) == ({"a.md"}, {"c.md"})
    [kept] = [entry.id for entry in two.ledger.entries() if entry.source == "c.md"]
    assert two.original(kept) == text("tapir").encode()
    two.remove(kept)
    assert one.check().problems == ()
    kept_now = {key for key in s3.objects if key.startswith("team/") and not key.endswith(("json", "state"))}
    assert kept_now == {f"team/originals/{name}" for name in one.ledger.sha256s()}
    one.close()
    two.close()
