"""Folders of an SSH server (SFTP): each file with its time and size as version.

The server proves itself by `known_hosts`, as with `ssh`. A person does by the agent, the keys in `~/.ssh`, or
the password of the settings.
"""

from __future__ import annotations

import io
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from assistant.core.errors import FetchError, ReadError, SyncError
from assistant.ingest import fetch
from assistant.ingest.files import MAX_BYTES
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import Address
from assistant.sync.remote.items import Body, Listing, RemoteItem, RemoteSource, by_kind

SECONDS = 60.0
"""Seconds that a server may be silent."""
FOLDERS = 20_000
"""Limit on the folders below the one that is followed."""
_PIECE = 1_000_000


def open_source(address: Address) -> RemoteSource:
    """Return the folder at `sftp://user@host/path`; `/~/path` is below the home folder of the user."""
    fetch.require_host(address.host, address.private)
    _paramiko()
    if address.query:
        raise SyncError("The address of a folder has no question mark; write it as %3F.", retryable=False)
    return SftpSource(address)


def _paramiko() -> Any:
    try:
        import paramiko
    except ImportError as fault:
        raise SyncError(
            "SFTP needs a package that is not installed: pip install 'cited-assistant[sftp]'.",
            retryable=False,
        ) from fault
    return paramiko


class SftpSource(RemoteSource):
    """The files below a folder."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._root = "/" + unquote(address.path).strip("/")
        user = f"{address.user}@" if address.user else ""
        self._base = f"{address.scheme}://{user}{address.place}"
        self.name = f"{self._base}{self._root}"

    @cached_property
    def _client(self) -> Any:
        return _connected(self._address)

    @cached_property
    def _files(self) -> Any:
        files = self._client.open_sftp()
        files.get_channel().settimeout(SECONDS)
        return files

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return the regular files: no links, which may lead out of the folder or in circles."""
        items: list[RemoteItem] = []
        waiting, count = deque([self._root]), 0
        with _reaching(self._address.host):
            while waiting:
                folder, count = waiting.popleft(), count + 1
                for entry in self._files.listdir_attr(self._there(folder)):
                    path, mode = f"{folder.rstrip('/')}/{entry.filename}", entry.st_mode or 0
                    if stat.S_ISDIR(mode):
                        waiting.append(path)
                    elif stat.S_ISREG(mode):
                        below = PurePosixPath(path.removeprefix(self._root).lstrip("/"))
                        version = f"{entry.st_mtime} {entry.st_size}"
                        items.append(RemoteItem(f"{self._base}{path}", version, below))
                if count > FOLDERS:
                    raise SyncError(
                        f"There are more than {FOLDERS:,} folders; follow a part.", retryable=False
                    )
        return by_kind(items)

    def read(self, item: RemoteItem) -> Body:
        """Return the bytes of a file."""
        data = io.BytesIO()
        with (
            _reaching(self._address.host),
            self._files.open(self._there(item.name.removeprefix(self._base)), "rb") as file,
        ):
            while piece := file.read(_PIECE):
                data.write(piece)
                if data.tell() > MAX_BYTES:
                    raise ReadError(f"{item.path.name} is larger than {MAX_BYTES // 1_000_000} MB; split it.")
        return Body(data.getvalue(), item.version)

    def close(self) -> None:
        """Close the connection."""
        if "_client" in self.__dict__:
            self._client.close()

    def _there(self, path: str) -> str:
        """Return a path as the server has it: one below the home folder is relative."""
        return (path.removeprefix("/~").lstrip("/") or ".") if path.startswith("/~") else path


def _connected(address: Address) -> Any:
    paramiko = _paramiko()
    login = credentials.credentials_for(address, is_secure=True)
    client = paramiko.SSHClient()
    client.load_system_host_keys()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    port = address.port or 22
    with _reaching(address.host):
        client.connect(
            address.host,
            port,
            username=address.user or (login.user if login else None) or None,
            password=login.password if login else None,
            sock=fetch.connect_to(address.host, port, address.private),
            timeout=SECONDS,
            banner_timeout=SECONDS,
            auth_timeout=SECONDS,
        )
    return client


@contextmanager
def _reaching(host: str) -> Iterator[None]:
    """Translate the faults of a connection."""
    paramiko = _paramiko()
    try:
        yield
    except paramiko.BadHostKeyException as fault:
        message = f"{host} shows another key than known_hosts has; find out why before you trust it."
        raise SyncError(message, retryable=False) from fault
    except (paramiko.AuthenticationException, paramiko.PasswordRequiredException):
        raise credentials.refused(host) from None
    except FileNotFoundError as fault:
        raise FetchError(f"{host} has nothing at this address; check it.") from fault
    except PermissionError as fault:
        raise FetchError(f"{host} does not let this user read there; check the address.") from fault
    except paramiko.SSHException as fault:
        if "known_hosts" in str(fault):
            message = f"{host} is not in known_hosts; connect once with ssh, and check the key that it shows."
            raise SyncError(message, retryable=False) from fault
        raise FetchError(
            f"{host} breaks off or does not speak SSH; try again later.", retryable=True
        ) from fault
    except (OSError, EOFError) as fault:
        raise FetchError(f"{host} breaks off; try again later.", retryable=True) from fault
