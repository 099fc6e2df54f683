"""WebDAV, S3 and SFTP: folders below folders, listings that lie or are cut, servers that prove nothing."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from place import PASSWORD, USER, Handler, served
from place_s3 import Bucket, s3_place
from test_remote import KETTLE, LAMP, Store, sync

from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.ingest.library import Library
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import open_source, parse
from assistant.sync.remote.s3 import Key, signed

MULTISTATUS = '<d:multistatus xmlns:d="DAV:">{}</d:multistatus>'
RESPONSE = (
    "<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:resourcetype>{kind}</d:resourcetype>"
    "<d:getetag>{tag}</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
)


@pytest.fixture
def store(library: Library) -> Any:
    return Store(library)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with s3_place(tmp_path) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        place.put("lamp.md", LAMP)
        yield place


class Folders:
    """A WebDAV server that says what a test has it say."""

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}
        self.asked: list[str] = []

    def serve(self, request: Handler) -> None:
        self.asked.append(f"{request.command} {request.path}")
        if request.command == "PROPFIND" and request.path in self.folders:
            request.reply(207, self.folders[request.path].encode())
        else:
            request.reply(200 if request.command == "GET" else 404, b"# x\n\nText.\n")


@pytest.fixture
def folders() -> Iterator[Any]:
    place = Folders()
    with served(place) as port:
        place.address = f"webdav+http://127.0.0.1:{port}/a%20b"  # type: ignore[attr-defined]
        yield place


def told(*entries: tuple[str, str]) -> str:
    kinds = {"folder": "<d:collection/>"}
    return MULTISTATUS.format(
        "".join(RESPONSE.format(href=h, kind=kinds.get(tag, ""), tag=tag) for h, tag in entries)
    )


# -- WebDAV ------------------------------------------------------------------------------------------


def test_folders_are_looked_into_however_their_names_are_written(folders: Any) -> None:
    folders.folders["/a%20b/"] = told(("/a b/", "folder"), ("/a%20b/c%2Bd/", "folder"), ("x.md", '"1"'))
    folders.folders["/a%20b/c+d/"] = told(
        ("/a%20b/c+d/", "folder"), ("/a%20b/", "folder"), ("http://127.0.0.1/a%20b/c%2bd/%C3%BC%23.md", '"2"')
    )
    source = open_source(folders.address, config.load({}), allow_private=True)
    found = {str(item.path): item for item in source.list({}).items}
    assert {path: item.version for path, item in found.items()} == {"x.md": '"1"', "c+d/ü#.md": '"2"'}
    source.read(found["c+d/ü#.md"])
    assert folders.asked[-1] == "GET /a%20b/c+d/%C3%BC%23.md"
    assert folders.asked.count("PROPFIND /a%20b/") == 1


def test_what_a_listing_says_of_other_places_is_ignored(folders: Any) -> None:
    folders.folders["/a%20b/"] = told(
        *(("/etc/x.md", '"1"'), ("http://10.0.0.8/a%20b/x.md", '"1"'), ("/a%20b/../x.md", '"1"')),
        ("/a%20bc/x.md", '"1"'),
    )
    source = open_source(folders.address, config.load({}), allow_private=True)
    assert source.list({}).items == ()


@pytest.mark.parametrize("cut", [told(("/a%20b/x.md", '"1"'))[:-20], "", "<html>"])
def test_a_listing_of_webdav_that_is_cut_is_none(folders: Any, cut: str) -> None:
    folders.folders["/a%20b/"] = cut
    with pytest.raises(AssistantError, match="cut; try again later") as caught:
        open_source(folders.address, config.load({}), allow_private=True).list({})
    assert caught.value.retryable


# -- S3 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_requests_are_signed_as_amazon_documents(query: str, signature: str) -> None:
    key = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    url = httpx.URL(f"https://examplebucket.s3.amazonaws.com/?{query}")
    headers = signed(url, "us-east-1", key, datetime(2013, 5, 24, tzinfo=UTC))
    assert headers["Authorization"].endswith(f"Signature={signature}")


def test_a_listing_of_s3_that_is_cut_is_none(store: Any, bucket: Bucket) -> None:
    sync(store, bucket)
    bucket.put("kettle.md", KETTLE)
    whole = bucket.listed
    bucket.listed = lambda query: whole(query)[:-9]  # type: ignore[method-assign]
    with pytest.raises(AssistantError, match="cut; try again later"):
        sync(store, bucket)
    assert store.names == {bucket.name("lamp.md")}


def test_an_empty_bucket_takes_nothing_away(store: Any, bucket: Bucket) -> None:
    sync(store, bucket)
    bucket.objects.clear()
    with pytest.raises(AssistantError, match="Nothing is there any more"):
        sync(store, bucket)
    assert len(store.names) == 1


def packed(**documents: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in documents.items():
            archive.writestr(f"{name}.md", text)
    return buffer.getvalue()


def test_the_documents_of_an_archive_come_change_and_go_with_it(store: Any, bucket: Bucket) -> None:
    name = bucket.name("all.zip")
    bucket.objects["2026/all.zip"] = packed(kettle=KETTLE, two=LAMP.replace("Cora", "Dora"))
    sync(store, bucket)
    assert store.names == {bucket.name("lamp.md"), f"{name}/kettle.md", f"{name}/two.md"}
    before = bucket.bodies
    assert sync(store, bucket) == []
    assert bucket.bodies == before
    bucket.objects["2026/all.zip"] = packed(kettle=KETTLE)
    assert sync(store, bucket) == [("unchanged", f"{name}/kettle.md")]
    assert store.names == {bucket.name("lamp.md"), f"{name}/kettle.md"}
    del bucket.objects["2026/all.zip"]
    assert sync(store, bucket) == [("removed", name)]
    assert store.names == {bucket.name("lamp.md")}


def test_what_cannot_be_read_keeps_the_old_version_and_is_not_sent_again(store: Any, bucket: Bucket) -> None:
    sync(store, bucket)
    bucket.objects["2026/lamp.md"] = b"\xff\xd8\xff\x00\x01 an image"
    assert sync(store, bucket) == [("rejected", bucket.name("lamp.md"))]
    before = bucket.bodies
    assert sync(store, bucket) == []
    assert bucket.bodies == before
    assert store.names == {bucket.name("lamp.md")}
    bucket.put("lamp.md", LAMP.replace("green", "red"))
    assert sync(store, bucket) == [("updated", bucket.name("lamp.md"))]


def test_what_a_person_removed_comes_again_while_it_is_there(store: Any, bucket: Bucket) -> None:
    sync(store, bucket)
    store.unname([bucket.name("lamp.md")])
    assert sync(store, bucket) == [("added", bucket.name("lamp.md"))]


def test_a_document_added_before_its_version_was_noted_is_not_forgotten(store: Any, bucket: Bucket) -> None:
    """As a kill in between leaves it: the name is noted, the document is there, the version is not."""
    sync(store, bucket)
    bucket.put("kettle.md", KETTLE)
    with store.library.ledger.engine.begin() as db:
        db.exec_driver_sql("UPDATE remote_items SET version = ''")
    bucket.delete("lamp.md")
    assert sync(store, bucket) == [("added", bucket.name("kettle.md")), ("removed", bucket.name("lamp.md"))]


# -- SFTP --------------------------------------------------------------------------------------------


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    module = pytest.importorskip("place_sftp")
    with module.sftp_place(tmp_path) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        place.put("lamp.md", LAMP)
        yield place


def test_folders_are_followed_and_links_are_not(store: Any, sftp: Any) -> None:
    (sftp.folder / "sub").mkdir()
    (sftp.folder / "sub" / "kettle.md").write_text(KETTLE)
    os.symlink(sftp.folder, sftp.folder / "sub" / "loop")
    os.symlink("/etc/passwd", sftp.folder / "passwd.md")
    assert [name for _, name in sync(store, sftp)] == [sftp.name("lamp.md"), sftp.name("sub/kettle.md")]


def test_a_host_that_known_hosts_does_not_have_gets_no_password(store: Any, sftp: Any) -> None:
    (sftp.home / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(AssistantError, match=r"127\.0\.0\.1 is not in known_hosts; connect once with ssh"):
        sync(store, sftp)
    assert sftp.logins == 0


def test_a_host_with_another_key_gets_no_password(store: Any, sftp: Any) -> None:
    import paramiko

    other = paramiko.ECDSAKey.generate()
    line = f"[127.0.0.1]:{sftp.port} {other.get_name()} {other.get_base64()}\n"
    (sftp.home / ".ssh" / "known_hosts").write_text(line)
    with pytest.raises(AssistantError, match="shows another key than known_hosts has"):
        sync(store, sftp)
    assert sftp.logins == 0


# -- the keyring -------------------------------------------------------------------------------------


def test_a_password_in_the_keyring_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyring is any module of that name; this one keeps its passwords in the open."""
    (tmp_path / "keyring.py").write_text(
        "from collections import namedtuple\n"
        "Found = namedtuple('Found', 'username password')\n"
        "def get_credential(service, user):\n"
        f"    is_it = service == 'cited-assistant:docs.example.org'\n"
        f"    return Found({USER!r}, {PASSWORD!r}) if is_it else None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings = config.load({})
    found = credentials.credentials_for(parse("imaps://docs.example.org/INBOX", settings), is_secure=True)
    assert found == credentials.Credentials(USER, PASSWORD)
    other = parse("imaps://other.example.org/INBOX", settings)
    assert credentials.credentials_for(other, is_secure=True) is None
    assert PASSWORD not in repr(found)
