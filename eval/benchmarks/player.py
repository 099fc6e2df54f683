"""A model server that plays given replies, as OpenAI-compatible servers stream them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[str], str]
"""The text of a prompt -> what the model writes."""


@contextmanager
def playing(reply: Reply) -> Iterator[str]:
    """Serve `reply` on loopback; yield the address that a client is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(reply))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(reply: Reply) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for word in reply(asked["messages"][-1]["content"]).split(" "):
                self._send(json.dumps(_chunk({"content": f"{word} "}, None)))
            self._send(json.dumps(_chunk({}, "stop")))
            self._send("[DONE]")

        def _send(self, data: str) -> None:
            self.wfile.write(f"data: {data}\n\n".encode())

    return Handler


def _chunk(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "played",
        "choices": [choice],
    }
