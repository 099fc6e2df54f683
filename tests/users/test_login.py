"""Who somebody is: passwords, sessions and tokens over the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql
from argon2 import PasswordHasher
from servers import Postgres

from assistant.core.errors import AccountError, LoginError, NotFound
from assistant.store import database
from assistant.users import accounts, tokens
from assistant.users.accounts import Entry
from assistant.users.login import Login
from assistant.users.passwords import Passwords, require_good, require_hash
from assistant.users.people import People
from assistant.users.throttle import Throttle

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "a kettle by the window"
HERE = "192.0.2.1"


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sql.Engine]:
    if request.param == "SQLite":
        url: sql.URL = database.sqlite_url(tmp_path / "ledger.db")
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.empty()
    opened = database.open_engine(url)
    yield opened
    opened.dispose()


def people_of(login: Login) -> People:
    # Nobody has conversations here.
    return People(login, 90, lambda *_: None)


@pytest.fixture
def login(engine: sql.Engine, time: Time) -> Login:
    made = Login(engine, Passwords(QUICK), Throttle(time), time)
    people_of(made).add("Kim", "editor", GOOD)
    return made


def test_the_right_password_begins_a_session(login: Login) -> None:
    visitor = login.sessions.visitor(login.enter("kim", GOOD, HERE))
    assert visitor is not None
    assert (visitor.name, visitor.role) == ("kim", "editor")


def test_a_name_is_known_in_any_case_and_a_password_however_it_is_composed(login: Login) -> None:
    people_of(login).set_password("kim", "caf\u00e9 by the window")
    assert login.enter(" KIM ", "cafe\u0301 by the window", HERE)


@pytest.mark.parametrize(("name", "password"), [("kim", "wrong"), ("nobody", GOOD), ("", ""), ("kim", "")])
def test_whatever_is_wrong_is_told_in_the_same_words(login: Login, name: str, password: str) -> None:
    with pytest.raises(LoginError, match=r"^The name or the password is wrong\.$"):
        login.enter(name, password, HERE)


def test_an_unknown_name_takes_a_hash_as_a_known_one(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, *given: hashed.append(given[0]) or verify(self, *given)
    )
    login.passwords.prepare()
    hashed.clear()
    for name in ("kim", "nobody"):
        with pytest.raises(LoginError):
            login.enter(name, "wrong", HERE)
    known, unknown = map(str, hashed)
    assert known.split("$")[:4] == unknown.split("$")[:4]


def test_of_ten_thousand_wrong_tries_none_is_let_in_and_few_are_looked_at(login: Login, time: Time) -> None:
    looked_at = 0
    for number in range(10_000):
        time.now += 0.1
        try:
            login.begin("kim", HERE)
        except LoginError:
            continue
        looked_at += 1
        with pytest.raises(LoginError):
            login.enter("kim", f"guess {number}", HERE)
    # In a thousand seconds: five at once, then at ever longer distances up to a minute.
    assert looked_at < 30
    # Whoever knows the password and asks from elsewhere waits some seconds, and is let in.
    assert login.begin("kim", "192.0.2.99") <= 4.0
    assert login.enter("kim", GOOD, "192.0.2.99")


def test_tokens_are_in_no_table(login: Login, engine: sql.Engine) -> None:
    session = login.enter("kim", GOOD, HERE)
    token = people_of(login).make_token("kim", "reader", 1)["token"]
    with engine.connect() as db:
        found = [
            str(row)
            for table in ("users", "sessions", "api_tokens")
            for row in db.execute(sql.text(f"SELECT * FROM {table}"))
        ]
    assert found
    assert not any(secret in row for secret in (session, token, GOOD) for row in found)


# -- sessions ------------------------------------------------------------------------------------------------


def test_a_session_ends_by_itself(login: Login, time: Time) -> None:
    idle, used = login.enter("kim", GOOD, HERE), login.enter("kim", GOOD, HERE)
    for _ in range(8):
        time.now += tokens.DAY * 0.9
        is_known = login.sessions.visitor(used) is not None
        assert is_known == (time.now - 1_800_000_000 < tokens.LONGEST)
    time.now = 1_800_000_000 + tokens.IDLE + 1
    assert login.sessions.visitor(idle) is None


def test_a_session_ends_with_its_end_a_new_password_and_its_user(login: Login) -> None:
    sessions = [login.enter("kim", GOOD, HERE) for _ in range(2)]
    login.sessions.end(sessions[0])
    assert [login.sessions.visitor(each) is None for each in sessions] == [True, False]
    people_of(login).set_password("kim", "another kettle by it")
    assert login.sessions.visitor(sessions[1]) is None
    last = login.enter("kim", "another kettle by it", HERE)
    people_of(login).remove("kim")
    assert login.sessions.visitor(last) is None


def test_sessions_of_a_user_are_bounded(login: Login, time: Time) -> None:
    first = login.enter("kim", GOOD, HERE)
    for _ in range(tokens.MOST_SESSIONS):
        time.now += 1
        last = login.enter("kim", GOOD, HERE)
    assert login.sessions.visitor(first) is None
    assert login.sessions.visitor(last) is not None


@pytest.mark.parametrize("token", ["", "x", "\ud800", "0" * 64, "' OR 1=1 --"])
def test_what_is_no_token_is_nobody(login: Login, token: str) -> None:
    assert login.sessions.visitor(token) is None
    assert login.tokens.visitor(token) is None


# -- tokens of programs --------------------------------------------------------------------------------------


def test_a_token_has_at_most_its_role_and_that_of_its_user(login: Login) -> None:
    people = people_of(login)
    made = {role: people.make_token("kim", role, 1)["token"] for role in ("reader", "editor", "admin")}
    found = {role: login.tokens.visitor(token) for role, token in made.items()}
    assert [visitor and visitor.role for visitor in found.values()] == ["reader", "editor", "editor"]


def test_a_token_ends_by_itself_and_when_it_is_revoked(login: Login, time: Time) -> None:
    people = people_of(login)
    short, long = (people.make_token("kim", "reader", days) for days in (1, 30))
    people.revoke(long["id"])
    assert login.tokens.visitor(long["token"]) is None
    assert login.tokens.visitor(short["token"]) is not None
    time.now += tokens.DAY
    assert login.tokens.visitor(short["token"]) is None
    with pytest.raises(NotFound):
        people.revoke("no such")


def test_a_token_goes_with_its_user(login: Login) -> None:
    token = people_of(login).make_token("kim", "reader", 1)["token"]
    people_of(login).remove("kim")
    people_of(login).add("kim", "admin", GOOD)
    assert login.tokens.visitor(token) is None
    assert people_of(login).tokens("kim") == []


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_a_token_lasts_some_days(login: Login, days: int) -> None:
    with pytest.raises(AccountError, match="days"):
        people_of(login).make_token("kim", "reader", days)


# -- accounts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a/b", "a" * 65, "\n", "kim"])
def test_a_name_is_one_word_and_given_once(login: Login, name: str) -> None:
    with pytest.raises(AccountError):
        people_of(login).add(name, "reader", GOOD)


@pytest.mark.parametrize(
    "password", ["", "short", "kimkimkimkim", "KIMKIMKIMKIMKIM", "aaaaaaaaaaaaaaa", "x" * 2_000]
)
def test_a_password_is_long_and_more_than_the_name(password: str) -> None:
    with pytest.raises(AccountError):
        require_good(password, "kim")


def test_a_role_is_one_of_three(login: Login) -> None:
    with pytest.raises(AccountError, match="reader, editor, admin"):
        people_of(login).add("lee", "owner", GOOD)


def test_a_password_is_hashed_anew_with_the_present_parameters(engine: sql.Engine, login: Login) -> None:
    stronger = Login(engine, Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)))
    session = stronger.enter("kim", GOOD, HERE)
    assert "t=2" in stronger.accounts.named("kim").password
    assert stronger.sessions.visitor(session)
    assert login.enter("kim", GOOD, HERE)


# -- the environment -----------------------------------------------------------------------------------------


def entry(name: str, password: str = GOOD, role: str = "reader") -> str:
    return f"{name}:{role}:{QUICK.hash(password)}"


def test_the_environment_names_users(login: Login) -> None:
    login.accounts.keep(
        accounts.entries(f"{entry('Lee', role='admin')}\n  {entry('kim', 'a third kettle here')} ")
    )
    assert [(each["name"], each["role"], each["is_fixed"]) for each in people_of(login).listed()] == [
        ("kim", "reader", True),
        ("lee", "admin", True),
    ]
    assert login.enter("kim", "a third kettle here", HERE)
    with pytest.raises(AccountError, match="change it there"):
        people_of(login).set_password("kim", GOOD)
    with pytest.raises(AccountError, match="change it there"):
        people_of(login).remove("kim")


def test_whom_the_environment_names_no_longer_cannot_log_in(login: Login) -> None:
    login.accounts.keep(accounts.entries(entry("lee")))
    session = login.enter("lee", GOOD, HERE)
    token = people_of(login).make_token("lee", "reader", 9)["token"]
    login.accounts.keep([])
    assert login.sessions.visitor(session) is None
    assert login.tokens.visitor(token) is None
    with pytest.raises(LoginError):
        login.enter("lee", GOOD, HERE)
    assert login.accounts.has_any()
    people_of(login).remove("lee")


def test_the_same_entries_end_no_session(login: Login) -> None:
    named = accounts.entries(entry("lee"))
    login.accounts.keep(named)
    session = login.enter("lee", GOOD, HERE)
    login.accounts.keep(named)
    assert login.sessions.visitor(session) is not None
    login.accounts.keep([Entry("lee", "admin", named[0].password)])
    visitor = login.sessions.visitor(session)
    assert visitor is not None
    assert visitor.role == "admin"


@pytest.mark.parametrize(
    "text",
    [
        "kim",
        "kim:reader",
        "kim:reader:",
        "kim:reader:plain words",
        f"kim:owner:{QUICK.hash(GOOD)}",
        f":reader:{QUICK.hash(GOOD)}",
    ],
)
def test_an_entry_that_is_none_is_told_without_what_is_in_it(text: str) -> None:
    with pytest.raises(AccountError, match=r"Entry 1 of ASSISTANT_USERS") as told:
        accounts.entries(text)
    assert "plain" not in told.value.message
    assert "argon2id$" not in told.value.message


def test_other_hashes_are_refused() -> None:
    require_hash(QUICK.hash(GOOD))
    for text in (
        "",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA",
        "$argon2id$x",
    ):
        with pytest.raises(AccountError):
            require_hash(text)


def test_users_of_a_damaged_ledger_are_taken_over(tmp_path: Path, login: Login) -> None:
    account = login.accounts.named("kim")
    row = (account.id, account.name, account.role, account.password, account.added, account.is_fixed)
    other = Login(database.open_engine(database.sqlite_url(tmp_path / "new.db")), Passwords(QUICK))
    accounts.import_users(other.engine, [row, (None, "x", "reader", "", "", 0)])
    assert other.accounts.listed() == [account]
    other.engine.dispose()
