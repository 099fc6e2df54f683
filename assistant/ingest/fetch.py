"""URL -> bytes: the only module that opens a socket to an address that somebody gave.

    URL, checked -> every address of its host, checked -> a connection to one of these -> status -> bytes

Nothing is reached that is not on the public internet. A name is resolved once for each connection, and the
connection goes to the address that was checked, so that a second answer of the resolver changes nothing. A
redirect walks the same way from its beginning. No proxy, cookie or credential is ever used: the layer below,
httpcore, knows of none, and httpx serves only to take addresses apart.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpcore
import httpx

from assistant.core.errors import FetchError
from assistant.core.types import Source
from assistant.ingest.readers.encoding import apply_charset

LIMIT = 50_000_000
"""Bytes that a page may have, unpacked."""
LENGTH = 4_000
"""Characters that an address may have."""
REDIRECTS = 5
SECONDS = 20.0
"""For all of it, from the first name that is looked up to the last byte."""
CONNECT_SECONDS = 10.0
"""For looking up one name and connecting to one of its addresses."""

SLOW_SECONDS = 5.0
"""After which a page has to come at `LEAST` bytes a second, from its first byte on."""
LEAST = 10_000

_MOVED = frozenset({301, 302, 303, 307, 308})
_STEP = 1_000_000
"""Bytes that are unpacked at once: no bomb gets further than this beyond the limit."""
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")
"""A host name with a dot. Its last part begins with a letter, as that of 0x7f.1 and 127.1 does not."""
_LOCAL = (".localhost", ".local", ".internal", ".home.arpa")
"""Endings kept free for names that mean something else in every network (RFC 6761, 6762, 8375, ICANN)."""
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10",  # shared by the customers of a provider; also metadata at one cloud
            "168.63.129.16/32",  # a cloud's own service for its machines, although the address is public
            "192.0.0.0/24",  # kept for protocols; also metadata at one cloud
            "192.88.99.0/24",  # relays of 6to4
            "2001::/23",  # kept for protocols, Teredo among them
            "2002::/16",  # 6to4: leads to the IPv4 address that is written in it
            "3fff::/20",  # for documentation
        ),
    )
)
"""What `is_global` of some versions of Python lets pass. Source: the special-purpose registries of IANA."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave."""

    data: bytes
    url: str
    """Where it was found in the end, after redirects."""
    content_type: str
    """What the server called it; empty where it said nothing."""


def is_url(given: str) -> bool:
    """Whether this is meant as an address of the web and not as a file: it begins like `https://`."""
    return re.match(r"[a-z][a-z0-9+.-]*://", given, re.IGNORECASE) is not None


def source(url: str) -> Source:
    """The source that an address is; its name is the address as it was given."""
    return Source(url, functools.partial(_load, url))


def site(url: str) -> str:
    """What addresses of one site have in common: the last two parts of the host's name, or its IP address."""
    try:
        host = httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return ""
    return host if _literal(host) else ".".join(host.rstrip(".").rsplit(".", 2)[-2:])


def _load(url: str) -> bytes:
    found = fetch(url)
    # What the server said of the encoding would be lost: a source gives nothing but bytes.
    return apply_charset(found.data, found.content_type)


def fetch(url: str) -> Fetched:
    """What is at an http or https address, after at most 5 redirects.

    Raises:
        FetchError: the address is refused, or does not give a whole page; `retryable` where that may pass.
    """
    target = _checked(url)
    network = _Network(time.monotonic() + SECONDS)
    with httpcore.ConnectionPool(httpx.create_ssl_context(), network_backend=network) as pool:
        for _ in range(REDIRECTS + 1):
            found = _asked(pool, target)
            if isinstance(found, Fetched):
                return found
            target = found
    raise FetchError(f"{_host(target)} redirects more than {REDIRECTS} times; give the last address itself.")


# -- addresses of pages ----------------------------------------------------------------------------


def _checked(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """The URL, where it may be asked for; what its host resolves to is checked when it is connected to."""
    if len(url) > LENGTH:
        raise FetchError(f"The address is longer than {LENGTH:,} characters; save the page and add the file.")
    if "\\" in url:
        raise FetchError("The address contains a backslash, which programs read differently; write / for it.")
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as fault:
        raise FetchError("This is no address of the web; copy it from the browser once more.") from fault
    if parsed.scheme not in ("http", "https"):
        raise FetchError("Only http and https addresses are fetched; download the file and add that.")
    if parsed.userinfo:
        raise FetchError("The address holds a user name or a password; save the page and add the file.")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise FetchError(f"There is no port {parsed.port}; check the address.")
    # The dot at the end of `example.com.` is for the resolver alone: certificates and `Host` have none.
    host = parsed.raw_host.decode("ascii").removesuffix(".")
    _require_name(host)
    return parsed.copy_with(host=host)


def _require_name(host: str) -> None:
    """Raises FetchError unless this is a public address, or a name that means the same everywhere."""
    if _literal(host):
        if not is_public(host):
            raise _inside(host)
        return
    if not host:
        raise FetchError("The address names no host; copy it from the browser once more.")
    if "." not in host or host.endswith(_LOCAL):
        raise _inside(host)
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise FetchError(f"{host[:100]} is no plain host name or address; write it in the usual form.")


def _literal(host: str) -> Address | None:
    """The IP address that a host is. With a zone (`fe80::1%eth0`) it belongs to one network, and is none."""
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _host(url: httpx.URL) -> str:
    """What is said of a URL: what else stands in it may be secret."""
    return url.raw_host.decode("ascii")[:100]


def _inside(host: str) -> FetchError:
    told = "is on this machine or in a private network, and is not asked; save the page and add the file."
    return FetchError(f"{host[:100]} {told}")


# -- addresses of machines -------------------------------------------------------------------------


def is_public(address: str) -> bool:
    """Whether an IP address is one machine on the public internet, seen from everywhere as the same.

    IPv6 addresses that stand for an IPv4 address (mapped, NAT64) are judged as that. Tunnels that carry one
    (6to4, Teredo) are never public, whatever they carry. Not an IP address, or one with a zone: not public.
    """
    ip = _literal(address)
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)
    if ip is None or (ip.version == 6 and ip not in _UNICAST):
        return False
    special = ip.is_multicast or ip.is_reserved or any(ip in network for network in _NEVER)
    return ip.is_global and not special


def resolve(host: str, port: int) -> list[str]:
    """Every IP address that a name has, in the order in which the system would try them.

    Raises:
        OSError: it has none, or nobody says.
    """
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(address: str, port: int, seconds: float) -> httpcore.NetworkStream:
    """A connection to an IP address, which is never a name.

    Raises:
        httpcore.ConnectError, httpcore.ConnectTimeout: nobody takes it.
    """
    return httpcore.SyncBackend().connect_tcp(address, port, seconds)


class _Network(httpcore.NetworkBackend):
    """Connects to public addresses only, and ends whatever is not done when its time is up."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        until = min(self._deadline, time.monotonic() + CONNECT_SECONDS)
        addresses = [host] if _literal(host) else _resolved(host, port, _left(until))
        # One inside is enough to refuse all: which of them is taken would be chance.
        if not all(map(is_public, addresses)):
            raise _inside(host)
        return _Timed(_first(addresses, port, until), self._deadline)


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a name. The system's resolver cannot be stopped, only left behind."""
    answer: Future[list[str]] = Future()

    def work() -> None:
        try:
            answer.set_result(list(dict.fromkeys(resolve(host, port))))
        except Exception as fault:
            answer.set_exception(fault)

    threading.Thread(target=work, daemon=True).start()
    try:
        addresses = answer.result(seconds)
    except TimeoutError as fault:
        raise FetchError(f"Nobody says where {host[:100]} is; try again later.", retryable=True) from fault
    except (OSError, UnicodeError) as fault:
        passing = isinstance(fault, socket.gaierror) and fault.errno == socket.EAI_AGAIN
        told = f"{host[:100]} cannot be found; check its spelling and the network."
        raise FetchError(told, retryable=passing) from fault
    if not addresses:
        raise FetchError(f"{host[:100]} has no address; check its spelling.")
    return addresses


def _first(addresses: list[str], port: int, until: float) -> httpcore.NetworkStream:
    """A connection to the first address that takes it. Each gets its share of the time that is left."""
    for tried, address in enumerate(addresses, 1):
        try:
            return connect(address, port, _left(until) / (len(addresses) - tried + 1))
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            if tried == len(addresses):
                raise
    raise AssertionError


class _Timed(httpcore.NetworkStream):
    """A connection of which every step ends when the time for all of it is up."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds


# -- pages -----------------------------------------------------------------------------------------


def _asked(pool: httpcore.ConnectionPool, url: httpx.URL) -> Fetched | httpx.URL:
    """What is at a URL, or where it says that it is."""
    wanted = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    # To close at once means that the next redirect, also to the same name, is checked like the first.
    sent = [(b"Host", url.netloc), (b"User-Agent", b"assistant"), (b"Accept", b"*/*")]
    sent += [(b"Accept-Encoding", b"gzip"), (b"Connection", b"close")]
    try:
        with pool.stream("GET", wanted, headers=sent) as response:
            headers = {name.lower(): value for name, value in response.headers}
            if response.status in _MOVED and b"location" in headers:
                return _checked(_written(headers[b"location"]), url)
            _require_page(_host(url), response.status)
            data = _body(_host(url), _paced(_host(url), response.iter_stream()), headers)
            return Fetched(data, str(url), headers.get(b"content-type", b"").decode("latin-1"))
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as fault:
        raise _told(_host(url), fault) from fault


def _written(location: bytes) -> str:
    """A redirect's address with what may not stand in one percent-encoded, as browsers do."""
    return quote(location.strip(), safe="!#$%&'()*+,/:;=?@[]~\\")


def _require_page(host: str, status: int) -> None:
    """Raises FetchError, in words that tell what to do, unless this status comes with the page."""
    if status in (200, 203):
        return
    if status in (401, 402, 403, 407, 451):
        raise FetchError(f"{host} does not give this to all ({status}); save the page and add the file.")
    if status in (404, 410):
        raise FetchError(f"{host} has nothing at this address ({status}); check it in a browser.")
    if status in (408, 425, 429) or status >= 500:
        raise FetchError(f"{host} cannot answer now ({status}); try again later.", retryable=True)
    raise FetchError(f"{host} gives no page at this address ({status}); check it in a browser.")


def _body(host: str, chunks: Iterable[bytes], headers: dict[bytes, bytes]) -> bytes:
    """The bytes that come, unpacked, counted while they come."""
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in (b"gzip", b"x-gzip"):
        chunks = _unpacked(host, chunks)
    elif coding not in (b"", b"identity"):
        raise FetchError(f"{host} sends a packed page that was not asked for; save it and add the file.")
    too_large = FetchError(f"What {host} sends is larger than {LIMIT // 1_000_000} MB; add it in parts.")
    if int(headers.get(b"content-length", b"0")) > LIMIT:
        raise too_large
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LIMIT:
            raise too_large
    return bytes(body)


def _paced(host: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, as long as they come fast enough."""
    began, received = time.monotonic(), 0
    for chunk in chunks:
        received += len(chunk)
        seconds = time.monotonic() - began
        if seconds > SLOW_SECONDS and received < seconds * LEAST:
            raise FetchError(f"{host} sends too slowly; try again later.", retryable=True)
        yield chunk


def _unpacked(host: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of gzip, a step at a time. Only gzip is asked for, as zlib can stop at a size."""
    begun = functools.partial(zlib.decompressobj, zlib.MAX_WBITS | 16)
    unpacker = begun()
    try:
        for chunk in chunks:
            while chunk:
                if unpacker.eof:
                    unpacker = begun()
                yield unpacker.decompress(chunk, _STEP)
                chunk = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as fault:
        raise FetchError(f"What {host} sends is damaged; save the page and add the file.") from fault
    if not unpacker.eof:
        raise FetchError(f"{host} broke off before the end; try again.", retryable=True)


def _told(host: str, fault: Exception) -> FetchError:
    """A fault of the connection in words. A wrong certificate does not pass by itself."""
    # The pool takes the cause away; what httpcore was told stays in the arguments.
    below = fault.args[0] if fault.args else None
    if isinstance(below, ssl.SSLCertVerificationError):
        why = below.verify_message.rstrip(".")
        return FetchError(f"{host} does not prove to be {host} ({why}); check the address and the clock.")
    if isinstance(fault, httpcore.TimeoutException):
        return FetchError(f"{host} takes too long to answer; try again later.", retryable=True)
    if isinstance(fault, httpcore.ConnectError):
        return FetchError(f"{host} cannot be reached; try again later.", retryable=True)
    return FetchError(f"{host} breaks off or answers no HTTP; try again later.", retryable=True)
