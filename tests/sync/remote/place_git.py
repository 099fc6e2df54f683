"""A repository behind git's own HTTP server."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from place import LOGIN, PASSWORD, USER, WRONG_LOGIN, Breaking, Handler, served


class GitPlace(Breaking):
    """A repository with one branch, pushed to a bare one that is served."""

    environment, wrong = LOGIN, WRONG_LOGIN
    forgets = True
    renames = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.port = 0
        self.requests: list[str] = []
        self.moved_to = ""
        self.work = folder / "work"
        self.git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "team/handbook.git")
        self.bare = folder / "team" / "handbook.git"
        for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            self.git(self.bare, "config", key, "true")
        self.git(folder, "clone", "--quiet", str(self.bare), "work")
        self.git(self.work, "checkout", "--quiet", "-B", "main")

    def git(self, where: Path, *words: str) -> bytes:
        who = ("-c", "user.name=Kim", "-c", "user.email=kim@example.org", "-c", "commit.gpgsign=false")
        own = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(["git", *who, *words], cwd=where, env=own, capture_output=True, check=True)
        return done.stdout

    @property
    def address(self) -> str:
        return f"git+http://127.0.0.1:{self.port}/team/handbook.git@main"

    def name(self, path: str) -> str:
        return f"{self.address}:{path}"

    def put(self, path: str, text: str) -> None:
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.push(f"Write {path}")

    def delete(self, path: str) -> None:
        (self.work / path).unlink()
        self.push(f"Delete {path}")

    def push(self, why: str) -> None:
        self.git(self.work, "add", "--all")
        self.git(self.work, "commit", "--quiet", "-m", why)
        self.git(self.work, "push", "--quiet", "origin", "main")

    def serve(self, request: Handler) -> None:
        path, _, query = request.path.partition("?")
        self.requests.append(f"{request.command} {path}")
        if self.moved_to:
            request.reply(301, Location=f"{self.moved_to}{request.path}")
            return
        if not request.is_known(USER, PASSWORD):
            request.reply(401, WWW_Authenticate='Basic realm="git"')
            return
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if not self.may_send(self.wanted(body, request.headers.get("Content-Encoding") == "gzip")):
            return
        status, headers, data = self.backend(request, path, query, body)
        request.reply(status, data, **{name.replace("-", "_"): value for name, value in headers.items()})

    def wanted(self, body: bytes, is_packed: bool) -> int:
        """Return how many files a request asks for."""
        asked = re.findall(rb"want ([0-9a-f]{40})", gzip.decompress(body) if is_packed else body)
        kinds = self.git(
            self.bare, "cat-file", "--batch-check=%(objectname) %(objecttype)", "--batch-all-objects"
        )
        return sum(f"{ident.decode()} blob" in kinds.decode() for ident in asked)

    def backend(
        self, request: Handler, path: str, query: str, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        own = {
            **{"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1"},
            **{"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": request.command},
            **{"CONTENT_TYPE": request.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body))},
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=own, input=body, capture_output=True, check=True)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return status, headers, data


@contextmanager
def git_place(folder: Path) -> Iterator[GitPlace]:
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    place = GitPlace(folder)
    with served(place) as place.port:
        yield place
