"""`assistant sync ADDRESS`: what it prints, the store behind a server, and a run that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import loopback
import pytest
from conftest import Run
from place_s3 import s3_place
from place_web import Site, sitemap_place

from assistant.assistant import Assistant
from assistant.client import Remote, connect
from assistant.sync.remote import polite, syncing

LAMP = "# Cora lamp\n\nThe lamp of Cora is green and hangs in the hall.\n"
KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(polite, "PAUSE", 0.0)
    with sitemap_place(tmp_path) as place:
        place.put("lamp.html", LAMP)
        place.put("manuals/kettle.html", KETTLE)
        yield place


def test_a_person_sees_the_plan_and_what_was_done(run: Run, site: Site) -> None:
    planned = run("sync", site.address, "--private", "--dry-run", "--exclude", "manuals")
    assert planned.out.splitlines() == [f"add        {site.name('lamp.html')}"]
    assert "1 to do, 0 unchanged; nothing was done." in planned.err
    assert site.bodies == 0
    done = run("sync", site.address, "--private")
    assert done.code == 0
    assert f"added      {site.name('manuals/kettle.html')}: 1 passage" in done.out
    assert "2 added in " in done.err
    assert run("sync", site.address, "--private", "--json").out == ""
    site.delete("lamp.html")
    removed = run("sync", site.address, "--private", "--json").rows
    assert [(row["status"], row["source"]) for row in removed] == [("removed", site.name("lamp.html"))]
    site.put("lamp.html", LAMP)
    run("sync", site.address, "--private")
    taken_out = run("remove", site.address).out.splitlines()
    assert sorted(taken_out) == ["removed  Arvo kettle", "removed  Cora lamp"]
    assert run("sync", site.address, "--private").out.count("added ") == 2
    assert run("remove", site.home).code == 1


def test_what_is_refused_is_one_sentence(run: Run, site: Site) -> None:
    refused = run("sync", site.address)
    assert (refused.code, refused.out) == (1, "")
    assert "with --private" in refused.err
    assert not site.requests
    assert "--watch follows folders" in run("sync", site.address, "--watch").err
    assert "no feed and no sitemap" in run("sync", site.name("lamp.html"), "--private").err


def test_a_server_keeps_the_versions_and_tells_of_the_last_run(run: Run, site: Site, tmp_path: Path) -> None:
    with loopback.owning(tmp_path / "home") as assistant:
        assert run("sync", site.address, "--private").out.count("added ") == 2
        before = site.bodies
        assert "2 unchanged in " in run("sync", site.address, "--private").err
        assert site.bodies == before
        site.put("lamp.html", LAMP.replace("green", "red"))
        site.delete("manuals/kettle.html")
        said = run("sync", site.address, "--private").out
        assert "updated" in said
        assert "removed" in said
        [told] = runs(assistant)
        assert told["source"] == site.address
        assert told["counts"] == {"unchanged": 0, "updated": 1, "removed": 1}
        assert told["fault"] == ""
        site.break_after(0)
        site.put("lamp.html", LAMP.replace("green", "blue"))
        assert run("sync", site.address, "--private").code == 1
        [told] = runs(assistant)
        assert told["fault"].startswith("127.0.0.1 breaks off")


def runs(assistant: Assistant) -> Any:
    """Return the last runs, as the server tells them."""
    with connect(assistant.settings, "a test", lambda _: None) as server:
        assert isinstance(server, Remote)
        return server.call("GET", "/api/remotes")


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(environment: dict[str, str], tmp_path: Path) -> None:
    count = syncing.BATCH + 8
    with s3_place(tmp_path) as bucket:
        for number in range(count):
            bucket.put(f"{number:02}.md", LAMP.replace("green", f"number {number}"))
        bucket.hold_at = syncing.BATCH + 4
        command = [sys.executable, "-m", "assistant.cli", "sync", bucket.address, "--private"]
        surroundings = environment | bucket.environment
        with subprocess.Popen(command, env=surroundings, stdout=subprocess.DEVNULL) as running:
            assert bucket.held.wait(300)
            running.send_signal(signal.SIGKILL)
        bucket.release()
        before = bucket.bodies
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0
        assert f"{count - syncing.BATCH} added" in done.stderr
        assert f"{syncing.BATCH} unchanged" in done.stderr
        assert bucket.bodies == before + count - syncing.BATCH
