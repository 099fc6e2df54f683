"""Mail folders: encryption, numbering, attachments, and what servers answer oddly."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from place import PASSWORD
from place_mail import MailPlace, mail_place
from test_remote import LAMP, Store, sync

from assistant.core.errors import AssistantError
from assistant.ingest.library import Library
from assistant.sync.remote import mail


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailPlace]:
    monkeypatch.setenv("ASSISTANT_SYNC_PASSWORD", PASSWORD)
    with mail_place(tmp_path) as made:
        made.put("lamp", LAMP)
        yield made


@pytest.fixture
def store(library: Library) -> Any:
    return Store(library)


@pytest.fixture
def certified(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(host, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    (tmp_path / "server.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, plain[1], plain[0])
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return tmp_path / "server.pem"


def encrypted(place: MailPlace, certificate: Path, how: str) -> None:
    place.tls, place.scheme = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), how
    place.tls.load_cert_chain(certificate)


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_mail_is_fetched_encrypted(
    store: Any, place: MailPlace, certified: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypted(place, certified, scheme)
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    assert sync(store, place) == [("added", place.name("lamp"))]
    assert ("STARTTLS" in place.commands) == (scheme == "imap")


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password(
    store: Any, place: MailPlace, certified: Path
) -> None:
    encrypted(place, certified, "imaps")
    with pytest.raises(AssistantError, match=r"127\.0\.0\.1 does not prove to be 127\.0\.0\.1"):
        sync(store, place)
    assert place.commands == []


def test_without_a_password_nothing_is_tried(
    store: Any, place: MailPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSISTANT_SYNC_PASSWORD")
    with pytest.raises(AssistantError, match="set ASSISTANT_SYNC_USER and ASSISTANT_SYNC_PASSWORD"):
        sync(store, place)
    assert place.commands == ["CAPABILITY"]


def test_a_server_that_knows_login_alone_is_logged_into(
    store: Any, place: MailPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.plain = False
    assert sync(store, place) == [("added", place.name("lamp"))]
    monkeypatch.setenv("ASSISTANT_SYNC_PASSWORD", 'Crocus"-0815')
    with pytest.raises(AssistantError) as caught:
        sync(store, place)
    assert "Crocus" not in f"{caught.value.message} {caught.value.__cause__}"


def test_a_folder_that_is_numbered_anew_is_read_anew_and_nothing_is_lost(
    store: Any, place: MailPlace
) -> None:
    sync(store, place)
    before = place.bodies
    place.validity += 1
    assert sync(store, place) == [("unchanged", place.name("lamp"))]
    assert place.bodies == before + 1
    assert sync(store, place) == []


def test_what_is_attached_comes_and_goes_with_its_mail(store: Any, place: MailPlace) -> None:
    sent = EmailMessage()
    sent["From"], sent["To"], sent["Subject"] = "ola@example.org", "kim@example.org", "The kettle"
    sent["Message-ID"], sent["Date"] = "<7@example.org>", "Mon, 2 Feb 2026 09:00:00 +0000"
    sent.set_content("The manual is attached.")
    sent.add_attachment(b"# Kettle\n\nIt boils.\n", maintype="text", subtype="markdown", filename="kettle.md")
    place.uids["kettle"] = 7
    place.mails[7] = sent.as_bytes()
    name = place.name("kettle")
    added = [("added", place.name("lamp")), ("added", name), ("added", f"{name}/kettle.md")]
    assert sync(store, place) == added
    assert sync(store, place) == []
    place.delete("kettle")
    assert sync(store, place) == [("removed", name)]
    assert store.names == {place.name("lamp")}


def test_mails_marked_as_deleted_are_gone(store: Any, place: MailPlace) -> None:
    place.put("kettle", LAMP.replace("lamp", "kettle"))
    sync(store, place)
    place.flags[place.uids["lamp"]] = r"\Seen \Deleted"
    assert sync(store, place) == [("removed", place.name("lamp"))]


def test_an_empty_folder_takes_nothing_away(store: Any, place: MailPlace) -> None:
    sync(store, place)
    place.mails.clear()
    with pytest.raises(AssistantError, match="Nothing is there any more, but the corpus holds 1 documents"):
        sync(store, place)
    assert len(store.names) == 1


def test_a_folder_that_is_not_there_is_told(store: Any, place: MailPlace) -> None:
    place.folder = "Archive"
    with pytest.raises(AssistantError, match=r"127\.0\.0\.1 has no mail folder INBOX; check its name"):
        sync(store, place)


@pytest.mark.parametrize(
    ("name", "written"),
    [("INBOX", "INBOX"), ("Entwürfe", "Entw&APw-rfe"), ("A & B", "A &- B"), ("台北", "&U,BTFw-")],
)
def test_folders_are_named_as_the_protocol_has_it(name: str, written: str) -> None:
    assert mail._utf7(name) == written
