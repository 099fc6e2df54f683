"""Wrong tries slow down, for those who make them, and not for others."""

from __future__ import annotations

import pytest

from assistant.users import throttle
from assistant.users.throttle import Throttle, network


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def tries(time: Time) -> Throttle:
    return Throttle(time)


def test_the_first_tries_do_not_wait(tries: Throttle) -> None:
    assert {tries.begin("kim", "192.0.2.1") for _ in range(5)} == {(0.0, 0.0)}


def test_each_further_try_at_one_name_doubles_the_wait_up_to_a_minute(tries: Throttle, time: Time) -> None:
    waits = []
    for _ in range(15):
        wait, _ = tries.begin("kim", "192.0.2.1")
        if wait:
            waits.append(wait)
            time.now += wait
            assert tries.begin("kim", "192.0.2.1")[0] == 0.0
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(waits) == 60.0


def test_a_try_that_is_refused_makes_no_wait_longer(tries: Throttle, time: Time) -> None:
    for _ in range(1_000):
        tries.begin("kim", "192.0.2.1")
    time.now += 1.0
    assert tries.begin("kim", "192.0.2.1")[0] == 0.0


def test_many_names_from_one_address_wait_too(tries: Throttle) -> None:
    waits = [tries.begin(f"user{number}", "192.0.2.1")[0] for number in range(40)]
    assert waits[:21] == [0.0] * 21
    assert all(wait > 0 for wait in waits[21:])


def test_a_stranger_costs_the_owner_of_a_name_some_seconds_at_most(tries: Throttle) -> None:
    for number in range(9_000):
        tries.begin("kim", f"198.51.{number // 250}.{number % 250}")
    wait, pause = tries.begin("kim", "192.0.2.7")
    assert wait == 0.0
    assert 0 < pause <= throttle.NAME.most


def test_who_logs_in_begins_anew_but_not_the_address(tries: Throttle) -> None:
    for _ in range(5):
        tries.begin("kim", "192.0.2.1")
    tries.succeeded("kim", "192.0.2.1")
    assert tries.begin("kim", "192.0.2.1")[0] == 0.0
    # Somebody with a name of their own cannot try others in between without end.
    waits = []
    for number in range(40):
        waits.append(tries.begin(f"user{number}", "192.0.2.9")[0])
        if tries.begin("mine", "192.0.2.9")[0] == 0.0:
            tries.succeeded("mine", "192.0.2.9")
    assert waits[-1] > 0


def test_tries_are_forgotten_after_an_hour(tries: Throttle, time: Time) -> None:
    for _ in range(10):
        tries.begin("kim", "192.0.2.1")
    time.now += throttle.FORGOTTEN + 1
    assert {tries.begin("kim", "192.0.2.1") for _ in range(5)} == {(0.0, 0.0)}


def test_what_is_remembered_is_bounded(tries: Throttle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_KEPT", 100)
    for number in range(1_000):
        tries.begin(f"user{number}", f"198.51.{number // 250}.{number % 250}")
    assert len(tries) == 300


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::99"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_addresses_of_one_user_are_one(address: str, same: str) -> None:
    assert network(address) == network(same)
    assert network("192.0.2.1") != network("192.0.2.2")
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
