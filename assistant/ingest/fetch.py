"""URL -> bytes: the only module that connects to addresses given by users.

    checked URL -> every address of its host, checked -> a connection to one of them -> status -> bytes

Only the public internet can be reached. A name is resolved once for each connection, which goes to the
checked address: a different second answer of the resolver has no effect (DNS rebinding). Redirects are
checked in the same way. No proxy, cookie or credential is used: httpcore has none, and httpx only parses
addresses.

`send` and `connect_to` are for sources that are followed by address (`assistant/sync/remote`): with headers
of theirs, and to one host in a private network if the person who runs the command allows it.
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
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpcore
import httpx

from assistant.core.errors import FetchError
from assistant.core.types import Source
from assistant.ingest.readers.encoding import apply_charset

LIMIT = 50_000_000
"""Limit on the unpacked bytes of a page."""
LENGTH = 4_000
"""Limit on the characters of an address."""
REDIRECTS = 5
SECONDS = 20.0
"""Time limit for a fetch, from the first name lookup to the last byte."""
CONNECT_SECONDS = 10.0
"""Time limit for looking up one name and connecting to one of its addresses."""
SLOW_SECONDS = 5.0
"""Time after which a page must have an average rate of `LEAST` bytes a second."""
LEAST = 10_000

_MOVED = frozenset({301, 302, 303, 307, 308})
_STEP = 1_000_000
"""Bytes unpacked at once: a zip bomb can exceed the limit by at most this."""
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")
"""A host name with a dot. Its last part begins with a letter, unlike that of 0x7f.1 and 127.1."""
_LOCAL = (".localhost", ".local", ".internal", ".home.arpa")
"""Suffixes reserved for names with a local meaning (RFC 6761, 6762, 8375, ICANN)."""
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = [
    *map(ipaddress.ip_network, ["100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"]),
    *map(ipaddress.ip_network, ["2001::/23", "2002::/16", "3fff::/20"]),
]
"""Networks that `is_global` of some versions of Python admits (IANA special-purpose registries).

In order: shared by the customers of a provider; services of a cloud for its machines; protocols and cloud
metadata; relays of 6to4; protocols such as Teredo; 6to4, with an IPv4 address inside; documentation.
"""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched page."""

    data: bytes
    url: str
    """The final address, after redirects."""
    content_type: str
    """The content type that the server declared; empty if none."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an address, with its limits."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""
    private: str | None = None
    """The one host that may be on this machine or in a private network; empty for none. None for pages."""
    limit: int = LIMIT
    seconds: float = SECONDS

    @property
    def is_secret(self) -> bool:
        """True if it carries credentials, which no other server may get."""
        return any(name.lower() == "authorization" for name in self.headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """The response of a server, of any status but a redirect."""

    status: int
    data: bytes
    url: str
    """The final address, after redirects."""
    headers: Mapping[str, str]
    """The headers by their names in lower case."""


def is_url(given: str) -> bool:
    """True if this is meant as a web address, not a file: it begins like `https://`."""
    return re.match(r"[a-z][a-z0-9+.-]*://", given, re.IGNORECASE) is not None


def source(url: str) -> Source:
    """Return an address as a source, named by the address."""
    return Source(url, functools.partial(_load, url))


def site(url: str) -> str:
    """Return the site of an address: the last two parts of its host name, or its IP address."""
    try:
        host = httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return ""
    return host if _literal(host) else ".".join(host.rstrip(".").rsplit(".", 2)[-2:])


def _load(url: str) -> bytes:
    page = fetch(url)
    # A source gives only bytes, so they must carry the declared encoding.
    return apply_charset(page.data, page.content_type)


def fetch(url: str) -> Fetched:
    """Fetch an http or https address, following at most 5 redirects.

    Raises:
        FetchError: the address is refused, or gives no complete page; `retryable` if a later try may succeed.
    """
    reply = send(url, Request(limit=LIMIT, seconds=SECONDS))
    return Fetched(reply.data, reply.url, reply.headers.get("content-type", ""))


def send(url: str, request: Request) -> Reply:
    """Send a request to an http or https address, following at most 5 redirects; never on with credentials.

    Raises:
        FetchError: the address is refused, or gives no whole reply; `retryable` if a later try may succeed.
    """
    target = _check(url, request.private)
    network = _Network(time.monotonic() + request.seconds, request.private)
    with httpcore.ConnectionPool(httpx.create_ssl_context(), network_backend=network) as pool:
        for _ in range(REDIRECTS + 1):
            result = _request(pool, target, request)
            if isinstance(result, Reply):
                return result
            if request.is_secret and _origin(result) != _origin(target):
                raise FetchError(f"{_host(target)} leads to {_host(result)}; give the address there itself.")
            target = result
    raise FetchError(f"{_host(target)} redirects more than {REDIRECTS} times; give the last address itself.")


def connect_to(host: str, port: int, private: str) -> socket.socket:
    """Connect to a host; `private` is the one that may be on this machine or in a private network.

    Raises:
        FetchError: the host is refused, or does not answer.
    """
    require_host(host, private)
    try:
        network = _Network(time.monotonic() + CONNECT_SECONDS, private)
        found = network.connect_tcp(host, port).get_extra_info("socket")
    except (httpcore.TimeoutException, httpcore.NetworkError) as fault:
        raise FetchError(f"{host[:100]} cannot be reached; try again later.", retryable=True) from fault
    assert isinstance(found, socket.socket)
    return found


def addresses_of(host: str, port: int, private: str) -> list[str]:
    """Return the IP addresses of a host, all of which may be connected to.

    Raises:
        FetchError: the host is refused, or cannot be found.
    """
    require_host(host, private)
    return _Network(time.monotonic() + CONNECT_SECONDS, private).addresses(host, port, CONNECT_SECONDS)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _check(url: str, private: str | None = None, base: httpx.URL | None = None) -> httpx.URL:
    """Check and return a URL; the addresses of its host are checked when connecting."""
    if len(url) > LENGTH:
        raise FetchError(f"The address is longer than {LENGTH:,} characters; save the page and add the file.")
    if "\\" in url:
        raise FetchError("The address has a backslash, which programs interpret differently; use / instead.")
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as fault:
        raise FetchError("This is not a web address; copy it from the browser again.") from fault
    if parsed.scheme not in ("http", "https"):
        raise FetchError("Only http and https addresses are fetched; download the file and add that.")
    if parsed.userinfo:
        raise FetchError("The address has a user name or a password; save the page and add the file.")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise FetchError(f"There is no port {parsed.port}; check the address.")
    # The final dot of `example.com.` is only for the resolver: certificates and `Host` have none.
    host = parsed.raw_host.decode("ascii").removesuffix(".")
    require_host(host, private)
    return parsed.copy_with(host=host)


def require_host(host: str, private: str | None = None) -> None:
    """Raise FetchError unless the host is `private`, a public address, or a name of one meaning."""
    if host and host == private:
        return
    if _literal(host):
        if not is_public(host):
            raise _refuse_private(host, private)
        return
    if not host:
        raise FetchError("The address has no host; copy it from the browser again.")
    if "." not in host or host.endswith(_LOCAL):
        raise _refuse_private(host, private)
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise FetchError(f"{host[:100]} is not a usual host name or address; write it in the usual form.")


def _literal(host: str) -> Address | None:
    """Return the IP address that a host is; None for names and for addresses with a zone (`fe80::1%eth0`)."""
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _host(url: httpx.URL) -> str:
    """Return the part of a URL for messages: the rest may be secret."""
    return url.raw_host.decode("ascii")[:100]


def _refuse_private(host: str, private: str | None) -> FetchError:
    advice = (
        "save the page and add the file"
        if private is None
        else "with --private, the host of the address itself may be there"
    )
    return FetchError(
        f"{host[:100]} is on this machine or in a private network, and is not fetched; {advice}."
    )


def is_public(address: str) -> bool:
    """True if an IP address is one machine on the public internet, the same from everywhere.

    IPv6 addresses with an IPv4 address inside (mapped, NAT64) are treated as that. Tunnels (6to4, Teredo),
    addresses with a zone, and strings that are not an IP address are never public.
    """
    ip = _literal(address)
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)
    if ip is None or (ip.version == 6 and ip not in _UNICAST):
        return False
    special = ip.is_multicast or ip.is_reserved or any(ip in network for network in _NEVER)
    return ip.is_global and not special


def resolve(host: str, port: int) -> list[str]:
    """Return every IP address of a name, in the order of the system resolver.

    Raises:
        OSError: it has none, or cannot be resolved.
    """
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(address: str, port: int, seconds: float) -> httpcore.NetworkStream:
    """Connect to an IP address, which is never a name.

    Raises:
        httpcore.ConnectError, httpcore.ConnectTimeout: it does not answer.
    """
    return httpcore.SyncBackend().connect_tcp(address, port, seconds)


class _Network(httpcore.NetworkBackend):
    """Connects only to public addresses and to one private host, and ends all requests at the deadline."""

    def __init__(self, deadline: float, private: str | None = None) -> None:
        self._deadline = deadline
        self._private = private

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        until = min(self._deadline, time.monotonic() + CONNECT_SECONDS)
        return _Timed(_connect_first(self.addresses(host, port, _left(until)), port, until), self._deadline)

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Return the addresses of a host, all allowed."""
        addresses = [host] if _literal(host) else _resolve(host, port, seconds)
        # One private address is enough to refuse all, as the choice among them is arbitrary.
        if host != self._private and not all(map(is_public, addresses)):
            raise _refuse_private(host, self._private)
        return addresses


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of a name. The system resolver cannot be stopped, only abandoned."""
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
        raise FetchError(f"{host[:100]} cannot be looked up now; try again later.", retryable=True) from fault
    except (OSError, UnicodeError) as fault:
        passing = isinstance(fault, socket.gaierror) and fault.errno == socket.EAI_AGAIN
        message = f"{host[:100]} cannot be found; check its spelling and the network."
        raise FetchError(message, retryable=passing) from fault
    if not addresses:
        raise FetchError(f"{host[:100]} has no address; check its spelling.")
    return addresses


def _connect_first(addresses: list[str], port: int, until: float) -> httpcore.NetworkStream:
    """Connect to the first address that answers. Each gets its share of the remaining time."""
    for tried, address in enumerate(addresses, 1):
        try:
            return connect(address, port, _left(until) / (len(addresses) - tried + 1))
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            if tried == len(addresses):
                raise
    raise AssertionError


class _Timed(httpcore.NetworkStream):
    """A connection with one deadline for all its operations."""

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


def _request(pool: httpcore.ConnectionPool, url: httpx.URL, request: Request) -> Reply | httpx.URL:
    """Return the reply of a URL, or the target of its redirect."""
    wanted = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    # Closing the connection makes the next redirect, even to the same name, be checked like the first.
    sent = [(b"Host", url.netloc), (b"User-Agent", b"assistant"), (b"Accept", b"*/*")]
    sent += [(b"Accept-Encoding", b"gzip"), (b"Connection", b"close")]
    sent += [(name.encode(), value.encode()) for name, value in request.headers.items()]
    sent += [(b"Content-Length", str(len(request.body)).encode())] if request.body else []
    try:
        with pool.stream(request.method, wanted, headers=sent, content=request.body or None) as response:
            headers = {name.lower(): value for name, value in response.headers}
            if response.status in _MOVED and b"location" in headers:
                return _check(_quote_location(headers[b"location"]), request.private, url)
            if request.private is None:
                _require_page(_host(url), response.status)
            chunks = _require_pace(_host(url), response.iter_stream())
            data = _body(_host(url), chunks, headers, request.limit)
            named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
            return Reply(response.status, data, str(url), named)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as fault:
        raise _describe(_host(url), fault) from fault


def _quote_location(location: bytes) -> str:
    """Percent-encode the characters of a redirect that are not allowed in an address, as browsers do."""
    return quote(location.strip(), safe="!#$%&'()*+,/:;=?@[]~\\")


def require_page(reply: Reply) -> None:
    """Raise FetchError unless a reply is the page itself."""
    _require_page(_host(httpx.URL(reply.url)), reply.status)


def _require_page(host: str, status: int) -> None:
    """Raise FetchError unless this status comes with the page."""
    if status in (200, 203):
        return
    if status in (401, 402, 403, 407, 451):
        raise FetchError(f"{host} does not give this to everyone ({status}); save the page and add the file.")
    if status in (404, 410):
        raise FetchError(f"{host} has nothing at this address ({status}); check it in a browser.")
    if status in (408, 425, 429) or status >= 500:
        raise FetchError(f"{host} cannot answer now ({status}); try again later.", retryable=True)
    raise FetchError(f"{host} gives no page at this address ({status}); check it in a browser.")


def _body(host: str, chunks: Iterable[bytes], headers: dict[bytes, bytes], limit: int) -> bytes:
    """Collect and unpack the bytes, within the limit."""
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in (b"gzip", b"x-gzip"):
        chunks = _unpack(host, chunks)
    elif coding not in (b"", b"identity"):
        raise FetchError(f"{host} sends an unsupported compression; save the page and add the file.")
    too_large = FetchError(f"What {host} sends is larger than {limit // 1_000_000} MB; add it in parts.")
    if int(headers.get(b"content-length", b"0")) > limit:
        raise too_large
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _require_pace(host: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks while they arrive fast enough."""
    began, received = time.monotonic(), 0
    for chunk in chunks:
        received += len(chunk)
        seconds = time.monotonic() - began
        if seconds > SLOW_SECONDS and received < seconds * LEAST:
            raise FetchError(f"{host} sends too slowly; try again later.", retryable=True)
        yield chunk


def _unpack(host: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield unpacked gzip in steps. Only gzip is requested, as zlib can stop at a size."""
    new = functools.partial(zlib.decompressobj, zlib.MAX_WBITS | 16)
    unpacker = new()
    try:
        for chunk in chunks:
            while chunk:
                if unpacker.eof:
                    unpacker = new()
                yield unpacker.decompress(chunk, _STEP)
                chunk = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as fault:
        raise FetchError(f"What {host} sends is damaged; save the page and add the file.") from fault
    if not unpacker.eof:
        raise FetchError(f"{host} broke off before the end; try again.", retryable=True)


def _describe(host: str, fault: Exception) -> FetchError:
    """Return the error for a fault of the connection. A wrong certificate is not retryable."""
    # The pool drops the cause; the original exception is in the arguments.
    below = fault.args[0] if fault.args else None
    if isinstance(below, ssl.SSLCertVerificationError):
        why = below.verify_message.rstrip(".")
        return FetchError(f"{host} does not prove to be {host} ({why}); check the address and the clock.")
    if isinstance(fault, httpcore.TimeoutException):
        return FetchError(f"{host} takes too long to answer; try again later.", retryable=True)
    if isinstance(fault, httpcore.ConnectError):
        return FetchError(f"{host} cannot be reached; try again later.", retryable=True)
    return FetchError(f"{host} breaks off or does not speak HTTP; try again later.", retryable=True)
