"""Servers of stores that the tests start themselves, on the loopback address."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from loopback import free_port

from assistant.store.addresses import ChromaServer

BIN = Path(sys.executable).parent


class Chroma:
    """A `chroma run` of its own folder, which can be stopped, killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.server = ChromaServer(f"http://127.0.0.1:{self.port}")
        tenant = "api/v2/tenants/default_tenant/databases/default_database"
        self.url = f"{self.server.url}/{tenant}/collections"
        self.start()

    def start(self) -> None:
        command = [BIN / "chroma", "run", "--path", self.folder, "--host", "127.0.0.1", "--port"]
        self._process = subprocess.Popen(
            [*map(str, command), str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, "Chroma")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        self._process.send_signal(how)
        self._process.wait()

    def send(self, how: signal.Signals) -> None:
        self._process.send_signal(how)

    def collections(self) -> dict[str, str]:
        """Return the ids of all collections by name."""
        return {each["name"]: each["id"] for each in httpx.get(self.url).json()}

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.server.url}/api/v2/heartbeat").is_success
        except httpx.TransportError:
            assert self._process.poll() is None, "Chroma has ended"
            return False


def wait_until(is_done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait until something holds; fail if it does not after long."""
    until = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < until, f"{what} does not come up"
        time.sleep(0.05)
