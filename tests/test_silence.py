"""No process of the product looks up a name or connects to anything beyond this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import watched
from hostile import silence

from assistant.embedding.embedders import Embedder

SPEAKING = """
import sys, time
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def strace() -> None:
    if not watched.may_watch():
        pytest.skip("there is no strace here, or it may not trace")


@pytest.mark.slow
def test_no_process_reaches_beyond_this_machine_and_no_trace_is_left() -> None:
    found = silence.figures(chat=15, lingering=12)
    assert [figure for figure in found if figure.met is False] == []
    assert len(found) == 8


@pytest.mark.slow
def test_the_watch_sees_what_native_code_tries_and_keeps(tmp_path: Path, e5: Embedder) -> None:
    """Otherwise the test above could not fail: ONNX Runtime without our package speaks."""
    person = silence.Person(tmp_path)
    person.prepare()
    model = next((tmp_path / "person" / ".cache").glob("*/models/*/layers.onnx"))
    command = [sys.executable, "-c", SPEAKING, str(model)]
    child = watched.begun(command, tmp_path / "trace", person.environment)
    while child.poll() is None and not is_heard(person, tmp_path / "trace"):
        time.sleep(0.2)
    silence._stop(child)
    assert is_heard(person, tmp_path / "trace")


def is_heard(person: silence.Person, trace: Path) -> bool:
    """True if an address was looked up or connected to and a device id was written."""
    kept = any("deviceid" in name for name in person.traces())
    return kept and trace.exists() and bool(watched.tried(trace))


@pytest.mark.parametrize(
    "first", ["assistant", "assistant.embedding.embedders", "assistant.ingest.sandbox", "assistant.cli"]
)
def test_whatever_is_imported_first_silences_the_libraries(first: str) -> None:
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    names = "ORT_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_ENABLED"
    code = f"import os, {first}; print(*map(os.environ.get, {names}))"
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]
