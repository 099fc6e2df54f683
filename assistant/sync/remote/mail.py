"""Folders of a mail server (IMAP): each mail is a document.

Mails are looked at without being marked as read. A mail is known by its number in the folder (UID) and by
that of the folder's numbering (UIDVALIDITY); under the same two numbers are always the same bytes.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import unquote

from assistant.core.errors import FetchError, ReadError, SyncError
from assistant.ingest import fetch
from assistant.ingest.files import MAX_BYTES
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import Address
from assistant.sync.remote.items import Body, Listing, RemoteItem, RemoteSource

SECONDS = 60.0
"""Seconds that a server may be silent."""
_UID, _SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
_DELETED = re.compile(rb"\\Deleted\b", re.IGNORECASE)
_BARE = re.compile(r"[A-Za-z0-9!#$&'+,./:;<=>?@^_`|}~-]+")
"""A name that IMAP takes without quotes."""


def open_source(address: Address) -> RemoteSource:
    """Return the folder at `imaps://user@host/INBOX`; `imap://` is encrypted before a password is sent."""
    fetch.require_host(address.host, address.private)
    folder = unquote(address.path.strip("/"))
    if not folder or any(ord(c) < 32 for c in folder + address.user):
        raise SyncError("Name the folder like imaps://kim@example.org/INBOX.", retryable=False)
    return MailSource(address, folder)


class MailSource(RemoteSource):
    """The mails of one folder."""

    def __init__(self, address: Address, folder: str) -> None:
        self._address, self._folder = address, folder
        user = f"{address.user}@" if address.user else ""
        self.name = f"{address.scheme}://{user}{address.place}/{folder}"
        self._sizes: dict[str, int] = {}

    @cached_property
    def _server(self) -> imaplib.IMAP4:
        with _reaching(self._address.host):
            return _logged_in(self._address)

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return the mails that are not marked as deleted."""
        with _reaching(self._address.host):
            count, validity = self._look()
            rows = self._asked("FETCH", "1:*", "(UID FLAGS RFC822.SIZE)") if count else []
        items = []
        for row in rows:
            line = row if isinstance(row, bytes) else b"".join(row)
            uid, size = _UID.search(line), _SIZE.search(line)
            if uid and size and not _DELETED.search(line):
                number = uid[1].decode()
                name = f"{self.name};uid={number}"
                self._sizes[name] = int(size[1])
                items.append(RemoteItem(name, f"{validity}/{number}", PurePosixPath(f"{number}.eml")))
        return Listing(tuple(items))

    def read(self, item: RemoteItem) -> Body:
        """Return the bytes of a mail."""
        if self._sizes.get(item.name, 0) > MAX_BYTES:
            raise ReadError(f"{item.name} is larger than {MAX_BYTES // 1_000_000} MB; save its parts.")
        with _reaching(self._address.host):
            rows = self._asked("FETCH", item.version.partition("/")[2], "(BODY.PEEK[])")
        for row in rows:
            if isinstance(row, tuple):
                return Body(row[1], item.version)
        raise FetchError(f"{item.name} is not there any more.")

    def close(self) -> None:
        """Say goodbye."""
        if "_server" in self.__dict__:
            with suppress(OSError, imaplib.IMAP4.error):
                self._server.logout()

    def _look(self) -> tuple[int, str]:
        """Open the folder for looking; return how many mails it has, and the number of its numbering."""
        status, counted = self._server.select(f'"{_quotable(_utf7(self._folder))}"', readonly=True)
        if status != "OK":
            raise SyncError(
                f"{self._address.host} has no mail folder {self._folder}; check its name.", retryable=False
            )
        validity = self._server.response("UIDVALIDITY")[1]
        return int(counted[0] or 0), (validity[0] or b"0").decode() if validity else "0"

    def _asked(self, *words: str) -> Sequence[bytes | tuple[bytes, bytes]]:
        status, rows = self._server.uid(*words)
        if status != "OK":
            host = self._address.host
            raise FetchError(f"{host} does not give the mails; try again later.", retryable=True)
        return [row for row in rows if row is not None]


class _Guarded(imaplib.IMAP4):
    """A connection to an address that was checked, encrypted from the start or on demand."""

    def __init__(self, address: Address) -> None:
        self._address = address
        super().__init__(address.host, address.port or (993 if address.scheme == "imaps" else 143))

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = fetch.connect_to(self.host, self.port, self._address.private)
        plain.settimeout(SECONDS)
        if self._address.scheme == "imap":
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def read(self, size: int) -> bytes:
        # As many bytes as the server says are about to be read into memory.
        if size > MAX_BYTES:
            raise self.abort("a reply is too large")
        return super().read(size)


def _logged_in(address: Address) -> imaplib.IMAP4:
    server = _Guarded(address)
    is_secure = address.scheme == "imaps"
    if not is_secure and "STARTTLS" in server.capabilities:
        server.starttls(ssl.create_default_context())
        is_secure = True
    login = credentials.credentials_for(address, is_secure=is_secure)
    if login is None:
        raise SyncError(f"{address.host} asks for a password; {credentials.WHERE}.", retryable=False)
    try:
        if "AUTH=PLAIN" in server.capabilities:
            server.authenticate("PLAIN", lambda _: f"\0{login.user}\0{login.password}".encode())
        else:
            user = login.user
            server.login(user if _BARE.fullmatch(user) else f'"{_quotable(user)}"', login.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeError):
        # Without the cause: a server may repeat what it was sent.
        raise credentials.refused(address.host) from None
    return server


@contextmanager
def _reaching(host: str) -> Iterator[None]:
    """Translate the faults of a connection."""
    try:
        yield
    except ssl.SSLCertVerificationError as fault:
        raise FetchError(
            f"{host} does not prove to be {host} ({fault.verify_message.rstrip('.')}); check the address."
        ) from fault
    except (OSError, EOFError, imaplib.IMAP4.error) as fault:
        message = f"{host} breaks off or does not speak IMAP; try again later."
        raise FetchError(message, retryable=True) from fault


def _quotable(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _utf7(name: str) -> str:
    """Return the name of a folder as IMAP writes it (RFC 3501, 5.1.3)."""

    def written(match: re.Match[str]) -> str:
        coded = base64.b64encode(match[0].encode("utf-16-be"), b"+,").decode().rstrip("=")
        return f"&{coded}-"

    return re.sub(r"[^\x20-\x7e]+", written, name.replace("&", "&-"))
