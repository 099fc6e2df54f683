"""Files and folders as sources: what is taken, what is left alone, and what it is called."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest

from assistant.core import config
from assistant.core.errors import ReadError
from assistant.ingest import files
from assistant.ingest.files import ALL, Choice


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a bit of everything."""
    for name in ("b.md", "a.txt", "sub/c.HTML", "sub/d.docx", "e.pdf", "f.markdown"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in ("photo.gif", "Makefile", ".hidden.md", ".git/x.md", "sub/.cache/y.md", "~$d.docx"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("no")
    (tmp_path / "docs" / "folder.md").mkdir()
    return tmp_path / "docs"


def names(folder: Path, *paths: Path, choice: Choice = ALL) -> list[str]:
    return [os.path.relpath(source.name, folder) for source in files.sources(paths, choice)]


def test_a_folder_gives_its_readable_files_in_order(folder: Path) -> None:
    assert names(folder, folder) == ["a.txt", "b.md", "e.pdf", "f.markdown", "sub/c.HTML", "sub/d.docx"]


def test_a_hidden_folder_that_is_named_is_read(folder: Path) -> None:
    assert names(folder, folder / ".git") == [".git/x.md"]


@pytest.mark.parametrize(
    ("include", "exclude", "taken"),
    [
        ("*.md", "", "b.md"),
        ("*.md *.txt", "", "a.txt b.md"),
        ("*.[hH]*", "", "sub/c.HTML"),
        ("", "sub", "a.txt b.md e.pdf f.markdown"),
        ("", "./sub", "a.txt b.md e.pdf f.markdown"),
        ("", "sub/", "a.txt b.md e.pdf f.markdown"),
        ("", "sub/*", "a.txt b.md e.pdf f.markdown"),
        ("", "d.docx", "a.txt b.md e.pdf f.markdown sub/c.HTML"),
        ("sub", "*.docx", "sub/c.HTML"),
        ("sub/d*", "", "sub/d.docx"),
        ("*.gif", "", ""),
        ("nothing", "", ""),
        ("", "*", ""),
    ],
)
def test_patterns_choose_the_files_of_a_folder(folder: Path, include: str, exclude: str, taken: str) -> None:
    choice = Choice(tuple(include.split()), tuple(exclude.split()))
    assert names(folder, folder, choice=choice) == taken.split()
    assert names(folder, folder / "b.md", choice=choice) == ["b.md"]


def test_a_folder_counts_what_it_holds_besides(folder: Path) -> None:
    listing = files.below(folder, Choice(include=("*.md",)))
    assert [path.name for path in listing.files] == ["b.md"]
    others = ["Makefile", "a.txt", "c.HTML", "d.docx", "e.pdf", "f.markdown", "photo.gif"]
    assert listing.others == len(others)
    assert listing.left_out == ()
    assert [path.name for path in files.below(folder).left_out] == ["Makefile", "photo.gif"]


def test_a_folder_that_cannot_be_looked_into_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listdir = os.listdir

    def guarded(path: Path) -> list[str]:
        if path == folder / "sub":
            raise PermissionError
        return listdir(path)

    monkeypatch.setattr(os, "listdir", guarded)
    assert names(folder, folder) == ["a.txt", "b.md", "e.pdf", "f.markdown", "sub"]
    with pytest.raises(ReadError, match=r"sub cannot be read; check its permissions\."):
        list(files.sources([folder]))[-1].load()


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.md"))
        for name, what in (("pipe.md", "a pipe"), ("socket.md", "a socket"), ("/dev/zero", "a device")):
            with pytest.raises(ReadError, match=rf" is {what}[^.]*\.$"):
                files.source(tmp_path / name).load()
        assert names(tmp_path, tmp_path) == []
    with pytest.raises(ReadError, match="is a folder"):
        files.load(tmp_path)


def test_standard_input_is_a_source_with_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    source = files.standard_input(io.BytesIO(b"# Notes"), "notes.md")
    assert (source.name, source.load(), source.load()) == ("notes.md", b"# Notes", b"# Notes")
    monkeypatch.setattr(files, "MAX_BYTES", 4)
    with pytest.raises(ReadError, match=r"notes\.md is larger"):
        files.standard_input(io.BytesIO(b"# Notes"), "notes.md").load()


def test_a_file_that_is_named_is_always_tried(folder: Path) -> None:
    assert names(folder, folder / "Makefile", folder / ".hidden.md") == ["Makefile", ".hidden.md"]


def test_links_that_lead_out_or_round_are_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "in.md").symlink_to(folder / "b.md")
    (folder / "gone.md").symlink_to(folder / "nothing.md")
    (folder / "round.md").symlink_to(folder / "round.md")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    taken = names(folder, folder)
    assert "in.md" in taken
    assert not {"out.md", "gone.md", "round.md"} & set(taken)
    assert not any(name.startswith("loop") for name in taken)


def test_one_file_has_one_name_from_wherever_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "sub")
    spelled = [Path("../b.md"), Path("./../b.md"), folder / "b.md", Path("../sub/../b.md")]
    assert {source.name for source in files.sources(spelled)} == {str(folder / "b.md")}


def test_a_name_in_no_known_encoding_can_be_kept_as_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.md"
    Path(os.fsdecode(path)).write_text("# Open at nine")
    [source] = files.sources([tmp_path])
    assert source.name.encode() == os.fsencode(tmp_path) + b"/caf\\xe9.md"
    assert source.load() == b"# Open at nine"


def test_what_cannot_be_read_says_so_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "round.md").symlink_to(tmp_path / "round.md")
    for name in ("absent.md", "round.md", "x" * 300):
        [source] = files.sources([tmp_path / name])
        with pytest.raises(ReadError, match=r"; check"):
            source.load()


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 4)
    (tmp_path / "a.md").write_bytes(b"12345")
    with pytest.raises(ReadError, match="larger than"):
        files.source(tmp_path / "a.md").load()
    (tmp_path / "a.md").write_bytes(b"1234")
    assert files.source(tmp_path / "a.md").load() == b"1234"


def test_the_shipped_corpus_has_the_same_names_everywhere() -> None:
    shipped = files.shipped(config.bundled("corpus"))
    assert "corpus/handbook/01-getting-started.md" in [source.name for source in shipped]
    assert all(source.load() for source in shipped)
