"""Addresses of the web: none leads inside, however it is spelled, resolved or redirected to."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from internet import PAGE, PUBLIC, Web

from assistant.core.errors import FetchError
from assistant.ingest import fetch

INSIDE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),
    *("192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1"),
    *("fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::f5ff:fffe"),
]


# -- what is refused -----------------------------------------------------------------------------------------

OUTSIDE = {
    *("1.1.1.1", "google.com", "1u.ms", "nicob.net", "www.tcpipguide.com", "example.com", "imgur.com"),
    *("307.r3dir.me", "62epax5fhvj3zzmzigyoe5ipkbn7fysllvges3a.302.r3dir.me", "developer.mozilla.org"),
    *("developers.digitalocean.com", "help.redacted.com", "mizu.re", "rancher.com", "vozec.fr"),
    *("www.googleapis.com", "www.root-me.org", "4d0cf09b9b2d761a7d87be99d17507bce8b86f3b.flaws.cloud"),
    "metadata.packet.net",  # a public address, which nothing tells from others
}
"""Hosts of the list that are on the public internet; some of them redirect inside (tested below)."""


def test_no_hostile_address_is_connected_to_unless_it_is_public(web: Web, shared: Path) -> None:
    urls = json.loads((shared / "hostile" / "ssrf-urls.json").read_text("utf-8"))
    assert len(urls) == 182
    web.dead = {PUBLIC, "1.1.1.1"}
    reached = set()
    for url in urls:
        web.connected.clear()
        web.refusal(url)
        if web.connected:
            assert {address for address, _ in web.connected} <= web.dead, url
            reached.add(urlsplit(url).hostname)
    assert reached == OUTSIDE


@pytest.mark.parametrize(
    "url",
    [
        *("http://127。0。0。1/", "http://１２７.0.0.1/", "http://%31%32%37.0.0.1/", "http://127.0.0.1./"),
        *(
            "http://127.1/",
            "http://127.0x0.1/",
            "http://0x7f.0.0.1/",
            "http://017700000001/",
            "http://010.0.0.1/",
        ),
        *("http://[fe80::1%25eth0]/", "http://[2606:4700::1111%25eth0]/", "http://[::1]/", "http://[::]/"),
        *("http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::10.0.0.1]/"),
        *(
            "http://localhost./",
            "http://LOCALHOST/",
            "http://a.localhost/",
            "http://a.local/",
            "http://a..b/",
        ),
        *("http://docs.example.com@127.0.0.1/", "http://me:secret@docs.example.com/", "http://:@a.example/"),
        *("http:///docs", "http:docs.example.com", "http://a_b", "http:// docs.example.com/"),
        *(
            "http://docs.example.com:0/",
            "http://docs.example.com:99999/",
            "http://docs.example.com\\@10.0.0.1/",
        ),
        *(
            "http://docs.example.com/\udce9",
            "http://docs.example.com/\n",
            "",
            "https://",
            "http://\xad10.0.0.1/",
        ),
        *(
            "HTTP:\\\\10.0.0.1",
            "jar:http://10.0.0.1!/",
            "data:text/html,x",
            "//10.0.0.1/",
        ),
        "http://docs.example.com/" + "x" * 4_000,
    ],
)
def test_odd_spellings_slip_through_nowhere(web: Web, url: str) -> None:
    fault = web.refusal(url)
    assert not web.connected
    assert fault.message.endswith(".")
    assert "secret" not in fault.message
    assert not fault.retryable


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "http://127.0.0.1", "http:/", ""]))
def test_whatever_is_given_is_refused_in_a_sentence(start: str, text: str) -> None:
    try:
        url = fetch._check(start + text)
    except FetchError:
        return
    host = url.raw_host.decode()
    assert fetch._literal(host) or re.fullmatch(r"([a-z0-9_-]+\.)+[a-z][a-z0-9-]*", host)


@pytest.mark.parametrize(
    "address",
    [
        *(*INSIDE, "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:808:808::"),
        *("fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "4000::1", "fe80::1%eth0"),
        *("192.88.99.1", "203.0.113.1", "240.0.0.1", "0177.0.0.1", "127.1", "localhost", ""),
        *("2606:4700::1111%eth0", "2001:20::1", "2001:2::1"),
    ],
)
def test_these_addresses_are_not_public(address: str) -> None:
    assert not fetch.is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_these_addresses_are_public(address: str) -> None:
    assert fetch.is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_written_as_ipv6_is_judged_as_what_it_stands_for(address: ipaddress.IPv4Address) -> None:
    public = fetch.is_public(str(address))
    assert public <= address.is_global
    assert fetch.is_public(f"::ffff:{address}") == fetch.is_public(f"64:ff9b::{address}") == public


@pytest.mark.parametrize("inside", INSIDE)
def test_one_inside_among_the_addresses_of_a_name_refuses_it(web: Web, inside: str) -> None:
    web.names["docs.example.com"] = [[PUBLIC, inside]]
    assert "private network" in web.refusal("http://docs.example.com/").message
    web.names["docs.example.com"] = [[inside, PUBLIC]]
    web.refusal("https://docs.example.com/")
    assert not web.connected


# -- redirects and rebinding ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "status"),
    [
        *(("http://127.0.0.1/", 301), ("http://169.254.169.254/latest/", 302), ("//10.0.0.1/", 303)),
        *(("https://192.168.0.1/", 307), ("http://[::1]/", 308), ("http://[::ffff:127.0.0.1]/", 302)),
        *(("http://[64:ff9b::7f00:1]/", 302), ("http://[2002:7f00:1::]/", 302), ("http://0x7f000001/", 302)),
        *(("http://2130706433/", 301), ("http://127.1/", 307), ("http://localhost:8000/", 302)),
        *(
            ("http://localhost./", 302),
            ("http://inside.example.com/", 302),
            ("https://in.example.com/", 308),
        ),
        *(
            ("http://169.254.169.254.nip.io/", 302),
            ("file:///etc/passwd", 302),
            ("gopher://10.0.0.1:6379/_x", 302),
        ),
        *(
            ("http://me:secret@docs.example.com/", 302),
            ("/\\127.0.0.1/", 302),
            ("http://%31%32%37.0.0.1/", 302),
        ),
        *(("http://docs.example.com:0/", 302), ("http://127.0.0.1\t/", 302), ("http://\u2488.0.0.1/", 302)),
    ],
)
def test_a_redirect_leads_nowhere_inside(web: Web, to: str, status: int) -> None:
    web.names |= {"inside.example.com": [["10.1.2.3"]], "in.example.com": [[PUBLIC, "fd00::1"]]}
    web.moved("/", to.encode().decode("latin-1"), status)
    web.moved("/hop", "http://other.example.com/", status)
    assert not web.refusal("http://docs.example.com/").retryable
    assert web.connected == [(PUBLIC, 80)]
    web.refusal("http://docs.example.com/hop")
    assert web.connected == [(PUBLIC, 80)] * 3


@pytest.mark.parametrize("inside", INSIDE)
def test_a_second_answer_of_the_resolver_changes_nothing(web: Web, inside: str) -> None:
    web.page("/page")
    web.names["docs.example.com"] = [[PUBLIC], [inside]]
    assert web.fetch("/page") == PAGE
    assert (web.resolved, web.connected) == (["docs.example.com"], [(PUBLIC, 80)])

    web.moved("/again", "/page")
    web.names["docs.example.com"] = [[PUBLIC], [inside]]
    assert "private network" in web.refusal("http://docs.example.com/again").message
    assert web.connected == [(PUBLIC, 80)] * 2


def test_five_redirects_are_followed_and_six_are_not(web: Web) -> None:
    for number in range(6):
        web.moved(f"/{number}", f"./{number + 1}")
    web.page("/6")
    found = fetch.fetch("http://docs.example.com/1")
    assert (found.data, found.url) == (PAGE, "http://docs.example.com/6")
    assert "more than 5 times" in web.refusal("http://docs.example.com/0").message


def test_a_redirect_may_be_written_carelessly(web: Web) -> None:
    web.moved("/", "//other.example.com:81/caf\xe9 au lait%20?a=[b]&c#part")
    web.page("/caf%E9%20au%20lait%20?a=[b]&c")
    assert web.fetch("/") == PAGE
    assert web.connected == [(PUBLIC, 80), (PUBLIC, 81)]
