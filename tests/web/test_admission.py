"""Only requests that the page makes are passed to Gradio."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hostile.door import shapes
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import QuestionError
from assistant.core.limits import MAX_EVENTS, MAX_SENT
from assistant.web import admission
from assistant.web.admission import Admission, Event

NAME = "b1f91bf161abf7b9b9d61dc819a45793"
CONVERSATION = admission.SHAPES["conversation"]
KNOWN = {
    0: Event((admission.TEXT, CONVERSATION, admission.TEXT), frozenset({12, 13})),
    2: Event((CONVERSATION,), frozenset({7})),
    8: Event((CONVERSATION,), frozenset({0})),
}
ADMITTED = Admission(KNOWN, {"crowded": ["an id"] * MAX_EVENTS})
OPENING = {"data": [NAME], "fn_index": 8, "trigger_id": 0, "session_hash": "tv89r93nz3g"}
FOLLOWING = {"data": [NAME], "fn_index": 2, "trigger_id": 7, "session_hash": "tv89r93nz3g"}
ASKING = {"data": ["How fast?", NAME, ""], "fn_index": 0, "trigger_id": 12, "session_hash": "tv89r93nz3g"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def rewritten(sent: Any) -> Any:
    return json.loads(ADMITTED.rewritten(json.dumps(sent).encode()))


@pytest.mark.parametrize(
    "sent", [OPENING, FOLLOWING, OPENING | {"event_data": None}, ASKING, ASKING | {"trigger_id": 13}]
)
def test_what_the_page_sends_is_let_through(sent: dict[str, Any]) -> None:
    assert rewritten(sent) == {key: value for key, value in sent.items() if key != "event_data"}


@pytest.mark.parametrize("shape", shapes("/etc/passwd"))
def test_no_body_that_names_a_file_is_let_through(shape: str) -> None:
    with pytest.raises(QuestionError):
        ADMITTED.rewritten(shapes("/etc/passwd")[shape])


@given(st.sampled_from(sorted(ASKING)), JSON)
def test_whatever_is_let_through_holds_strings_alone(key: str, value: object) -> None:
    try:
        kept = rewritten(ASKING | {key: value})
    except QuestionError:
        return
    assert kept.keys() == ASKING.keys()
    assert all(isinstance(text, str) for text in [*kept["data"], kept["session_hash"]])
    assert type(kept["fn_index"]) is int


@pytest.mark.parametrize(
    "changed",
    [
        {"data": ["How?", "x" * 201, ""]},
        {"data": ["How?", "trip", ""]},
        {"data": ["How?", NAME[:-1] + "\ud83d", ""]},
        {"data": ["How?", NAME + "\n", ""]},
        {"data": ["x" * (MAX_SENT + 1), NAME, ""]},
        {"data": ["How?", NAME, "x" * (MAX_SENT + 1)]},
        {"data": ["How?", NAME]},
        {"session_hash": "x" * 33},
        {"session_hash": "../a"},
        {"session_hash": "crowded"},
        {"trigger_id": 0},
        {"fn_index": 1},
        {"fn_index": False},
    ],
)
def test_other_lengths_and_names_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(QuestionError):
        rewritten(ASKING | changed)


@pytest.mark.parametrize("data", [["trip"], [NAME, NAME], [{"path": "/etc/passwd"}], [""], NAME])
def test_following_takes_the_name_of_a_conversation_alone(data: object) -> None:
    with pytest.raises(QuestionError):
        rewritten(FOLLOWING | {"data": data})


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"fn_index": ' + b"9" * 9_000 + b"}"]
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(QuestionError):
        ADMITTED.rewritten(body)


def test_half_a_character_of_a_question_is_replaced() -> None:
    assert rewritten(ASKING | {"data": ["kettle \ud83d", NAME, ""]})["data"][0] == "kettle ?"


@pytest.mark.parametrize(
    ("method", "path", "query", "is_read"),
    [
        ("GET", "/", b"any=thing", True),
        ("GET", "/theme.css", b"v=0a1b", True),
        ("GET", "/theme.css", b"v=../a", False),
        ("GET", "/assets/index-BBwd.js", b"", True),
        ("GET", "/static/fonts/Source-Sans/a.woff2", b"", True),
        ("GET", "/static/../config", b"", False),
        ("GET", "/static/.hidden", b"", False),
        ("GET", "/assets/", b"", False),
        ("GET", "/gradio_api/queue/data", b"session_hash=a1", True),
        ("GET", "/gradio_api/queue/data", b"session_hash=a1&x=y", False),
        ("GET", "/gradio_api/queue/status", b"", False),
        ("GET", "/gradio_api/queue/data/", b"session_hash=a1", False),
        ("HEAD", "/", b"", False),
        ("OPTIONS", "/theme.css", b"", False),
        ("GET", "/gradio_api/file=/etc/passwd", b"", False),
    ],
)
def test_only_what_the_page_reads_is_read(method: str, path: str, query: bytes, is_read: bool) -> None:
    assert admission.is_read(method, path, query) is is_read
