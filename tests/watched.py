"""The calls by which a tree of processes reaches for the network, as the kernel sees them.

Python's audit hooks see only what Python does; ONNX Runtime, Chroma and Tantivy are native code, and connect
and look up names behind its back. strace sees every process that is begun, and every thread.
"""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SEEN = "connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_RESOLVER = re.compile(r'sun_path="([^"]*(?:resolve|avahi)[^"]*)"')
"""Sockets of services on the machine that look names up for others."""
_LOOK_UP = 53


def may_watch() -> bool:
    """True if strace is installed and may trace."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "true"]
    return shutil.which("strace") is not None and subprocess.run(command, capture_output=True).returncode == 0


def begun(
    command: Sequence[str], trace: Path, environment: Mapping[str, str], **named: object
) -> subprocess.Popen[str]:
    """Start the command under strace, which writes the network calls of its process tree to `trace`."""
    watch = [
        "strace",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-e",
        "signal=none",
        "-e",
        f"trace={SEEN}",
        "-o",
        str(trace),
    ]
    return subprocess.Popen([*watch, *command], env=dict(environment), text=True, **named)  # type: ignore[call-overload,no-any-return]


def tried(trace: Path) -> list[str]:
    """Return the addresses beyond this machine that were contacted or looked up, once each."""
    return sorted(set(_far(trace.read_text(errors="replace"))))


def _far(trace: str) -> Iterator[str]:
    for line in trace.splitlines():
        for port, address in _ADDRESS.findall(line):
            # A datagram "connected" to port 0 asks the kernel for a route; it is told nobody.
            if int(port) == _LOOK_UP or (int(port) and not _is_near(address)):
                yield f"{address} port {port}"
        yield from _RESOLVER.findall(line)


def _is_near(address: str) -> bool:
    parsed = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback or parsed.is_unspecified
