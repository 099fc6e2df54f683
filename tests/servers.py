"""Servers of stores that the tests start themselves, on the loopback address."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sql

from assistant.store.addresses import ChromaServer

CHROMA = Path(sys.executable).with_name("chroma")
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
"""The folders of Debian's PostgreSQL, one a version; none where it is not installed."""
UNTIL_LEFT = '"$@" >&2 & echo $!; cat; kill -KILL $!; wait'
"""Runs a command, says its pid, and kills it once the standard input is closed, however its user ends."""


class Process:
    """A process that ends with its user."""

    def __init__(self, *command: str | Path, user: str | None = None) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", UNTIL_LEFT, "sh", *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd="/",
        )
        assert self._shell.stdout
        self._pid = int(self._shell.stdout.readline())

    def send(self, what: signal.Signals) -> None:
        os.kill(self._pid, what)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it by a signal, and wait until it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self.send(how)
            wait_until(lambda: not Path(f"/proc/{self._pid}").exists() or self._is_zombie(), "An end")
        self._shell.communicate()

    def _is_zombie(self) -> bool:
        with contextlib.suppress(OSError):
            return ") Z " in Path(f"/proc/{self._pid}/stat").read_text()
        return True


class Chroma:
    """A `chroma run` of its own folder, which can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.server = ChromaServer(f"http://127.0.0.1:{self.port}")
        tenant = "api/v2/tenants/default_tenant/databases/default_database"
        self.url = f"{self.server.url}/{tenant}/collections"
        self.start()

    def start(self) -> None:
        options = ("--path", self.folder, "--host", "127.0.0.1", "--port", str(self.port))
        self._process = Process(CHROMA, "run", *options)
        wait_until(self._answers, "Chroma")

    def send(self, what: signal.Signals) -> None:
        self._process.send(what)

    def kill(self) -> None:
        self._process.end()

    def collections(self) -> dict[str, str]:
        """Return the ids of all collections by name."""
        return {each["name"]: each["id"] for each in httpx.get(self.url).json()}

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.server.url}/api/v2/heartbeat").is_success
        return False


class Postgres:
    """A cluster of PostgreSQL of its own, with a schema for each test: a database would be 300 files."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="assistant-postgres-"))
        self.port, self._made = free_port(), 0
        # PostgreSQL refuses to be run by root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        # Orders of letters that are not those of SQLite.
        locale = ("--locale-provider=icu", "--icu-locale=de", "--locale=C.UTF-8", "--encoding=UTF8")
        options = ("-D", self._folder / "data", "--username=assistant", "--auth=trust", "--no-sync", *locale)
        command = [str(part) for part in (POSTGRES[-1] / "initdb", *options)]
        subprocess.run(command, user=self._user, cwd="/", check=True, capture_output=True)
        self.start()
        self._execute("CREATE DATABASE tests")

    def start(self) -> None:
        options = ("-D", self._folder / "data", "-p", str(self.port), "-k", self._folder, "-c", "fsync=off")
        self._process = Process(POSTGRES[-1] / "postgres", *options, user=self._user)
        wait_until(self._answers, "PostgreSQL")

    def stop(self) -> None:
        self._process.end(signal.SIGQUIT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def empty(self) -> sql.URL:
        """Return the address of an empty schema in the common database, which looks like one of its own."""
        self._made += 1
        self._execute(f"CREATE SCHEMA test{self._made}", "tests")
        return self._url("tests").set(query={"options": f"-csearch_path=test{self._made}"})

    def copy(self, url: sql.URL) -> sql.URL:
        """Return the address of a copy of a schema as it is now, in a database of its own."""
        self._made += 1
        self._execute(f"CREATE DATABASE copy{self._made} TEMPLATE tests")
        return url.set(database=f"copy{self._made}")

    def _url(self, name: str) -> sql.URL:
        return sql.URL.create(
            "postgresql+psycopg", "assistant", host="127.0.0.1", port=self.port, database=name
        )

    def _execute(self, statement: str, database: str = "postgres") -> None:
        url = self._url(database)
        engine = sql.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sql.NullPool)
        with engine.connect() as db:
            db.exec_driver_sql(statement)

    def _answers(self) -> bool:
        with contextlib.suppress(sql.exc.OperationalError):
            self._execute("SELECT 1")
            return True
        return False


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a cluster; where PostgreSQL is not installed, the test is skipped."""
    if not POSTGRES or find_spec("psycopg") is None:
        pytest.skip("PostgreSQL or psycopg is not installed; on Debian: apt install postgresql")
    running = Postgres()
    try:
        yield running
    finally:
        running.remove()


def wait_until(is_done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait until something holds; fail if it does not after long."""
    until = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < until, f"{what} does not come"
        time.sleep(0.05)


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
