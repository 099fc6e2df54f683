"""A server in a process of its own, whose health is asked all the time while it is attacked."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Attacked:
    """A running `assistant chat`. `health` holds how many seconds each answer to /api/health took."""

    process: subprocess.Popen[str]
    host: str
    port: int
    temporary: Path
    """The folder of Gradio's copies."""
    health: list[float] = field(default_factory=list)

    @property
    def memory(self) -> int:
        """Bytes that the process holds in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1_000

    @property
    def open_files(self) -> set[str]:
        """Return the files that the process has open."""
        found = set()
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                found.add(os.readlink(entry))
            except FileNotFoundError:
                continue
        return found


@contextmanager
def attacked(folder: Path) -> Iterator[Attacked]:
    """A server over an empty store below `folder`, ended by SIGTERM."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
    temporary = folder / "gradio"
    env = kept | {
        "ASSISTANT_HOME": str(folder / "home"), "ASSISTANT_CORPUS": "none", "GRADIO_TEMP_DIR": str(temporary)
    }  # fmt: skip
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", "0"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        [address] = re.findall(r"http://[\d.:]+", process.stdout.readline())
        place = urlsplit(address)
        server = Attacked(process, place.hostname or "", place.port or 0, temporary)
        over = threading.Event()
        asking = threading.Thread(target=_ask_health, args=(server, over))
        asking.start()
        try:
            yield server
        finally:
            over.set()
            asking.join()
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()


def _ask_health(server: Attacked, over: threading.Event) -> None:
    while not over.wait(0.02):
        began = time.perf_counter()
        try:
            connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
            connection.request("GET", "/api/health")
            connection.getresponse().read()
            connection.close()
        except OSError:
            server.health.append(30.0)
            continue
        server.health.append(time.perf_counter() - began)
