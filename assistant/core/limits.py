"""Limits on one request, shared by the page, the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.core.errors import QuestionError

MAX_QUESTION = 4_000
"""Characters of a question."""
MAX_CONVERSATION = 200
"""Characters of a conversation name."""
MAX_DOCUMENTS = 1_000
"""Documents that one question can be restricted to."""
MAX_SOURCE = 4_000
"""Characters of a document name."""
MAX_TAGS = 50
"""Tags that a document is given at once, or that a question is restricted to."""
MAX_TAG = 60
"""Characters of a tag."""
MAX_SENT = 20_000
"""Characters of a question that the page may send. Above `MAX_QUESTION` it gets an error message."""
MAX_HEADERS = 65_536
"""Bytes of the request line and headers together."""
MAX_FIELDS = 100
"""Headers of a request."""
MAX_BODY = 1_000_000
"""Bytes of a request body, except for uploaded documents."""
MAX_EVENTS = 8
"""Events of one page with results that it has not fetched yet."""


def tags(given: Iterable[str]) -> list[str]:
    """Return tags without spaces around them, each once.

    Raises:
        QuestionError: there are too many, or one is empty, too long or not one printable line.
    """
    found = list(dict.fromkeys(tag.strip() for tag in given))
    if len(found) > MAX_TAGS or not all(0 < len(tag) <= MAX_TAG and tag.isprintable() for tag in found):
        raise QuestionError(f"A tag is a word or a few, of {MAX_TAG} characters at most; {MAX_TAGS} at once.")
    return found


def conversation(name: str) -> str:
    """Return the name of a conversation unchanged, once it is checked.

    Raises:
        QuestionError: it is too long, or has an unpaired surrogate, which two names could share.
    """
    if len(name) > MAX_CONVERSATION:
        raise QuestionError(
            f"The conversation name has {len(name):,} characters. Shorten it to {MAX_CONVERSATION}."
        )
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise QuestionError("The conversation name has an incomplete character. Choose another name.")
    return name
