"""Requests to S3 and to what speaks its language: who signs them (Signature Version 4), where they go."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Key:
    """An access key, of which messages and logs show nothing."""

    ident: str
    secret: str = field(repr=False)
    token: str = field(repr=False, default="")

    @classmethod
    def configured(cls) -> Key | None:
        """Return the key of the environment; None for public buckets."""
        ident, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        return cls(ident, secret, os.environ.get("AWS_SESSION_TOKEN", "")) if ident and secret else None


def region() -> str:
    """Return the region of the environment."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def endpoint(bucket: str) -> str:
    """Return the address of a bucket: on the server of AWS_ENDPOINT_URL, or else Amazon's.

    Raises:
        ValueError: AWS_ENDPOINT_URL is no address.
    """
    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    url = f"{given.rstrip('/')}/{bucket}" if given else f"https://{bucket}.s3.{region()}.amazonaws.com"
    split = urlsplit(url)
    if split.scheme not in ("http", "https") or "@" in split.netloc or split.query:
        raise ValueError("AWS_ENDPOINT_URL is no address like https://s3.example.org.")
    return url


def signed(
    url: httpx.URL, region: str, key: Key, now: datetime, method: str = "GET", body: bytes = b""
) -> dict[str, str]:
    """Return the headers that sign a request (AWS Signature Version 4)."""
    date, scope = now.strftime("%Y%m%dT%H%M%SZ"), f"{now:%Y%m%d}/{region}/s3/aws4_request"
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": url.netloc.decode(), "x-amz-content-sha256": digest, "x-amz-date": date}
    headers |= {"x-amz-security-token": key.token} if key.token else {}
    names = ";".join(sorted(headers))
    path, _, query = url.raw_path.decode().partition("?")
    lines = (f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join([method, path, query, "".join(lines), names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    told = f"Credential={key.ident}/{scope}, SignedHeaders={names}, Signature={signature}"
    del headers["host"]
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {told}"}


def escaped(text: str, safe: str = "") -> str:
    """Return a part of an address as it is signed."""
    return quote(text, safe=f"{safe}-._~")
