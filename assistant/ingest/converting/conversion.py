"""Old Office files, converted by LibreOffice in a process group of its own, within limits.

Its user profile is made for one file and deleted after it. No macro runs and no link is updated: the profile
forbids both.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from assistant.core.errors import ReadError
from assistant.ingest.readers.office.old import OldFormat, program

SECONDS = 60
"""Limit on the computing time of LibreOffice for one file, with its start."""
MEGABYTES = 4_000
"""Limit on its address space, of which it uses a tenth."""
_PATIENCE = 600.0
"""Seconds on the clock after which it is taken for hanging, for it may wait without computing."""
_SETTINGS = {
    "Office.Common/Security/Scripting": {
        "MacroSecurityLevel": "3",
        "DisableMacrosExecution": "true",
        "BlockUntrustedRefererLinks": "true",
    },
    "Office.Writer/Content/Update": {"Link": "0", "Field": "false", "Chart": "false"},
    "Office.Calc/Content/Update": {"Link": "1"},
}
"""Macros never run, and links to other files are never followed."""
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "{}</oor:items>"
)
_lock = threading.Lock()
_running: dict[subprocess.Popen[bytes], object] = {}
_one_at_a_time = threading.Semaphore(1)
"""A second one at the same time would take twice the memory, and hardly less time."""


def converted(data: bytes, old: OldFormat, errand: object = None) -> bytes:
    """Return an old Office file in the format that took its place.

    Raises:
        ReadError: LibreOffice is missing, cannot open it, exceeds its limits, or `stop` ended the errand; the
            message is the end of a sentence.
    """
    office = program()
    if office is None:
        raise ReadError("needs LibreOffice to be read; install it.")
    with _one_at_a_time, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given, made = folder / f"in{old.suffix}", folder / "out" / f"in{old.target}"
        given.write_bytes(data)
        _write_profile(folder / "profile")
        _run(_command(office, old, folder, given), folder, errand)
        if not made.is_file() or not made.stat().st_size:
            raise ReadError(
                f"cannot be converted by LibreOffice, as it is damaged, needs a password or takes longer "
                f"than {SECONDS} seconds; open it, save it as {old.target} and add that."
            )
        return made.read_bytes()


def stop(errand: object) -> None:
    """End what runs for this errand."""
    with _lock:
        for process, other in _running.items():
            if other is errand:
                _kill(process)


def close() -> None:
    """End all that runs."""
    with _lock:
        for process in _running:
            _kill(process)


def _command(office: str, old: OldFormat, folder: Path, given: Path) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "assistant.ingest.converting.confined", str(MEGABYTES), str(SECONDS)),
        *(office, f"-env:UserInstallation={(folder / 'profile').as_uri()}"),
        *("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
        *("--convert-to", f"{old.target[1:]}:{old.filter}", "--outdir", str(folder / "out"), str(given)),
    ]


def _run(command: list[str], folder: Path, errand: object) -> None:
    """Run LibreOffice to its end, or until it is killed with all that it started."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    ours = str(Path(__file__).resolve().parents[3])
    env |= {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": ours}
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=env,
        start_new_session=True,
    )
    with _lock:
        _running[process] = errand
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill(process)
        process.wait()
        with _lock:
            del _running[process]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started, which may outlive it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (OSError, AttributeError):
        process.kill()


def _write_profile(folder: Path) -> None:
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, values in _SETTINGS.items()
        for name, value in values.items()
    )
    (folder / "user").mkdir(parents=True)
    (folder / "user" / "registrymodifications.xcu").write_text(_PROFILE.format(items), encoding="utf-8")
