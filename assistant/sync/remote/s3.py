"""Buckets of S3, and of what speaks its language (MinIO, Ceph, R2): each object with its ETag as version.

Two requests are all that is needed, a listing and an object, signed as S3 asks (Signature Version 4); the
official client would weigh 25 MB and connect past our check of addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx
from lxml import etree

from assistant.core import signing
from assistant.core.errors import FetchError, SyncError
from assistant.core.signing import Key as Key
from assistant.core.signing import escaped
from assistant.core.signing import signed as signed
from assistant.ingest import fetch
from assistant.ingest.fetch import Reply, Request
from assistant.ingest.files import MAX_BYTES
from assistant.sync.remote.addresses import Address
from assistant.sync.remote.items import Body, Listing, RemoteItem, RemoteSource, by_kind

OBJECTS = 1_000_000
"""Limit on the objects of a listing."""
SECONDS = 600.0
"""Time limit for one request."""
WHERE = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def open_source(address: Address) -> RemoteSource:
    """Return the bucket at `s3://bucket/folder`; AWS_ENDPOINT_URL names a server other than Amazon's."""
    if not address.host or address.port is not None or address.query:
        raise SyncError("Name the bucket like s3://handbooks/2026.", retryable=False)
    try:
        endpoint = signing.endpoint(address.host)
    except ValueError as fault:
        raise SyncError(str(fault), retryable=False) from fault
    split = urlsplit(endpoint)
    private = (split.hostname or "") if address.private else ""
    fetch.require_host(split.hostname or "", private)
    return S3Source(address, endpoint, signing.region(), private)


class S3Source(RemoteSource):
    """The objects of a bucket whose keys begin with a folder."""

    def __init__(self, address: Address, endpoint: str, region: str, private: str) -> None:
        self._endpoint, self._region, self._private = endpoint, region, private
        self._bucket, folder = address.host, address.path.strip("/")
        self._prefix = f"{folder}/" if folder else ""
        self.name = f"s3://{self._bucket}" + (f"/{folder}" if folder else "")

    @cached_property
    def _key(self) -> Key | None:
        return Key.configured()

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return the objects."""
        items = []
        for part in self._parts():
            for found in part.iter("{*}Contents"):
                key, tag = found.findtext("{*}Key") or "", found.findtext("{*}ETag") or ""
                if not key.endswith("/"):
                    path = PurePosixPath(key.removeprefix(self._prefix))
                    items.append(RemoteItem(f"s3://{self._bucket}/{key}", tag.strip('"'), path))
            if len(items) > OBJECTS:
                raise SyncError(f"There are more than {OBJECTS:,} objects; follow a part.", retryable=False)
        return by_kind(items)

    def read(self, item: RemoteItem) -> Body:
        """Return the bytes of an object."""
        key = item.name.removeprefix(f"s3://{self._bucket}/")
        reply = self._get(f"/{escaped(key, '/')}", {})
        return Body(reply.data, item.version)

    def _parts(self) -> Iterator[Any]:
        """Yield the parts of the listing, to its end."""
        query = {"list-type": "2", "prefix": self._prefix}
        while True:
            reply = self._get("/", query)
            try:
                parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
                part = etree.fromstring(reply.data, parser)
            except (etree.XMLSyntaxError, ValueError) as fault:
                message = f"{self._host} sends a listing that is cut; try again later."
                raise FetchError(message, retryable=True) from fault
            yield part
            if part.findtext("{*}IsTruncated") != "true":
                return
            query["continuation-token"] = part.findtext("{*}NextContinuationToken") or ""

    @property
    def _host(self) -> str:
        return urlsplit(self._endpoint).hostname or ""

    def _get(self, path: str, query: Mapping[str, str]) -> Reply:
        line = "&".join(f"{escaped(name)}={escaped(query[name])}" for name in sorted(query))
        url = httpx.URL(f"{self._endpoint}{path}" + (f"?{line}" if line else ""))
        headers = signed(url, self._region, self._key, datetime.now(UTC)) if self._key else {}
        limits = self._private, MAX_BYTES, SECONDS
        reply = fetch.send(str(url), Request("GET", headers, b"", *limits))
        self._require(reply)
        return reply

    def _require(self, reply: Reply) -> None:
        if reply.status == 200:
            return
        region = reply.headers.get("x-amz-bucket-region", "")
        if reply.status in (301, 307, 400) and region.replace("-", "").isalnum() and region != self._region:
            raise SyncError(f"The bucket is in the region {region}; set AWS_REGION to it.", retryable=False)
        if reply.status in (400, 401, 403):
            raise SyncError(
                f"{self._host} does not let this user in; {WHERE} to a key that may list and read "
                f"{self._bucket}.",
                retryable=False,
            )
        if reply.status == 404:
            raise FetchError(f"{self._host} has no such bucket or object; check the address.")
        raise FetchError(f"{self._host} cannot answer now ({reply.status}); try again later.", retryable=True)
