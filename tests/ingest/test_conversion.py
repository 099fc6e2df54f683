"""Old Office files: converted by LibreOffice where it is installed, refused with advice where it is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from conftest import opened_in
from faults import packages
from faults.texts import SENTENCES
from ole import container
from test_parse import refusal

from assistant.core.errors import ReadError
from assistant.core.types import Source
from assistant.ingest import sandbox
from assistant.ingest.converting import conversion
from assistant.ingest.parse import identity
from assistant.ingest.readers.office.old import WORD, OldFormat, program
from assistant.ingest.sandbox import read_safely

needs_office = pytest.mark.skipif(
    program() is None, reason="LibreOffice is not installed: apt install libreoffice-writer-nogui …"
)
FILTERS = {"doc": "MS Word 97", "xls": "MS Excel 97", "ppt": "MS PowerPoint 97"}


@cache
def old_file(suffix: str) -> bytes:
    """An old Office file, made by LibreOffice of a new one."""
    new = OldFormat("new file", f".{suffix}x", f".{suffix}", FILTERS[suffix])
    return conversion.converted(packages.MAKERS[f"{suffix}x"](), new)


def pretended(stream: str) -> bytes:
    """A container with a stream of this name that holds nothing of the kind."""
    return container({stream: bytes(5_000), "\x05SummaryInformation": b"x" * 80})


@needs_office
@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "said"),
    [("doc", SENTENCES[0]), ("xls", "copper"), ("ppt", SENTENCES[4])],
)
def test_an_old_file_is_read_as_what_took_its_place(suffix: str, said: str) -> None:
    data = old_file(suffix)
    assert data.startswith(b"\xd0\xcf\x11\xe0")
    document = read_safely(data, f"rooms.{suffix}")
    assert said in document.text
    assert document.id == identity(data)
    assert document.source == f"rooms.{suffix}"
    assert document.metadata["converted"] == f"from .{suffix} by LibreOffice"


@needs_office
@pytest.mark.slow
def test_an_old_file_is_asked_about_and_kept_as_it_was(tmp_path: Path) -> None:
    with opened_in(tmp_path) as assistant:
        [result] = assistant.add([Source("rooms.doc", lambda: old_file("doc"))])
        assert result.status == "added"
        answer = assistant.ask("How fast does the kettle of the harbour master boil one litre?")
        citation = answer.citations[0]
        text = assistant.show(citation.document_id).text
        assert "ninety-five seconds" in text[citation.start : citation.end]
        assert assistant.original(citation.document_id) == old_file("doc")


@needs_office
@pytest.mark.slow
def test_what_libreoffice_cannot_open_is_refused_in_a_sentence() -> None:
    with pytest.raises(ReadError, match=r"^a\.doc cannot be converted by LibreOffice, as it is damaged"):
        read_safely(pretended("WordDocument"), "a.doc")


@needs_office
@pytest.mark.slow
def test_a_conversion_is_ended_with_all_that_it_started() -> None:
    faults: list[ReadError] = []

    def convert() -> None:
        try:
            read_safely(old_file("doc"), "a.doc", errand=faults)
        except ReadError as fault:
            faults.append(fault)

    old_file("doc")
    thread = threading.Thread(target=convert)
    thread.start()
    while not any("soffice" in name for process in conversion._running for name in _in_group(process.pid)):
        time.sleep(0.01)
    [process] = conversion._running
    sandbox.stop(faults)
    thread.join()
    assert len(faults) == 1
    assert process.returncode
    assert not _in_group(process.pid)


def _in_group(group: int) -> list[str]:
    """The names of the processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = path.read_text().rpartition(")")
            state, _, of, *_ = rest.split()
            found += [name.partition("(")[2]] if int(of) == group and state != "Z" else []
    return found


def test_without_libreoffice_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReadError) as fault:
        read_safely(pretended("WordDocument"), "rooms.doc")
    assert fault.value.message == (
        "rooms.doc is an old Word file (.doc); save it as .docx and add that, "
        "or install LibreOffice and add it again."
    )


def test_a_sheet_with_a_text_in_it_is_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    data = container({"Workbook": bytes(9), "MBD0001": {"WordDocument": bytes(9)}})
    assert "old Excel file" in refusal(data, "rooms.xls")
    assert "old Word file" in refusal(data, "rooms.doc")


def test_a_confined_program_has_limits_and_no_network() -> None:
    shell = shutil.which("sh")
    if shell is None or not Path("/proc/net/dev").exists():
        pytest.skip("there is no /proc here")
    command = [sys.executable, "-m", "assistant.ingest.converting.confined", "500", "7", shell, "-c"]
    done = subprocess.run(
        [*command, "ulimit -t; ulimit -v; cat /proc/net/dev"], capture_output=True, text=True, check=True
    )
    seconds, kilobytes, *devices = done.stdout.splitlines()
    assert (seconds, kilobytes) == ("7", "488281")
    if not _may_leave_network():
        pytest.skip("networks cannot be made here; the limits hold")
    assert [line.split(":")[0].strip() for line in devices[2:]] == ["lo"]


def _may_leave_network() -> bool:
    command = ["unshare", "--net", "true"], ["unshare", "--user", "--net", "true"]
    return any(subprocess.run(one, capture_output=True, check=False).returncode == 0 for one in command)


def test_the_profile_forbids_macros_and_links(tmp_path: Path) -> None:
    conversion._write_profile(tmp_path)
    text = (tmp_path / "user" / "registrymodifications.xcu").read_text()
    assert '<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value>' in text
    assert WORD.target == ".docx"
