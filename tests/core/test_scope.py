"""A part of the corpus by documents, places and dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import QuestionError
from assistant.core.scope import WHOLE, Scope, form, parse
from assistant.core.types import DocumentInfo


def entry(
    ident: str, *names: str, date: str | None = None, added: str = "2026-11-29", tags: tuple[str, ...] = ()
) -> DocumentInfo:
    return DocumentInfo(ident, ident, names[0], "text/plain", 1, 10, added, names, date=date, tags=tags)


ENTRIES = [
    entry("a", "notes/spring.md", date="2023-05-01"),
    entry("b", "/home/ana/notes/deep/autumn.md", "b.md", date="12 October 2024", tags=("Garden", "home")),
    entry("c", "https://example.org/notes-of-others", date="2024"),
    entry("d", "mail\\d.eml", tags=("home",)),
]


@pytest.mark.parametrize(
    ("scope", "chosen"),
    [
        (WHOLE, "abcd"),
        (Scope(within=("notes/",)), "ab"),
        (Scope(within=("notes/deep", "example.org")), "bc"),
        (Scope(within=("b.md",)), "b"),
        (Scope(within=("mail",)), "d"),
        (Scope(since="2024"), "bcd"),
        (Scope(since="2026-11"), "d"),
        (Scope(documents=("a",), within=("mail",)), "ad"),
        (Scope(documents=("a", "b"), since="2024"), "b"),
        (Scope(tags=("home",)), "bd"),
        (Scope(tags=("garden", "kitchen")), "b"),
        (Scope(within=("mail", "notes"), since="2024", tags=("home",)), "bd"),
    ],
)
def test_a_scope_has_the_documents_of_its_places_and_its_time(scope: Scope, chosen: str) -> None:
    assert "".join(scope.chosen(ENTRIES)) == chosen


@pytest.mark.parametrize("scope", [Scope(within=("note",)), Scope(within=("/",)), Scope(since="2027")])
def test_a_scope_without_documents_says_so(scope: Scope) -> None:
    with pytest.raises(QuestionError, match="No document is"):
        scope.chosen(ENTRIES)


@pytest.mark.parametrize("since", ["24", "2024-5", "last year", "2024-05-17T10:00"])
def test_a_date_of_another_form_is_refused(since: str) -> None:
    with pytest.raises(QuestionError, match="a year, a month or a day"):
        Scope(since=since)


NAMES = st.lists(st.text(min_size=1, max_size=20), max_size=3).map(tuple)


@given(NAMES, NAMES, st.sampled_from(["", "2024", "2024-05"]), NAMES)
def test_what_is_sent_is_what_is_read(
    documents: tuple[str, ...], within: tuple[str, ...], since: str, tags: tuple[str, ...]
) -> None:
    scope = Scope(documents, within, since, tags)
    assert parse(form(scope)) == scope


@pytest.mark.parametrize(
    "data", [{"documents": None}, {"in": [""]}, {"in": [{"path": "x"}]}, {"since": 2024}, {"tags": "a"}]
)
def test_another_form_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(QuestionError):
        parse(data)
