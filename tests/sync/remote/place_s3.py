"""A bucket: the two requests of S3 that are used, with its listing cut into parts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import httpx
from place import PASSWORD, USER, WRONG, Breaking, Handler, served

from assistant.sync.remote.s3 import Key, signed


class Bucket(Breaking):
    """A bucket with documents in a folder, of which each part of a listing has one."""

    forgets = True
    renames = False

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self.hold_at = 0
        self.held, self._go_on = threading.Event(), threading.Event()
        self.objects: dict[str, bytes] = {"other/secret.md": b"# Elsewhere\n\nNot in the folder.\n"}

    @property
    def environment(self) -> dict[str, str]:
        endpoint = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}", "AWS_REGION": "eu-west-3"}
        return {**endpoint, "AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": PASSWORD}

    @property
    def wrong(self) -> dict[str, str]:
        return {**self.environment, "AWS_SECRET_ACCESS_KEY": WRONG}

    @property
    def address(self) -> str:
        return "s3://handbooks/2026"

    def name(self, path: str) -> str:
        return f"{self.address}/{path}"

    def put(self, path: str, text: str) -> None:
        self.objects[f"2026/{path}"] = text.encode()

    def delete(self, path: str) -> None:
        del self.objects[f"2026/{path}"]

    def serve(self, request: Handler) -> None:
        split = urlsplit(request.path)
        if not self.is_signed(request):
            request.reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        elif split.path == "/handbooks/":
            request.reply(200, self.listed(parse_qs(split.query)).encode())
        elif (data := self.objects.get(unquote(split.path.removeprefix("/handbooks/")))) is None:
            request.reply(404)
        elif self.may_send():
            if self.bodies == self.hold_at:
                self.held.set()
                self._go_on.wait(60)
            request.reply(200, data)

    def release(self) -> None:
        """Let whoever is held go on."""
        self.hold_at = 0
        self._go_on.set()

    def is_signed(self, request: Handler) -> bool:
        """True if the signature is that of the right key at the time that the request says."""
        given = request.headers.get("X-Amz-Date", "")
        try:
            now = datetime.strptime(given, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return False
        url = httpx.URL(f"http://127.0.0.1:{self.port}{request.path}")
        expected = signed(url, "eu-west-3", Key(USER, PASSWORD), now)["Authorization"]
        return request.headers.get("Authorization") == expected

    def listed(self, query: dict[str, list[str]]) -> str:
        keys = sorted(key for key in self.objects if key.startswith(query["prefix"][0]))
        at = int(query.get("continuation-token", ["0"])[0])
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><ETag>&quot;{hashlib.md5(self.objects[key]).hexdigest()}&quot;"
            "</ETag></Contents>"
            for key in keys[at : at + 1]
        )
        more = f"<NextContinuationToken>{at + 1}</NextContinuationToken>" if at + 1 < len(keys) else ""
        cut = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        return (
            f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{cut}{more}{found}'
            "</ListBucketResult>"
        )


@contextmanager
def s3_place(folder: Path) -> Iterator[Bucket]:
    place = Bucket()
    with served(place) as place.port:
        yield place
