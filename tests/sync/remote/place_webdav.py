"""A folder behind a WebDAV server (WsgiDAV)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from place import LOGIN, PASSWORD, USER, WRONG_LOGIN, Breaking
from wsgidav.wsgidav_app import WsgiDAVApp


class WebdavPlace(Breaking):
    """A folder with a space in its name."""

    environment, wrong = LOGIN, WRONG_LOGIN
    forgets = True
    renames = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.port = 0
        self._times = 0
        self.folder = folder / "served" / "team notes"
        self.folder.mkdir(parents=True)
        self.app = WsgiDAVApp(
            {
                "provider_mapping": {"/": str(folder / "served")},
                "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
                "http_authenticator": {"accept_digest": False, "default_to_digest": False},
                "logging": {"enable": False},
                "verbose": 0,
            }
        )

    @property
    def address(self) -> str:
        return f"webdav+http://127.0.0.1:{self.port}/team%20notes"

    def name(self, path: str) -> str:
        return f"webdav+http://127.0.0.1:{self.port}/team notes/{path}"

    def put(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_text(text)
        # As if each were written a second after the one before: the ETag has whole seconds.
        self._times += 1
        os.utime(self.folder / path, (1_700_000_000 + self._times,) * 2)

    def delete(self, path: str) -> None:
        (self.folder / path).unlink()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_body = environ["REQUEST_METHOD"] == "GET" and "HTTP_AUTHORIZATION" in environ
        if is_body and not self.may_send():
            raise ConnectionError
        found: Iterable[bytes] = self.app(environ, start_response)
        return found


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def get_stderr(self) -> Any:
        return open("/dev/null", "w")


@contextmanager
def webdav_place(folder: Path) -> Iterator[WebdavPlace]:
    place = WebdavPlace(folder)
    with make_server("127.0.0.1", 0, place, Server, Handler) as server:
        place.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield place
        server.shutdown()
