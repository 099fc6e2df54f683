"""A real `assistant chat` in a process of its own, for the benchmarks: started, asked, looked at, stopped."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from assistant.core import config
from assistant.core.config import Settings

COMMAND = Path(sys.executable).with_name("assistant")
OPENING = 300.0
"""Seconds after which a server that does not answer is given up."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. `opening` is how many seconds it took until it did."""

    pid: int
    http: httpx.Client
    opening: float

    def ask(self, question: str) -> tuple[dict[str, Any], float]:
        """The answer, and the milliseconds that it took over HTTP."""
        began = time.perf_counter()
        reply = self.http.post("/api/ask", json={"question": question})
        took = (time.perf_counter() - began) * 1000
        return reply.raise_for_status().json(), took

    def megabytes(self) -> tuple[float, float]:
        """Memory in use: all resident pages, and the same with shared ones in proportion; 0 where unknown."""
        return _pages(self.pid, "status", "VmRSS"), _pages(self.pid, "smaps_rollup", "Pss")


def environment(home: Path, corpus: str = "none") -> dict[str, str]:
    """The surroundings of a command with this home, without a person's own settings and without a model."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    own = {"ASSISTANT_HOME": str(home)} | ({"ASSISTANT_CORPUS": corpus} if corpus else {})
    return kept | own


def settings(home: Path) -> Settings:
    """The same for an assistant in this process."""
    return config.load(environment(home))


@contextmanager
def serving(home: Path, corpus: str = "none") -> Iterator[Server]:
    """The server over the store in `home`, from its first good /api/health on."""
    port = _free_port()
    began = time.perf_counter()
    child = subprocess.Popen(
        [COMMAND, "chat", "--port", str(port)], env=environment(home, corpus), stdout=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
            _await_health(child, http)
            yield Server(child.pid, http, time.perf_counter() - began)
    finally:
        child.terminate()
        child.wait(30)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _await_health(child: subprocess.Popen[bytes], http: httpx.Client) -> None:
    limit = time.monotonic() + OPENING
    while time.monotonic() < limit:
        if child.poll() is not None:
            raise SystemExit(f"`assistant chat` ended with {child.returncode} before it answered.")
        try:
            if http.get("/api/health").json()["status"] == "ok":
                return
        except httpx.HTTPError:
            time.sleep(0.02)
    raise SystemExit(f"`assistant chat` does not answer after {OPENING:.0f} s.")


def _pages(pid: int, file: str, name: str) -> float:
    """A number of kilobytes that /proc tells of a process, in megabytes."""
    try:
        text = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return 0.0
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
