"""Feeds and sitemaps: what counts as changed, what sites allow, and lists that are cut."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from place_web import Feed, Site, feed_place, sitemap_place

from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.ingest import fetch
from assistant.sync.remote import polite, robots, syncing
from assistant.sync.remote.addresses import open_source
from assistant.sync.remote.items import UNKNOWN, RemoteSource

LAMP = "# Cora lamp\n\nThe lamp of Cora is green.\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(polite, "PAUSE", 0.0)
    with sitemap_place(tmp_path) as made:
        made.put("lamp", LAMP)
        made.put("kettle", LAMP.replace("lamp", "kettle"))
        yield made


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    monkeypatch.setattr(polite, "PAUSE", 0.0)
    with feed_place(tmp_path) as made:
        made.put("lamp", LAMP)
        yield made


def opened(site: Site) -> RemoteSource:
    return open_source(site.address, config.load({}), allow_private=True)


def versions(site: Site, known: dict[str, str] | None = None) -> dict[str, str]:
    source = opened(site)
    try:
        return {item.name: item.version for item in source.list(known or {}).items}
    finally:
        source.close()


def written(site: Site, listing: str) -> None:
    site.listed = lambda: listing.replace("HOME", site.home)  # type: ignore[method-assign]


def test_a_date_in_the_sitemap_is_the_version_and_nothing_else_is_asked(site: Site) -> None:
    written(site, "<urlset><url><loc>HOME/lamp#top</loc><lastmod> 2026-01-31 </lastmod></url></urlset>")
    known = {site.name("lamp"): "changed 2026-01-31"}
    assert versions(site, known) == known
    assert [path for path, _ in site.requests] == ["/sitemap.xml"]


def test_a_sitemap_of_sitemaps_is_followed_packed_ones_too_but_no_other_host(site: Site) -> None:
    part = (
        f"<urlset><url><loc>{site.home}/lamp</loc></url><url><loc>http://other.example/x</loc></url></urlset>"
    )
    site.files["/part.xml.gz"] = gzip.compress(part.encode())
    written(
        site,
        "<sitemapindex><sitemap><loc>HOME/part.xml.gz</loc></sitemap>"
        "<sitemap><loc>http://other.example/part.xml</loc></sitemap></sitemapindex>",
    )
    assert versions(site) == {site.name("lamp"): UNKNOWN}


@pytest.mark.parametrize("cut", ["<urlset><url><loc>HOME/lamp</loc></url><url>", "<urlset>", "<urlset"])
def test_a_sitemap_that_is_cut_lists_nothing(site: Site, cut: str) -> None:
    written(site, cut)
    with pytest.raises(AssistantError):
        versions(site)


def test_a_part_that_cannot_be_had_ends_the_listing(site: Site) -> None:
    written(site, "<sitemapindex><sitemap><loc>HOME/part.xml</loc></sitemap></sitemapindex>")
    with pytest.raises(AssistantError, match="404"):
        versions(site)


def test_an_entity_of_a_sitemap_reads_no_file(site: Site) -> None:
    written(
        site,
        '<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<urlset><url><loc>HOME/&x;</loc></url></urlset>",
    )
    assert "root:" not in str(versions(site))


def test_rss_and_atom_are_read_with_their_faults(feed: Feed) -> None:
    written(
        feed,
        "<rss><channel><title>A &nbsp; B</title><item><title>x</title><link> HOME/lamp </link></item>"
        "<item><link>javascript:x</link></item></channel></rss>",
    )
    assert versions(feed) == {feed.name("lamp"): UNKNOWN}
    written(
        feed,
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link rel="self" href="/x"/><link href="lamp"/>'
        "<updated>2026-01-31T00:00:00Z</updated></entry></feed>",
    )
    assert versions(feed) == {feed.name("lamp"): "changed 2026-01-31T00:00:00Z"}


def test_a_page_without_validators_is_told_by_its_bytes(site: Site) -> None:
    site.validators = False
    source = opened(site)
    [first, _] = source.list({}).items
    version = source.read(first).version
    assert version.startswith("sha256 ")
    source.close()
    assert versions(site, {first.name: version})[first.name] == version
    site.put("lamp", LAMP.replace("green", "red"))
    assert versions(site, {first.name: version})[first.name] != version


def test_a_changed_page_that_was_sent_with_the_listing_is_not_fetched_again(site: Site) -> None:
    source = opened(site)
    known = {site.name("lamp"): '"older"', site.name("kettle"): 'etag "older"'}
    items = {item.name: item for item in source.list(known).items}
    before = site.bodies
    assert b"kettle of Cora" in source.read(items[site.name("kettle")]).data
    assert site.bodies == before
    source.close()


def test_a_page_that_is_gone_is_not_listed_though_the_sitemap_has_it(site: Site) -> None:
    written(site, "<urlset><url><loc>HOME/gone</loc></url><url><loc>HOME/lamp</loc></url></urlset>")
    assert versions(site, {site.name("gone"): 'etag "x"'}) == {site.name("lamp"): UNKNOWN}


def test_robots_txt_is_kept_to(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /kett*\n"
    source = opened(site)
    items = {item.name: item for item in source.list({}).items}
    with pytest.raises(AssistantError, match=r"robots\.txt of 127\.0\.0\.1 does not let programs fetch"):
        source.read(items[site.name("kettle")])
    assert source.read(items[site.name("lamp")]).data
    assert "/kettle" not in [path for path, _ in site.requests]
    source.close()


def test_there_is_a_pause_between_two_requests(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polite, "PAUSE", 0.2)
    source = opened(site)
    began = time.monotonic()
    for item in source.list({}).items:
        source.read(item)
    # The list, robots.txt and two pages.
    assert time.monotonic() - began >= 0.6
    source.close()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        *(
            ("/", True),
            ("/private", False),
            ("/private/ok", True),
            ("/private/ok2", False),
            ("/a.pdf", False),
        ),
        *(("/a.pdf?x", True), ("/caf%C3%A9/x", False), ("/café/x", False), ("/x/y/z", False), ("/x/y", True)),
    ],
)
def test_the_longest_rule_of_a_robots_txt_counts(path: str, allowed: bool) -> None:
    rules = robots.parse(
        "\ufeffUser-Agent: Other\nDisallow: /\n\nUser-agent: *\nUser-agent: Third # all\nDisallow: /private\n"
        "Allow: /private/ok$\nDisallow: /*.pdf$\nDisallow: /café\nDisallow: /x/*/z\nDisallow:\n".encode()
    )
    assert rules.allows(f"https://docs.example.org{path}") == allowed


def test_rules_for_us_go_before_those_for_everyone() -> None:
    rules = robots.parse(b"User-agent: *\nDisallow: /\nUser-agent: Assistant\nCrawl-delay: 2.5\nAllow: /\n")
    assert rules.allows("https://docs.example.org/x")
    assert rules.delay == 2.5


def test_stars_of_a_robots_txt_cost_no_time() -> None:
    rules = robots.parse(b"User-agent: *\nDisallow: /" + b"*a" * 20_000 + b"$\n")
    assert rules.allows("https://docs.example.org/" + "a" * 3_000)


def test_a_page_that_never_comes_holds_up_no_other(site: Site) -> None:
    site.put("middle", LAMP)
    written(
        site,
        "<urlset><url><loc>HOME/lamp</loc></url><url><loc>HOME/kettle</loc></url>"
        "<url><loc>HOME/middle</loc></url></urlset>",
    )
    site.broken = {"/kettle"}
    known = {site.name("kettle"): 'etag "x"'}
    assert versions(site, known)[site.name("kettle")] == 'etag "x"'
    source = opened(site)
    listing = source.list({})
    [batch] = syncing._fetched(source, listing.items)
    assert list(batch.versions) == [site.name("lamp"), site.name("middle")]
    assert batch.fault is None
    with pytest.raises(AssistantError, match="cannot answer now"):
        batch.sources[site.name("kettle")].load()
    source.close()


def test_another_site_that_is_away_holds_up_no_page(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "not now")

    monkeypatch.setattr(fetch, "resolve", away)
    elsewhere = "http://other.example.org/x"
    written(
        feed,
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="{elsewhere}"/></entry>'
        '<entry><link href="lamp"/></entry></feed>',
    )
    assert versions(feed, {elsewhere: 'etag "x"'}) == {elsewhere: 'etag "x"', feed.name("lamp"): UNKNOWN}
    source = opened(feed)
    [first, _] = source.list({}).items
    with pytest.raises(AssistantError) as caught:
        source.read(first)
    assert not caught.value.retryable
    source.close()


def test_a_page_that_robots_txt_closes_later_stays(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /lamp\n"
    known = {site.name("lamp"): 'etag "x"'}
    assert versions(site, known)[site.name("lamp")] == 'etag "x"'
