"""Blobs in a bucket of S3, or of what speaks its language: MinIO, Ceph, R2.

Five requests are all that is needed; a put is there as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import httpx
from lxml import etree

from assistant.core import signing
from assistant.core.endpoint import client_options
from assistant.core.errors import StoreUnreachable
from assistant.store.addresses import Bucket
from assistant.store.blobs.folder import STATE

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 60.0
ATTEMPTS = 3
"""Limit on the attempts of a request to which the server does not answer, or answers with a 5xx status."""


class BucketBlobs:
    """The objects of a bucket whose keys begin with a folder."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        self._http = httpx.Client(timeout=timeout, **client_options())

    def names(self) -> Iterable[str]:
        """Return all names, except that of the state."""
        found = (key.removeprefix(self._bucket.prefix) for key in self._keys())
        return [name for name in found if name != STATE]

    def has(self, name: str) -> bool:
        """True if there is a blob with this name."""
        return self._ask("HEAD", name).status_code == httpx.codes.OK

    def read(self, name: str) -> bytes | None:
        """Return a blob; None if it is missing."""
        response = self._ask("GET", name)
        return response.content if response.status_code == httpx.codes.OK else None

    def write(self, name: str, data: bytes) -> None:
        """Write a blob.

        Raises:
            StoreUnreachable: the server does not take it.
        """
        if not self._ask("PUT", name, data).is_success:
            raise self._unreachable("has no such bucket; make it")

    def remove(self, name: str) -> None:
        """Remove a blob, if it is there."""
        self._ask("DELETE", name)

    def remove_partial(self) -> None:
        """Do nothing: no object is written in part."""

    def sync(self) -> None:
        """Do nothing: what was answered is kept."""

    def _keys(self) -> Iterator[str]:
        query = {"list-type": "2", "prefix": self._bucket.prefix}
        while True:
            response = self._ask("GET", None, query=query)
            if response.status_code == httpx.codes.NOT_FOUND:
                raise self._unreachable("has no such bucket; make it")
            try:
                parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
                part = etree.fromstring(response.content, parser)
            except (etree.XMLSyntaxError, ValueError) as fault:
                raise self._unreachable("sends a listing that is cut; wait for it") from fault
            yield from (key.text or "" for key in part.iter("{*}Key"))
            if part.findtext("{*}IsTruncated") != "true":
                return
            query["continuation-token"] = part.findtext("{*}NextContinuationToken") or ""

    def _ask(
        self, method: str, name: str | None, body: bytes = b"", query: dict[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer to a request about a blob, or about the bucket.

        Raises:
            StoreUnreachable: the server does not answer, or refuses.
        """
        line = "&".join(
            f"{signing.escaped(n)}={signing.escaped(v)}" for n, v in sorted((query or {}).items())
        )
        key = "" if name is None else signing.escaped(f"{self._bucket.prefix}{name}", "/")
        url = httpx.URL(f"{self._bucket.endpoint}/{key}" + (f"?{line}" if line else ""))
        for attempt in range(ATTEMPTS):
            try:
                response = self._http.request(
                    method, url, content=body, headers=self._headers(url, method, body)
                )
            except httpx.TransportError as fault:
                if attempt == ATTEMPTS - 1:
                    raise self._unreachable("does not answer; start it, or wait for it") from fault
                continue
            if response.status_code < 500:
                break
        if response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise self._unreachable("cannot answer now; wait for it")
        if response.status_code in {301, 307, 400, 401, 403}:
            raise self._unreachable("does not let this user in; check AWS_ACCESS_KEY_ID and AWS_REGION")
        return response

    def _headers(self, url: httpx.URL, method: str, body: bytes) -> dict[str, str]:
        key = self._bucket.key
        return signing.signed(url, self._bucket.region, key, datetime.now(UTC), method, body) if key else {}

    def _unreachable(self, what: str) -> StoreUnreachable:
        return StoreUnreachable(f"The server of s3://{self._bucket.name} {what}, then try again.")
