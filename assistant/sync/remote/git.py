"""Git repositories: the files of a branch, by the program `git`.

A listing fetches the newest commit without its files, into a folder that is gone afterwards; what is new or
changed is fetched then, many files at a time. The version of an item is the id of its content (blob).

Git gets no terminal, no hooks, no submodules and no transport but the one of the address; of its settings
only those of credentials are taken, as the rest may run programs or lead elsewhere. It connects to the
address that was checked, and follows no redirects.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from assistant.core.errors import AssistantError, FetchError, ReadError, SyncError
from assistant.ingest import fetch
from assistant.ingest.files import MAX_BYTES
from assistant.sync.remote import credentials
from assistant.sync.remote.addresses import Address
from assistant.sync.remote.items import Body, Listing, RemoteItem, RemoteSource, by_kind

TOGETHER = 200
"""Files fetched with one request."""
OLDEST = (2, 37)
"""The first version that connects to the address that it is given."""
SECONDS = 900.0
"""Time limit for one command of git."""
_FORM = re.compile(r"(?P<path>/.*?)(?:@(?P<branch>[^:@]+)(?::(?P<folder>.*))?)?")
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|@\{|\.lock$))[^\s~^:?*\[\\.\-/][^\s~^:?*\[\\]*(?<![/.])")
_KEPT = (
    "PATH HOME USERPROFILE APPDATA LOCALAPPDATA SYSTEMROOT XDG_CONFIG_HOME XDG_RUNTIME_DIR "
    "DBUS_SESSION_BUS_ADDRESS SSL_CERT_FILE SSL_CERT_DIR GIT_SSL_CAINFO TMPDIR TEMP"
).split()
"""What git gets of the environment."""
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.interactive": "false",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "http.proxy": "",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
}
_OUR_HELPER = """!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' \
"$SYNC_USER" "$SYNC_PASSWORD"; }; f"""
"""A credential helper that reads the environment, as others could see arguments."""
_NO_ENTRY = re.compile(r"Authentication failed|could not read (?:Username|Password)|error: 40[13]")
_NOT_THERE = re.compile(r"not found|error: 404|does not appear to be a git repository", re.IGNORECASE)
_MOVED = re.compile(r"error: 30[12378]|redirect", re.IGNORECASE)
_NO_BRANCH = re.compile(r"find remote ref", re.IGNORECASE)
_LATER = re.compile(
    r"Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out)|RPC failed|early EOF|hung up"
    r"|unexpected disconnect|Could(?: not|n't) resolve|Empty reply|Operation too slow|timed out"
    r"|invalid index-pack|fetch-pack|error: (?:429|5\d\d)|Recv failure|transfer closed",
    re.IGNORECASE,
)


def open_source(address: Address) -> RemoteSource:
    """Return a branch: `git+https://host/repository@branch:folder`, the last two optional."""
    form = _FORM.fullmatch(address.path)
    if form is None or address.query or not form["path"].strip("/"):
        raise SyncError(
            "Name the repository like git+https://example.org/team/handbook@main:docs.", retryable=False
        )
    branch = form["branch"] or ""
    if branch and not _BRANCH.fullmatch(branch):
        raise SyncError(f"{branch} is no name of a branch; check it.", retryable=False)
    fetch.require_host(address.host, address.private)
    return GitSource(address, form["path"], branch, (form["folder"] or "").strip("/"))


@dataclass(frozen=True, slots=True)
class _Blob:
    path: str
    ident: str


class GitSource(RemoteSource):
    """One branch of a repository, or a folder of it."""

    def __init__(self, address: Address, path: str, branch: str, folder: str) -> None:
        self._address, self._branch, self._folder = address, branch, folder
        self._base = f"{address.scheme}://{address.place}{path}"
        self._expected: deque[str] = deque()
        self._fetched: set[str] = set()
        self._blobs: dict[str, str] = {}
        self.name = self._base + (f"@{branch}" if branch else "") + (f":{folder}" if folder else "")

    @cached_property
    def _git(self) -> _Git:
        return _Git(self._address, self._base.removeprefix("git+"))

    def list(self, known: Mapping[str, str]) -> Listing:
        """Return the files of the newest commit."""
        branch = self._branch or self._git.default_branch()
        commit = self._git.fetch_commit(branch)
        start = f"{self._folder}/" if self._folder else ""
        items = []
        for blob in self._git.files(commit):
            if blob.path.startswith(start):
                name = f"{self._base}@{branch}:{blob.path}"
                self._blobs[name] = blob.ident
                items.append(RemoteItem(name, blob.ident, PurePosixPath(blob.path.removeprefix(start))))
        return by_kind(items)

    def expect(self, items: Sequence[RemoteItem]) -> None:
        """Fetch these files together, when the first of them is read."""
        self._expected = deque(dict.fromkeys(item.version for item in items))

    def read(self, item: RemoteItem) -> Body:
        """Return a file."""
        if item.version not in self._fetched:
            wanted = [item.version]
            while self._expected and len(wanted) < TOGETHER:
                wanted.append(self._expected.popleft())
            self._git.fetch_files(set(wanted) - self._fetched)
            self._fetched.update(wanted)
        return Body(self._git.content(item.version, item.path.name), item.version)

    def close(self) -> None:
        """Delete what was fetched."""
        if "_git" in self.__dict__:
            self._git.close()


class _Git:
    """The program `git` on a repository of its own, which is deleted in the end."""

    def __init__(self, address: Address, url: str) -> None:
        self._address = address
        self._place = tempfile.TemporaryDirectory(prefix="assistant-git-", ignore_cleanup_errors=True)
        self._folder = Path(self._place.name)
        self._environment = self._begin()
        _require_version()
        self._run("init", "--quiet", "--bare", "--template=", ".")
        self._run("config", "remote.origin.url", url)

    def close(self) -> None:
        self._place.cleanup()

    def _begin(self) -> dict[str, str]:
        """Return the environment of all commands: what is kept, our settings, and the checked address."""
        address = self._address
        scheme = address.scheme.removeprefix("git+")
        port = address.port or (443 if scheme == "https" else 80)
        found = fetch.addresses_of(address.host, port, address.private)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        login = credentials.credentials_for(address, is_secure=scheme == "https")
        settings = [
            *(_SETTINGS | {f"protocol.{scheme}.allow": "always"}).items(),
            ("http.curloptResolve", f"{address.host}:{port}:{','.join(map(_bracketed, found))}"),
            *([("credential.helper", ""), ("credential.helper", _OUR_HELPER)] if login else _helpers(kept)),
        ]
        own = {
            **{"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "GIT_ALLOW_PROTOCOL": scheme, "LC_ALL": "C"},
            **{"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GCM_INTERACTIVE": "never"},
            **({"SYNC_USER": login.user or "git", "SYNC_PASSWORD": login.password} if login else {}),
        }
        return kept | own | _as_environment(settings)

    def default_branch(self) -> str:
        """Return the branch that a clone would have."""
        said = self._run("ls-remote", "--symref", "origin", "HEAD").decode("utf-8", "replace")
        for line in said.splitlines():
            branch = line.partition("\t")[0].removeprefix("ref: refs/heads/")
            if branch != line.partition("\t")[0] and _BRANCH.fullmatch(branch):
                return branch
        raise SyncError(f"The repository at {self._address.host} has no branch yet.", retryable=False)

    def fetch_commit(self, branch: str) -> str:
        """Fetch the newest commit of a branch and its folders, without files where the server lets us."""
        self._fetch("--depth=1", "origin", f"refs/heads/{branch}", branch=branch)
        return self._run("rev-parse", "FETCH_HEAD").decode().strip()

    def files(self, commit: str) -> Iterator[_Blob]:
        """Yield the regular files of a commit: neither links nor submodules."""
        for entry in self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            kind, _, path = entry.partition(b"\t")
            mode, *rest = kind.decode().split()
            if mode in ("100644", "100755"):
                yield _Blob(path.decode("utf-8", "backslashreplace"), rest[1])

    def fetch_files(self, idents: set[str]) -> None:
        """Fetch files that are not here yet, with one request."""
        here = self._run("cat-file", "--batch-check", "--batch-all-objects").decode().splitlines()
        missing = idents - {line.split()[0] for line in here}
        if missing:
            self._fetch("--stdin", "origin", given="\n".join(sorted(missing)))

    def content(self, ident: str, name: str) -> bytes:
        """Return a file that was fetched."""
        if int(self._run("cat-file", "-s", ident)) > MAX_BYTES:
            raise ReadError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; add it in parts.")
        return self._run("cat-file", "blob", ident)

    def _fetch(self, *words: str, branch: str = "", given: str = "") -> None:
        plain = ("--quiet", "--no-tags", "--recurse-submodules=no", "--filter=blob:none")
        self._run("fetch", *plain, *words, branch=branch, given=given)

    def _run(self, *words: str, branch: str = "", given: str = "") -> bytes:
        try:
            process = subprocess.Popen(  # noqa: S603
                ["git", *words],  # noqa: S607
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as fault:
            raise SyncError("The program git is not here; install it.", retryable=False) from fault
        try:
            out, err = process.communicate(given.encode(), SECONDS)
        except BaseException:
            # Its helpers too.
            _end(process)
            raise
        if process.returncode:
            raise self._fault(err.decode("utf-8", "replace"), branch)
        return out

    def _fault(self, said: str, branch: str) -> AssistantError:
        """Return the error for what git said, which is not repeated: servers can have it say anything."""
        host = self._address.host
        if _NO_ENTRY.search(said):
            return SyncError(
                f"{host} does not let this user in; {credentials.WHERE}, or a credential helper of git.",
                retryable=False,
            )
        if _NO_BRANCH.search(said):
            return SyncError(
                f"The repository at {host} has no branch {branch}; check the name.", retryable=False
            )
        if _MOVED.search(said):
            return SyncError(
                f"{host} leads elsewhere from this address; give the address there, which may end in .git.",
                retryable=False,
            )
        if _LATER.search(said):
            return FetchError(f"{host} cannot be reached or broke off; try again later.", retryable=True)
        if _NOT_THERE.search(said):
            return SyncError(f"There is no repository at this address of {host}; check it.", retryable=False)
        return FetchError(f"{host} gives no repository that git can read; try it with git itself.")


def _require_version() -> None:
    """Raise SyncError for a git that would look the name up again, and may find another address."""
    done = _asked_git(["version"], {name: os.environ[name] for name in _KEPT if name in os.environ})
    found = re.search(r"(\d+)\.(\d+)", done)
    if not found or (int(found[1]), int(found[2])) < OLDEST:
        raise SyncError(f"Git {OLDEST[0]}.{OLDEST[1]} or later is needed; install it.", retryable=False)


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _helpers(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the credential helpers that the person has set for git."""
    # Without a repository, whose settings would be those of whoever wrote it.
    said = _asked_git(
        ["config", "--null", "--get-regexp", r"^credential\."], {**environment, "GIT_DIR": os.devnull}
    )
    pairs = [each.partition("\n") for each in said.split("\0") if each]
    return [(key, value) for key, _, value in pairs if key != "credential.interactive"]


def _asked_git(words: list[str], environment: dict[str, str]) -> str:
    """Return what git says of this machine alone."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *words],  # noqa: S607
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
        )
    except OSError as fault:
        raise SyncError("The program git is not here; install it.", retryable=False) from fault
    return done.stdout.decode("utf-8", "replace")


def _as_environment(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return settings as git reads them from the environment; the last of a key counts."""
    numbered = [
        (f"GIT_CONFIG_{part}_{number}", pair[part == "VALUE"])
        for number, pair in enumerate(settings)
        for part in ("KEY", "VALUE")
    ]
    return {"GIT_CONFIG_COUNT": str(len(settings)), **dict(numbered)}
