"""A folder behind an SSH server (Paramiko's), with a key that known_hosts has."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
from place import PASSWORD, USER, WRONG, Breaking


class SftpPlace(Breaking):
    """A folder of the test's own."""

    forgets = True
    renames = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.port = 0
        self.folder, self.home = folder / "served", folder / "person"
        self.folder.mkdir()
        self.key = paramiko.ECDSAKey.generate()
        self._times = 0
        self.logins = 0

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "ASSISTANT_SYNC_PASSWORD": PASSWORD}

    @property
    def wrong(self) -> dict[str, str]:
        return {**self.environment, "ASSISTANT_SYNC_PASSWORD": WRONG}

    @property
    def address(self) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}{self.folder}"

    def name(self, path: str) -> str:
        return f"{self.address}/{path}"

    def put(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)
        # As if each were written a second after the one before.
        self._times += 1
        os.utime(self.folder / path, (1_700_000_000 + self._times,) * 2)

    def delete(self, path: str) -> None:
        (self.folder / path).unlink()


class Gate(paramiko.ServerInterface):
    """Lets one person in."""

    def __init__(self, place: SftpPlace) -> None:
        self.place = place

    def check_auth_password(self, username: str, password: str) -> int:
        self.place.logins += 1
        is_right = (username, password) == (USER, PASSWORD)
        return paramiko.common.AUTH_SUCCESSFUL if is_right else paramiko.common.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED


class Files(paramiko.SFTPServerInterface):
    """The files, for reading alone."""

    def __init__(self, server: Any, place: SftpPlace, transport: paramiko.Transport) -> None:
        super().__init__(server)
        self.place, self.transport = place, transport

    def list_folder(self, path: str) -> Any:
        return [
            paramiko.SFTPAttributes.from_stat(os.lstat(Path(path) / name), name)
            for name in sorted(os.listdir(path))
        ]

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if not self.place.may_send():
            self.transport.close()
            return paramiko.SFTP_FAILURE
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = io.BytesIO(Path(path).read_bytes())  # type: ignore[attr-defined]
        return handle

    def stat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.stat(path))

    lstat = stat


@contextmanager
def sftp_place(folder: Path) -> Iterator[SftpPlace]:
    place = SftpPlace(folder)
    opened: list[paramiko.Transport] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                transport = paramiko.Transport(connection)
                transport.add_server_key(place.key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files, place, transport)
                opened.append(transport)
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=Gate(place))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        place.port = listener.getsockname()[1]
        (place.home / ".ssh").mkdir(parents=True)
        line = f"[127.0.0.1]:{place.port} {place.key.get_name()} {place.key.get_base64()}\n"
        (place.home / ".ssh" / "known_hosts").write_text(line)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield place
        listener.shutdown(socket.SHUT_RDWR)
        for transport in opened:
            transport.close()
