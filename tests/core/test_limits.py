"""The limits that hold for the page, the API and the command line alike."""

from __future__ import annotations

import pytest

from assistant.core import limits
from assistant.core.errors import QuestionError


@pytest.mark.parametrize("name", ["", "trip", "Gespräch 😀", "x" * limits.MAX_CONVERSATION])
def test_a_conversation_keeps_the_name_it_was_given(name: str) -> None:
    assert limits.conversation(name) == name


@pytest.mark.parametrize("name", ["x" * (limits.MAX_CONVERSATION + 1), "talk \udcff", "\ud83d"])
def test_a_name_that_is_too_long_or_no_text_is_refused(name: str) -> None:
    with pytest.raises(QuestionError, match="name"):
        limits.conversation(name)
