"""Files of a folder that were not added, and a document shown by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Run

KETTLE = "# Arvo kettle\n\nThe Arvo kettle boils one litre in 95 seconds.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two manuals."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "kettle.md").write_text(KETTLE)
    (folder / "toaster.md").write_text("# Brisa toaster\n\nThe Brisa toaster has seven levels.\n")
    return folder


def test_files_of_a_folder_that_were_not_taken_are_named_with_the_reason(run: Run, folder: Path) -> None:
    (folder / "photo.gif").write_bytes(b"GIF89a\0\0")
    (folder / "boxes.dat").write_bytes(b"cups and pots")
    told = (
        "2 files left out: boxes.dat (of no known kind; add it by its own name), "
        "photo.gif (an image (GIF), which cannot be read; save it as PDF, .docx or text and add that)"
    )
    assert run("add", folder).err.rstrip().endswith(told)
    assert told in run("sync", folder).err
    assert "left out" not in run("add", folder, "--exclude", "*.gif", "--exclude", "*.dat").err


def test_a_document_is_shown_by_what_was_added(run: Run, folder: Path) -> None:
    run("add", folder)
    assert "boil" in run("show", folder / "kettle.md").out
    assert run("show", folder / "nothing.md").code == 1
    assert "is the name of 2 documents" in run("show", folder).err
