"""Reading in a child process: the same documents, and limits that hold."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pdfs import sheet, shown

from assistant.core.errors import ReadError
from assistant.ingest import sandbox
from assistant.ingest.parse import read
from assistant.ingest.sandbox import read_safely

PAGE = (
    "<!doctype html><title>Kettle</title><article><h2>Use</h2>" + "<p>It boils one litre — fast. </p>" * 30
).encode()
ROOT = Path(__file__).parents[2]


def test_a_child_reads_the_same_document() -> None:
    assert read_safely(PAGE, "a.html") == read(PAGE, "a.html")
    assert read_safely(PAGE, "a.html").headings


def test_children_read_at_the_same_time_and_threads_do_not_mix_them() -> None:
    found: dict[int, str] = {}
    pages = [PAGE.replace(b"Kettle", f"Kettle {n}".encode()) for n in range(8)]
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: read_safely(pages[n], "a.html").title}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"Kettle {n}" for n in range(8)}
    assert len(sandbox._pool._idle) <= sandbox.CHILDREN
    assert sandbox._pool._busy == {}


def test_one_child_reads_many_documents() -> None:
    read_safely(PAGE, "a.html")
    child = sandbox._pool._idle[-1]
    read_safely(PAGE, "a.html")
    assert sandbox._pool._idle[-1] is child


def test_while_one_file_takes_its_time_another_is_read_and_the_errand_can_be_ended() -> None:
    faults: list[ReadError] = []

    def slow() -> None:
        try:
            read_safely(PAGE * 8_000, "a.html", errand=faults)
        except ReadError as fault:
            faults.append(fault)

    thread = threading.Thread(target=slow)
    thread.start()
    while not any(errand is faults for errand in sandbox._pool._busy.values()):
        time.sleep(0.01)
    assert read_safely(PAGE, "b.html").title == "Kettle"
    assert faults == []
    sandbox.stop(faults)
    thread.join()
    assert len(faults) == 1


def test_a_refusal_comes_back_as_it_was_said() -> None:
    with pytest.raises(ReadError) as here:
        read(b"%PDF-1.7 of no use", "a.pdf")
    with pytest.raises(ReadError) as there:
        read_safely(b"%PDF-1.7 of no use", "a.pdf")
    assert there.value.message == here.value.message


def test_what_takes_too_long_is_refused_and_the_next_document_is_read() -> None:
    with pytest.raises(ReadError, match=r"a\.html takes longer than 0\.001 seconds"):
        read_safely(PAGE * 200, "a.html", seconds=0.001)
    assert read_safely(PAGE, "a.html").title == "Kettle"


def test_time_on_the_clock_counts_for_nothing() -> None:
    read_safely(PAGE, "a.html")
    child = sandbox._pool._idle[-1].process
    child.send_signal(signal.SIGSTOP)
    threading.Timer(1.5, child.send_signal, [signal.SIGCONT]).start()
    assert read_safely(PAGE, "a.html", seconds=1).title == "Kettle"


def test_each_page_adds_to_the_time_and_the_share_that_is_read_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = [
        shown([(72, 740 - 12 * row, f"Cup {row} of page {n} is blue.") for row in range(50)])
        for n in range(400)
    ]
    shares: list[float] = []
    document = read_safely(sheet(*pages), "a.pdf", seconds=0.9, on_share=shares.append)
    assert document.pages[-1].number == 400
    assert shares == sorted(shares)
    assert 0 < shares[0] < 1


def test_the_limits_hold_for_long_texts_too() -> None:
    with pytest.raises(ReadError, match=r"long\.md takes longer"):
        read_safely(b"| a | b |\n" * 40_000, "long.md", seconds=0.001)


def test_what_takes_too_much_memory_is_refused_and_the_next_document_is_read() -> None:
    pytest.importorskip("resource")
    with pytest.raises(ReadError):
        read_safely(PAGE * 40_000, "a.html", megabytes=200)
    assert read_safely(PAGE, "a.html").title == "Kettle"


def test_a_child_that_died_is_replaced() -> None:
    read_safely(PAGE, "a.html")
    child = sandbox._pool._idle[-1].process
    child.kill()
    child.wait()
    assert read_safely(PAGE, "a.html").title == "Kettle"


def test_the_child_has_no_keys_and_cannot_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    child = sandbox._start(500)
    try:
        environment = Path(f"/proc/{child.pid}/environ")
        if not environment.exists():
            pytest.skip("no /proc on this system")
        sandbox._exchange(child, sandbox._Request(PAGE, "a.html", 18))
        assert b"sk-secret" not in environment.read_bytes()
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        assert "Max file size             0                    0" in limits
    finally:
        child.kill()
        child.communicate()


def test_neither_side_loads_what_it_does_not_need() -> None:
    code = (
        "import sys; from assistant.ingest.sandbox import read_safely; read_safely(b'words here', 'a.txt');"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('chromadb', 'llama_index', 'gradio', 'trafilatura', 'pypdfium2', 'docx', 'lxml')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_a_child_ends_when_its_parent_is_gone() -> None:
    child = sandbox._start(500)
    sandbox._exchange(child, sandbox._Request(PAGE, "a.html", 18))
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(30) == 0
    assert child.stdout is not None
    child.stdout.close()
