"""Where others reach the server, nobody gets further than the login page without a login."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import visiting
from fastapi.openapi.utils import get_openapi
from fastapi.testclient import TestClient
from httpx import Response
from visiting import HOST, OWNER, PUBLIC, Public, password

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.errors import AccountError, ConfigError
from assistant.text.wording import LANGUAGES, wording
from assistant.users.accounts import Accounts
from assistant.users.roles import ROLES
from assistant.web import server
from assistant.web.access import permissions

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "documents", "arguments": {}},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with visiting.public(tmp_path_factory.mktemp("home")) as made:
        yield made


def enter(client: TestClient, name: str, secret: str, **options: object) -> Response:
    return client.post("/login", data={"name": name, "password": secret}, **options)  # type: ignore[arg-type]


# -- every route ---------------------------------------------------------------------------------------------


def filled(path: str) -> str:
    """An address of a route, with values that nothing has."""
    return re.sub(r"\{[^}]*\}", "0", path)


OPERATIONS = sorted(permissions.operations().items())
DOOR = {401, 403}


def test_every_route_is_in_the_table_and_no_other(site: Public) -> None:
    told = get_openapi(title="all", version="1", routes=site.served.routes)["paths"]
    known = {f"{method.upper()} {path}" for path, methods in told.items() for method in methods}
    gradios = {"GET /", "GET /theme.css", "GET /assets/{rest:path}", "GET /static/{rest:path}"}
    gradios |= {f"GET /gradio_api/{name}" for name in ("app_id", "queue/data")} | {
        "POST /gradio_api/queue/join"
    }
    untold = {"POST /mcp", "GET /api/openapi.json", "GET /login", "POST /login", "POST /logout"}
    assert set(permissions.operations()) == known | gradios | untold


def test_who_is_not_logged_in_gets_the_login_page_its_files_and_health_alone() -> None:
    opened = [operation for operation, level in OPERATIONS if level == "open"]
    assert opened == ["GET /api/health", "GET /login", "GET /page/{name}", "POST /login", "POST /logout"]


@pytest.mark.parametrize("role", [None, *ROLES])
def test_each_role_may_do_what_the_table_says_and_no_more(site: Public, role: str | None) -> None:
    client = site.program(role) if role else site.browser()
    for operation, level in OPERATIONS:
        method, path = operation.split(" ")
        if path in ("/login", "/logout"):
            continue
        query = "?session_hash=a1" if path.endswith("/queue/data") else ""
        reply = client.request(method, filled(path) + query, content=b"")
        is_let_in = level == "open" or (role and ROLES.index(role) >= ROLES.index(level))  # type: ignore[arg-type]
        assert (reply.status_code not in DOOR) == bool(is_let_in), (operation, reply.status_code)
        if role is None and level != "open":
            assert reply.status_code == 401, operation
            assert "Kettle" not in reply.text


@pytest.mark.parametrize("role", ROLES)
def test_a_browser_may_do_the_same(site: Public, role: str) -> None:
    client = site.browser(role)
    for path, least in (("/api/documents", "reader"), ("/api/rejected", "editor"), ("/api/users", "admin")):
        is_let_in = ROLES.index(role) >= ROLES.index(least)  # type: ignore[arg-type]
        assert client.get(path).status_code == (200 if is_let_in else 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/unknown"),
        ("HEAD", "/api/documents"),
        ("OPTIONS", "/api/documents"),
        ("PUT", "/api/documents"),
        ("GET", "/api/documents/"),
        ("GET", "//api/documents"),
        ("GET", "/API/documents"),
        ("GET", "/page/../api/documents"),
        ("GET", "/page/x/../../api/documents"),
        ("GET", "/mcp"),
    ],
)
def test_what_is_in_no_list_is_there_for_nobody(site: Public, method: str, path: str) -> None:
    assert site.browser().request(method, PUBLIC + path).status_code in (401, 404)
    reply = site.program("admin").request(method, PUBLIC + path)
    assert reply.status_code in (200, 404)
    assert reply.status_code == 404 or ".." in path or path.startswith("//")


def test_health_tells_a_stranger_nothing_of_the_store(site: Public) -> None:
    assert site.browser().get("/api/health").json() == {"status": "ok"}
    assert site.browser("reader").get("/api/health").json()["documents"] == 1


def test_the_doors_of_programs_are_closed_in_their_own_words(site: Public) -> None:
    stranger, program = site.browser(), site.program("reader")
    reply = stranger.get("/v1/models")
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert program.get("/v1/models").status_code == 200
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    assert stranger.post("/mcp", json=CALL, headers=headers).status_code == 401
    assert program.post("/mcp", json=CALL, headers=headers).status_code != 401


def test_the_queue_of_the_page_is_closed(site: Public) -> None:
    stranger = site.browser()
    assert stranger.post("/gradio_api/queue/join", json={}).status_code == 401
    assert stranger.get("/gradio_api/queue/data?session_hash=a1").status_code == 401


# -- logging in ----------------------------------------------------------------------------------------------


def test_a_browser_is_led_to_the_login_and_back(site: Public) -> None:
    stranger = site.browser(headers={"Accept": "text/html", "Origin": PUBLIC})
    assert stranger.get("/").headers["location"] == "/login"
    [document] = site.assistant.list()
    reply = stranger.get(f"/source/{document.id}?start=1&end=9")
    assert reply.status_code == 303
    place = reply.headers["location"]
    assert f'action="{place.replace("&", "&amp;")}"' in stranger.get(place).text
    reply = stranger.post(place, data={"name": "reader", "password": password("reader")})
    assert (reply.status_code, reply.headers["location"]) == (303, f"/source/{document.id}?start=1&end=9")
    assert "95 seconds" in stranger.get(reply.headers["location"]).text


@pytest.mark.parametrize(
    "wish",
    [
        "https://evil.example/",
        "//evil.example/source/",
        "/\\evil.example",
        "/source/\\..\\evil",
        "javascript:alert(1)",
        "/source/\n",
        "/logout",
        "/api/documents",
        "http://[",
    ],
)
def test_nobody_is_led_elsewhere(site: Public, wish: str) -> None:
    sent = {"name": "reader", "password": password("reader")}
    reply = site.browser().post("/login", params={"next": wish}, data=sent)
    assert reply.headers["location"] == "/"


def test_the_cookie_is_for_no_script_no_other_site_and_not_for_ever(site: Public) -> None:
    cookie = enter(site.browser(), "reader", password("reader")).headers["set-cookie"]
    assert re.fullmatch(r"cited-session=[0-9a-f]{64}; HttpOnly; Max-Age=604800; Path=/; SameSite=lax", cookie)


def test_by_https_the_cookie_is_of_this_host_alone(site: Public, settings: Settings) -> None:
    url = "https://docs.example.org"
    with Assistant.open(replace(settings, public_url=url)) as assistant:
        keys = site.keys(url)
        client = TestClient(server.app(assistant, keys=keys), url, follow_redirects=False)
        reply = enter(client, "reader", password("reader"), headers={"Origin": url})
        assert reply.headers["set-cookie"].startswith("__Host-cited-session=")
        assert "; Secure" in reply.headers["set-cookie"]
        assert client.get("/api/documents").status_code == 200


@pytest.mark.parametrize("name", ["reader", "nobody", "", "\x00", "reader' --"])
def test_what_is_wrong_is_told_alike_for_all_names(site: Public, name: str) -> None:
    reply = enter(site.browser(), name, "not the password")
    assert reply.status_code == 401
    assert "The name or the password is wrong." in reply.text
    assert "set-cookie" not in reply.headers
    known = enter(site.browser(), "admin", "not the password")
    assert (known.text, known.headers.keys()) == (reply.text, reply.headers.keys())


def test_wrong_tries_wait_and_are_told_for_how_long(site: Public) -> None:
    site.people.add("lee", "reader", password("lee"))
    client = site.browser(client=("198.51.100.1", 5000))
    statuses = [enter(client, "lee", f"guess {number}").status_code for number in range(12)]
    assert statuses[:5] == [401] * 5
    assert set(statuses[6:]) == {429}
    reply = enter(client, "lee", password("lee"))
    assert reply.status_code == 429
    assert int(reply.headers["retry-after"]) >= 1
    assert "too many wrong tries" in reply.text
    assert enter(site.browser(client=("198.51.100.2", 5000)), "lee", password("lee")).status_code == 303


def test_behind_a_proxy_the_address_that_it_tells_last_counts(site: Public, settings: Settings) -> None:
    url = "https://docs.example.org"
    site.people.add("max", "reader", password("max"))
    with Assistant.open(replace(settings, public_url=url)) as assistant:
        keys = site.keys(url)
        client = TestClient(
            server.app(assistant, keys=keys), url, follow_redirects=False, client=("127.0.0.1", 1)
        )

        def tried(forwarded: str, secret: str) -> int:
            headers = {"Origin": url, "X-Forwarded-For": forwarded}
            return enter(client, "max", secret, headers=headers).status_code

        # What the visitor made up comes first.
        statuses = [tried(f"10.0.0.{number}, 198.51.100.3", "wrong") for number in range(9)]
        assert statuses[-1] == 429
        assert tried("198.51.100.3", password("max")) == 429
        assert tried("198.51.100.4", password("max")) == 303


def test_without_a_proxy_no_forwarded_address_counts(site: Public) -> None:
    site.people.add("ida", "reader", password("ida"))
    client = site.browser(client=("198.51.100.5", 1))
    statuses = [
        enter(
            client, "ida", "wrong", headers={"Origin": PUBLIC, "X-Forwarded-For": f"10.0.0.{n}"}
        ).status_code
        for n in range(9)
    ]
    assert statuses[-1] == 429


@pytest.mark.parametrize("body", [b"", b"name=a", b"&" * 100, b"\xff\xfe", b"name=" + b"a" * 20_000])
def test_a_malformed_form_logs_nobody_in(site: Public, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": PUBLIC}
    client = site.browser(client=(f"198.51.101.{len(body) % 250}", 1))
    assert client.post("/login", content=body, headers=headers).status_code == 401


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_login_page_speaks_the_language_of_the_browser(site: Public, language: str) -> None:
    told = site.browser().get("/login", headers={"Accept-Language": language})
    say = wording(language)
    assert f'lang="{language}" dir="{say.direction}"' in told.text
    assert f"<h1>{say('login.heading')}</h1>" in told.text
    assert "{" not in told.text
    policy = told.headers["content-security-policy"]
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    # Without it, browsers would send no origin with the form.
    assert told.headers["referrer-policy"] == "same-origin"


def test_the_files_of_the_login_page_are_there_for_a_stranger(site: Public) -> None:
    stranger = site.browser()
    files = re.findall(r'(?:src|href)="(/page/[^"]+)"', stranger.get("/login").text)
    assert len(files) == 4
    assert {stranger.get(path).status_code for path in files} == {200}


# -- sessions and tokens -------------------------------------------------------------------------------------


def test_a_session_that_was_planted_is_not_taken_over(site: Public) -> None:
    planted, client = "0" * 64, site.browser()
    client.cookies.set("cited-session", planted, domain=HOST)
    enter(client, "reader", password("reader"))
    assert client.cookies.get("cited-session", domain=HOST) != planted
    thief = site.browser()
    thief.cookies.set("cited-session", planted)
    assert thief.get("/api/documents").status_code == 401


def test_each_login_has_a_session_of_its_own_and_ends_that_before(site: Public) -> None:
    client = site.browser("reader")
    first = client.cookies["cited-session"]
    enter(client, "reader", password("reader"))
    assert client.cookies["cited-session"] != first
    other = site.browser()
    other.cookies.set("cited-session", first)
    assert other.get("/api/documents").status_code == 401


def test_logging_out_ends_the_session_not_the_cookie_alone(site: Public) -> None:
    client = site.browser("reader")
    kept = client.cookies["cited-session"]
    assert client.post("/logout").status_code == 200
    assert "cited-session" not in client.cookies
    client.cookies.set("cited-session", kept)
    assert client.get("/api/documents").status_code == 401


def test_a_token_that_was_revoked_is_taken_no_more(site: Public) -> None:
    made = site.people.make_token("reader", "reader", 1)
    client = site.browser(headers={"Authorization": f"Bearer {made['token']}"})
    assert client.get("/api/documents").status_code == 200
    site.people.revoke(made["id"])
    assert client.get("/api/documents").status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "bearer x", "Basic cmVhZGVyOng=", "Bearer \xff", f"Basic {OWNER}", OWNER]
)
def test_what_is_no_token_lets_nobody_in(site: Public, header: str) -> None:
    headers = {"Authorization": header.encode("latin-1")}
    assert site.browser().get("/api/documents", headers=headers).status_code == 401


def test_a_wrong_token_does_not_fall_back_to_the_cookie(site: Public) -> None:
    client = site.browser("admin")
    assert client.get("/api/documents", headers={"Authorization": "Bearer x"}).status_code == 401


def test_whoever_has_the_home_folder_may_do_everything(site: Public) -> None:
    client = site.browser(headers={"Authorization": f"Bearer {OWNER}"})
    assert client.get("/api/users").status_code == 200


def test_an_empty_key_is_nobodys(settings: Settings) -> None:
    with Assistant.open(settings) as assistant:
        client = TestClient(server.app(assistant, HOST), PUBLIC)
        for header in ("Bearer", "Bearer ", ""):
            assert client.get("/api/users", headers={"Authorization": header}).status_code == 401


# -- requests of other sites ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"http://{HOST}:8000", "http://localhost:7860"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/login"), ("POST", "/logout"), ("POST", "/api/ask"), ("POST", "/gradio_api/queue/join")],
)
def test_a_page_of_another_site_can_do_nothing_in_the_name_of_a_visitor(
    site: Public, origin: str, method: str, path: str
) -> None:
    client = site.browser("admin")
    assert client.request(method, path, headers={"Origin": origin}).status_code == 403
    assert client.get("/api/documents").status_code == 200


@pytest.mark.parametrize("path", ["/api/ask", "/api/documents?source=a.md", "/login", "/logout"])
def test_a_browser_that_does_not_say_where_a_change_comes_from_is_refused(site: Public, path: str) -> None:
    client = site.browser("admin")
    del client.headers["origin"]
    assert client.post(path, json={"question": "How fast?"}).status_code == 403
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert client.post(path, json={"question": "How fast?"}, headers=headers).status_code != 403


def test_a_program_needs_no_origin(site: Public) -> None:
    client = site.program("reader")
    assert "origin" not in client.headers
    assert client.post("/api/ask", json={"question": "How fast?"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.11", f"{HOST}.evil.example", ""])
@pytest.mark.parametrize("path", ["/login", "/api/health", "/api/documents", "/"])
def test_a_forged_host_is_refused_before_anything_else(site: Public, host: str, path: str) -> None:
    assert site.browser("admin").get(path, headers={"Host": host}).status_code == 421


# -- where a login is demanded -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "url", "is_demanded"),
    [
        ("127.0.0.1", None, False),
        ("localhost", None, False),
        ("::1", None, False),
        ("127.0.0.1", "http://127.0.0.1:9000", False),
        ("127.0.0.1", "http://localhost", False),
        ("0.0.0.0", None, True),
        ("192.0.2.10", None, True),
        ("", None, True),
        ("127.0.0.1", "https://docs.example.org", True),
        ("0.0.0.0", "http://127.0.0.1:9000", True),
    ],
)
def test_a_login_is_demanded_where_others_reach_the_server(
    host: str, url: str | None, is_demanded: bool
) -> None:
    assert server.is_reached(host, url) is is_demanded


def test_on_loopback_there_is_no_login_even_with_users(site: Public, settings: Settings) -> None:
    with Assistant.open(settings) as assistant:
        client = TestClient(server.app(assistant, keys=site.keys()), "http://127.0.0.1:7860")
        assert client.get("/api/documents").json() == []
        for method, path in (("GET", "/login"), ("POST", "/login"), ("POST", "/logout")):
            assert client.request(method, path).status_code == 404


def test_on_loopback_users_are_managed_by_who_has_the_home_folder(site: Public, settings: Settings) -> None:
    with Assistant.open(settings) as assistant:
        client = TestClient(server.app(assistant, keys=site.keys()), "http://127.0.0.1:7860")
        assert client.get("/api/users").status_code == 403
        added = {"name": "eve", "role": "admin", "password": password("eve")}
        assert client.post("/api/users", json=added).status_code == 403
        owner = {"Authorization": f"Bearer {OWNER}"}
        assert client.get("/api/users", headers=owner).status_code == 200


def test_others_are_not_served_while_nobody_could_log_in(settings: Settings) -> None:
    given = replace(settings, public_url="https://docs.example.org")
    with Assistant.open(given) as assistant, pytest.raises(ConfigError, match="assistant users add"):
        server.serve(assistant, port=0)


def test_a_malformed_setting_is_told_at_the_start(settings: Settings) -> None:
    with Assistant.open(replace(settings, users="kim:reader:secret")) as assistant:
        with pytest.raises(AccountError, match="ASSISTANT_USERS"):
            server.app(assistant)
        assert Accounts(assistant.library.ledger.engine).listed() == []


# -- managing ------------------------------------------------------------------------------------------------


def test_an_admin_manages_users_in_the_api(site: Public) -> None:
    admin = site.browser("admin")
    added = {"name": "Ann", "role": "reader", "password": password("ann")}
    assert admin.post("/api/users", json=added).json()["name"] == "ann"
    assert admin.post("/api/users", json=added).status_code == 422
    ann = site.browser("ann")
    made = admin.post("/api/users/ann/tokens", json={"role": "admin", "days": 3}).json()
    assert made["role"] == "reader"
    assert [each["id"] for each in admin.get("/api/users/ann/tokens").json()] == [made["id"]]
    assert admin.delete(f"/api/tokens/{made['id']}").json() == {"revoked": made["id"]}
    changed = {"password": "another password of ann"}
    assert admin.put("/api/users/ann/password", json=changed).status_code == 200
    assert ann.get("/api/documents").status_code == 401
    assert admin.delete("/api/users/ann").json()["name"] == "ann"
    assert admin.delete("/api/users/ann").status_code == 404
    assert all("argon2" not in str(user) for user in admin.get("/api/users").json())


def test_the_model_is_chosen_by_admins_and_its_address_told_to_them(site: Public) -> None:
    assert site.browser("reader").get("/api/model").json()["changeable"] is False
    assert site.browser("admin").get("/api/model").json()["changeable"] is True
    chosen = {"url": "", "name": "", "key": ""}
    assert site.browser("admin").put("/api/model", json=chosen).status_code == 200


def test_the_widget_leads_to_the_login(settings: Settings, site: Public) -> None:
    given = replace(settings, widget_origins=("https://www.example.org",))
    with Assistant.open(given) as assistant:
        client = TestClient(server.app(assistant, HOST, keys=site.keys()), PUBLIC)
        reply = client.get("/widget")
        assert reply.status_code == 401
        assert 'href="/login"' in reply.text
        assert "frame-ancestors https://www.example.org" in reply.headers["content-security-policy"]
        assert client.get("/widget.js").status_code == 401
        assert client.get("/widget/frame.js").status_code == 401
