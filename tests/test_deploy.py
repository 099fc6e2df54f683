"""What is in deploy/: files by rules, and their commands on this machine in place of containers."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from loopback import free_port
from servers import Postgres, wait_until

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
INSTRUCTIONS = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)


# -- by rules --------------------------------------------------------------------------------------------


def test_an_image_is_built_on_a_version_and_runs_as_nobody_in_particular() -> None:
    named = [what.split()[0] for kind, what in INSTRUCTIONS if kind == "FROM"]
    assert all(re.fullmatch(r"[a-z]+:[0-9.]+-[a-z-]+", image) for image in named)
    kinds = [kind for kind, _ in INSTRUCTIONS]
    assert "ADD" not in kinds
    assert kinds.index("USER") < kinds.index("CMD")
    assert ("USER", "root") not in INSTRUCTIONS
    # Each of the two names the same command.
    [command] = [what for kind, what in INSTRUCTIONS if kind == "CMD"]
    assert yaml.safe_load(command) == SERVICES["one"]["command"]


def test_no_file_names_a_registry_or_a_password() -> None:
    for path in [*DEPLOY.iterdir(), ROOT / ".dockerignore"]:
        text = path.read_text()
        assert not re.search(r"index-url|find-links|trusted-host|docker\.io|ghcr|quay|pypi", text), path
        assert all(value.startswith("${") for value in re.findall(r"PASSWORD: (\S+)", text)), path


def test_services_name_what_there_is() -> None:
    volumes = {name.split(":")[0] for each in SERVICES.values() for name in each["volumes"]}
    assert {name for name in volumes if not name.startswith(".")} == set(COMPOSE["volumes"])
    for each in SERVICES.values():
        assert set(each.get("depends_on", ())) <= set(SERVICES)
        assert re.fullmatch(r"assistant|[a-z]+:[0-9.]+-[a-z]+", each["image"])
    hosts = re.findall(r"server (\w+):7860", (DEPLOY / "nginx.conf").read_text())
    assert hosts == ["one", "two"]
    assert {"database", "chroma"} <= set(SERVICES)
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]


def test_scripts_are_read_by_a_shell() -> None:
    for script in DEPLOY.glob("*.sh"):
        assert os.access(script, os.X_OK), script
        subprocess.run(["sh", "-n", script], check=True)


def test_the_driver_of_the_database_comes_from_the_lock() -> None:
    [program] = re.findall(r"awk '(.*)'", (DEPLOY / "install.sh").read_text())
    command = ["awk", program, "requirements-test.lock"]
    taken = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"^([a-z-]+)==", taken, re.MULTILINE) == ["psycopg", "psycopg-binary"]
    assert all("--hash=sha256:" in part for part in re.split(r"(?m)^(?=psycopg)", taken)[1:])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_one_of_systemd(tmp_path: Path) -> None:
    unit = (DEPLOY / "assistant.service").read_text().replace("/opt/assistant/bin/assistant", sys.executable)
    (tmp_path / "assistant.service").write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "assistant.service"],
        capture_output=True,
        text=True,
    )
    assert "assistant.service" not in done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_the_proxy_keeps_a_browser_with_one_server_until_that_is_gone(tmp_path: Path) -> None:
    port = free_port()
    with answering("one") as one, answering("two") as two, proxied(tmp_path, port, one, two) as reached:

        def server_of(browser: str) -> str:
            headers = {"Cookie": f"other=1; cited-browser={browser}"}
            return httpx.get(reached, headers=headers, verify=False).text

        browsers = [f"{number:032x}" for number in range(20)]
        first = {browser: server_of(browser) for browser in browsers}
        assert set(first.values()) == {"one", "two"}
        assert {browser: server_of(browser) for browser in browsers} == first
        two.shutdown()
        two.server_close()
        assert {server_of(browser) for browser in browsers} == {"one"}


@contextlib.contextmanager
def answering(name: str) -> Iterator[ThreadingHTTPServer]:
    """A server that answers with its name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running


@contextlib.contextmanager
def proxied(folder: Path, port: int, *servers: ThreadingHTTPServer) -> Iterator[str]:
    """nginx with the settings in deploy/ before two servers of this machine; yields its address."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/nginx/tls", str(folder))
    for name, server in zip(("one", "two"), servers, strict=True):
        text = text.replace(f"server {name}:7860", f"server 127.0.0.1:{server.server_address[1]}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    text = text.replace("http {", f"http {{ access_log off; {temporary}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace(
        "listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"
    )
    (folder / "nginx.conf").write_text(f"daemon off;\npid {folder}/pid;\n{text}")
    command = ["nginx", "-e", folder / "log", "-c", folder / "nginx.conf"]
    assert subprocess.run([*command, "-t"], capture_output=True).returncode == 0
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), "nginx", 20)
        yield f"https://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


# -- on this machine -------------------------------------------------------------------------------------


class Service:
    """A service of compose.yaml as a process, with addresses and folders of this machine."""

    def __init__(self, name: str, here: Mapping[str, str], home: Path) -> None:
        self._here, self._service = here, SERVICES[name]
        self.port = here["7860"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASSISTANT_", "OPENAI_"))}
        given = {k: self._local(v) for k, v in self._service.get("environment", {}).items()}
        self._environment = kept | given | {"ASSISTANT_CORPUS": "none", "ASSISTANT_HOME": str(home)}
        program, *words = self._service["command"]
        command = [str(Path(sys.executable).with_name("chroma"))]
        command = command if program == "chroma" else [sys.executable, "-m", "assistant.cli"]
        port = [] if "--port" in words else ["--port", self.port]
        self.process = subprocess.Popen(
            [*command, *map(self._local, words), *port],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def is_healthy(self) -> bool:
        assert self.process.poll() is None
        _, python, *words = self._service["healthcheck"]["test"]
        assert python == "python"
        done = subprocess.run([sys.executable, *map(self._local, words)], capture_output=True)
        return done.returncode == 0

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait()

    def _local(self, word: str) -> str:
        there = "|".join(re.escape(name) for name in self._here)
        return re.sub(there, lambda found: self._here[found[0]], word)


@pytest.fixture
def running(postgres: Postgres, tmp_path: Path) -> Iterator[dict[str, Service]]:
    """Chroma and the two servers, by the commands of compose.yaml."""
    url = postgres.empty().render_as_string(hide_password=False)
    database = SERVICES["one"]["environment"]["ASSISTANT_DATABASE"]
    chroma = str(free_port())
    here = {
        database: url, "http://chroma:8000": f"http://127.0.0.1:{chroma}", "8000": chroma,
        "/srv": str(tmp_path), "${PUBLIC_URL:?set it in .env}": "",
        "0.0.0.0": "127.0.0.1",
    }  # fmt: skip
    services: dict[str, Service] = {}
    try:
        for name in ("chroma", "one", "two"):
            services[name] = Service(name, here | {"7860": str(free_port())}, tmp_path / name)
            wait_until(services[name].is_healthy, name)
        yield services
    finally:
        for service in services.values():
            service.end(signal.SIGKILL)


def ask(service: Service, question: str) -> str:
    url = f"http://127.0.0.1:{service.port}/api/ask"
    response = httpx.post(url, json={"question": question}, timeout=60)
    assert response.status_code == 200, response.text
    return response.text


@pytest.mark.slow
def test_two_servers_run_by_their_commands_and_one_goes_on_when_the_other_is_killed(
    running: dict[str, Service],
) -> None:
    one, two = running["one"], running["two"]
    url, data = f"http://127.0.0.1:{one.port}/api/documents", b"# Kettle\n\nThe Arvo kettle boils a litre.\n"
    added = httpx.post(url, params={"source": "kettle.md"}, content=data, timeout=60)
    assert added.status_code < 300, added.text
    for service in (one, two):
        assert "boils a litre" in ask(service, "What does the Arvo kettle boil?")
    one.end(signal.SIGKILL)
    assert "boils a litre" in ask(two, "What does the Arvo kettle boil?")
