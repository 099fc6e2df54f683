"""How much one request may bring: the same for the page, the API and the command line."""

from __future__ import annotations

from assistant.core.errors import QuestionError

MAX_QUESTION = 4_000
"""Characters of a question."""
MAX_CONVERSATION = 200
"""Characters of a conversation's name."""
MAX_DOCUMENTS = 1_000
"""Documents that one question is restricted to."""
MAX_SOURCE = 4_000
"""Characters of a document's name."""
MAX_SENT = 20_000
"""Characters of a question that the page may send: one that is too long is answered with a sentence."""
MAX_HEADERS = 65_536
"""Bytes of a request's line and headers together."""
MAX_FIELDS = 100
"""Headers of a request."""
MAX_BODY = 1_000_000
"""Bytes of a request's body, other than a document's."""
MAX_EVENTS = 8
"""Events of one page whose results it has not fetched yet."""


def conversation(name: str) -> str:
    """The name of a conversation, as it is.

    Raises:
        QuestionError: it is too long, or holds half of a surrogate pair, which two names could share.
    """
    if len(name) > MAX_CONVERSATION:
        raise QuestionError(
            f"The conversation's name has {len(name):,} characters; shorten it to {MAX_CONVERSATION}."
        )
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise QuestionError("The conversation's name holds half of a character; choose another name.")
    return name
