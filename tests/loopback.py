"""Servers in a thread of the test's own process, on sockets of the loopback address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
from servers import free_port as free_port

from assistant.assistant import Assistant
from assistant.core import config
from assistant.web import server


@contextmanager
def listening(app: Any, **options: Any) -> Iterator[int]:
    """Serve an ASGI app with these options of uvicorn; yield the port."""
    running = uvicorn.Server(uvicorn.Config(app, **{"log_level": "error", **options}))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            running.should_exit = True
            thread.join(60)


@contextmanager
def owning(home: Path) -> Iterator[Assistant]:
    """Open the store in `home` and serve it, as its lock tells others."""
    settings = replace(config.load({}), home=home, corpus=None)
    with (
        Assistant.open(settings, doing="assistant chat") as assistant,
        listening(server.app(assistant)) as port,
    ):
        assistant.lock.announce("assistant chat", f"http://127.0.0.1:{port}")
        yield assistant
