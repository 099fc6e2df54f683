"""Git repositories: branches and folders, servers that do not filter, and what is never run or followed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from place import PASSWORD
from place_git import GitPlace, git_place

from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.ingest import fetch
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import open_source
from assistant.sync.remote.items import Body, Listing

LAMP = "# Cora lamp\n\nThe lamp of Cora is green.\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitPlace]:
    for name, value in GitPlace.environment.items():
        monkeypatch.setenv(name, value)
    with git_place(tmp_path) as made:
        made.put("docs/lamp.md", LAMP)
        made.put("readme.md", "# All\n\nEverything.\n")
        yield made


def look(address: str) -> tuple[Listing, list[Body]]:
    """Return what a source lists, and the bytes of all of it."""
    source = open_source(address, config.load(), allow_private=True)
    try:
        listing = source.list({})
        source.expect(listing.items)
        return listing, [source.read(item) for item in listing.items]
    finally:
        source.close()


def test_without_a_branch_the_default_one_is_followed_under_its_name(place: GitPlace) -> None:
    listing, _ = look(place.address.removesuffix("@main"))
    assert [item.name for item in listing.items] == [place.name("docs/lamp.md"), place.name("readme.md")]


def test_a_folder_alone_is_followed(place: GitPlace) -> None:
    listing, bodies = look(f"{place.address}:docs")
    assert [(item.name, str(item.path)) for item in listing.items] == [
        (place.name("docs/lamp.md"), "lamp.md")
    ]
    assert bodies[0].data == LAMP.encode()


def test_many_files_come_with_one_request(place: GitPlace) -> None:
    for number in range(20):
        (place.work / f"{number}.md").write_text(f"# Number {number}\n")
    place.push("Many")
    place.requests.clear()
    assert len(look(place.address)[1]) == 22
    packs = [request for request in place.requests if request.startswith("POST")]
    assert len(packs) <= 4


def test_a_server_that_does_not_filter_sends_everything_at_once(place: GitPlace) -> None:
    place.git(place.bare, "config", "uploadpack.allowFilter", "false")
    assert len(look(place.address)[1]) == 2
    assert place.bodies == 0


def test_links_submodules_and_hidden_files_are_no_documents(place: GitPlace) -> None:
    (place.work / "link.md").symlink_to("/etc/passwd")
    (place.work / ".hidden.md").write_text(LAMP)
    (place.work / "program.exe").write_text("x")
    commit = place.git(place.work, "rev-parse", "HEAD").decode().strip()
    place.git(place.work, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub.md")
    place.push("Odd ones")
    listing, _ = look(place.address)
    assert [str(item.path) for item in listing.items] == ["docs/lamp.md", "readme.md"]
    assert listing.left_out == (place.name("program.exe"),)


def test_names_are_kept_in_any_script(place: GitPlace) -> None:
    place.put("née ☃/ключ.md", LAMP)
    assert place.name("née ☃/ключ.md") in [item.name for item in look(place.address)[0].items]


def test_a_branch_or_a_repository_that_is_not_there_is_told(place: GitPlace) -> None:
    with pytest.raises(AssistantError, match="has no branch drafts; check the name"):
        look(place.address.replace("@main", "@drafts"))
    with pytest.raises(AssistantError, match="no repository at this address"):
        look(place.address.replace("handbook", "other"))


def test_a_redirect_is_not_followed(place: GitPlace) -> None:
    place.moved_to = f"http://localhost:{place.port}"
    with pytest.raises(AssistantError, match=r"127\.0\.0\.1 leads elsewhere from this address"):
        look(place.address)
    assert len(place.requests) == 1


def test_git_connects_to_the_address_that_was_checked(
    place: GitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else knows this name, so that another lookup would find nothing."""
    monkeypatch.setattr(fetch, "resolve", lambda host, port: ["127.0.0.1"])
    monkeypatch.setattr(credentials, "is_loopback", lambda host: True)
    listing, _ = look(place.address.replace("127.0.0.1", "repositories.example"))
    assert len(listing.items) == 2


def test_no_argument_has_the_password_and_no_setting_of_the_person_is_taken(
    place: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program `git` that writes down how it was called, in front of the real one."""
    real, notes = shutil.which("git"), tmp_path / "called"
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "git"
    wrapper.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"open({str(notes)!r}, 'a').write(' '.join(sys.argv) + chr(10))\n"
        f"os.execv({real!r}, ['git', *sys.argv[1:]])\n"
    )
    wrapper.chmod(0o755)
    home = tmp_path / "person"
    (home / "hooks").mkdir(parents=True)
    hook = home / "hooks" / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'hooked'}\n")
    hook.chmod(0o755)
    settings = f"[core]\n\thooksPath = {home / 'hooks'}\n"
    settings += '[url "ext::sh -c touch% hooked"]\n\tinsteadOf = http://127.0.0.1\n'
    (home / ".gitconfig").write_text(settings)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    assert len(look(place.address)[1]) == 2
    called = notes.read_text()
    assert "fetch" in called
    assert PASSWORD not in called
    assert not (tmp_path / "hooked").exists()


def test_credential_helpers_of_the_person_are_asked(
    place: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "person"
    home.mkdir()
    (home / "kept").write_text(f"http://kim:{PASSWORD}@127.0.0.1%3a{place.port}\n")
    (home / ".gitconfig").write_text(f'[credential]\n\thelper = "store --file {home / "kept"}"\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("ASSISTANT_SYNC_PASSWORD")
    assert len(look(place.address)[1]) == 2


def test_nobody_is_asked_for_a_password(place: GitPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSISTANT_SYNC_PASSWORD")
    with pytest.raises(AssistantError, match="does not let this user in"):
        look(place.address)


def test_what_was_fetched_is_gone_afterwards(
    place: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    look(place.address)
    assert os.listdir(tmp_path / "tmp") == []
