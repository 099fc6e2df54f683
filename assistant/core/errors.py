"""Everything that can go wrong and be told to a person.

    AssistantError
    ├── ConfigError         a setting is unknown, missing or malformed
    ├── ReadError           a document cannot be read: damaged, empty, of an unknown kind, too large
    ├── FetchError          an address is refused or does not answer
    ├── EmbedderError       the embedding model is absent, or does not fit the stored vectors
    ├── ModelError          the language model cannot be reached or fails; `retryable` says if it may pass
    ├── Withdrawn           nobody waits for the answer any more
    ├── QuestionError       a question is empty or too long
    ├── SyncError           a folder cannot be followed: it is gone, or suddenly empty
    ├── StoreError          the home folder cannot be used: held by another process, full, unwritable
    │   ├── StoreBusy       another process owns the store
    │   └── LedgerError     the ledger is damaged, missing, or older than its originals
    └── NotFound            no document, conversation or file of that name

The message of each is one sentence that says what to do.
"""

from __future__ import annotations

FAULT = "Something went wrong inside the assistant; its log says what."
"""What a person is told where none of these errors says it."""


class AssistantError(Exception):
    """The root. `message` is for a person; `retryable` says whether the same call may succeed later."""

    retryable = False

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if retryable is not None:
            self.retryable = retryable


class ConfigError(AssistantError):
    """A setting is unknown, missing or malformed."""


class ReadError(AssistantError):
    """A document cannot be read."""


class FetchError(AssistantError):
    """An address is refused or does not answer."""


class EmbedderError(AssistantError):
    """The embedding model is absent, or is not the one that made the stored vectors."""


class ModelError(AssistantError):
    """The language model cannot be reached or fails. `wait` is how many seconds it wants to be left alone."""

    wait: float | None = None


class Withdrawn(AssistantError):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__("The question was withdrawn; ask it again.", retryable=True)


class QuestionError(AssistantError):
    """A question is empty or too long."""


class SyncError(AssistantError):
    """A folder cannot be followed."""

    retryable = True


class StoreError(AssistantError):
    """The home folder cannot be used."""


class StoreBusy(StoreError):
    """Another process owns the store."""

    retryable = True


class LedgerError(StoreError):
    """The ledger is damaged, missing, or older than its originals."""

    @classmethod
    def of(cls, fault: str) -> LedgerError:
        """The sentence around what is wrong with it."""
        return cls(
            f"The ledger cannot be relied on ({fault}); no original was touched, and with no server running "
            "`assistant check --repair` makes the ledger anew from them."
        )


class NotFound(AssistantError):
    """No document, conversation or file of that name."""
