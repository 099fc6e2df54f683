"""The errors that are reported to people, in one tree below `AssistantError`.

Each message is short and says what to do.
"""

from __future__ import annotations

import math

FAULT = "Something went wrong inside the assistant. Its log has the details."
"""The message for any other exception."""


class AssistantError(Exception):
    """The root of the tree. `message` is for people; `retryable` if the same call may succeed later."""

    retryable = False

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if retryable is not None:
            self.retryable = retryable


class ConfigError(AssistantError):
    """A setting is unknown, missing or malformed."""


class ReadError(AssistantError):
    """A document cannot be read: damaged, empty, of an unknown format, or too large."""


class FetchError(AssistantError):
    """An address is refused or does not answer."""


class EmbedderError(AssistantError):
    """The embedding model is missing, or is not the one that made the stored vectors."""


class ModelError(AssistantError):
    """The language model cannot be reached or fails. `wait` is its Retry-After, in seconds."""

    wait: float | None = None


class ReplyCut(ModelError):
    """The model's reply was cut for its length; what it had finished may still be used."""


class PromptTooLong(ModelError):
    """The model cannot read so much at once; less may do."""


class Withdrawn(AssistantError):
    """The caller has left before the answer."""

    def __init__(self) -> None:
        super().__init__("The question was withdrawn. Ask it again.", retryable=True)


class QuestionError(AssistantError):
    """A question is empty or too long."""


class SyncError(AssistantError):
    """A folder cannot be synchronised: it is missing, or suddenly empty."""

    retryable = True


class StoreError(AssistantError):
    """The home folder cannot be used: locked by another process, full, or not writable."""


class StoreBusy(StoreError):
    """Another process owns the store."""

    retryable = True


class StoreUnreachable(AssistantError):
    """A server that holds part of the store does not answer, or refuses: nothing of the store is damaged."""

    retryable = True


class LedgerError(StoreError):
    """The ledger is damaged, missing, or older than its originals."""

    @classmethod
    def of(cls, fault: str) -> LedgerError:
        """Return the error for a fault of the ledger."""
        return cls(
            f"The ledger cannot be used ({fault}). The originals are untouched: stop the server and run "
            "`assistant check --repair` to rebuild the ledger from them."
        )


class AccountError(AssistantError):
    """A name, a password or a role is refused where users are managed."""


class LoginError(AssistantError):
    """Nobody is logged in by this. `wait` is the seconds until another try is looked at, 0 for any time."""

    wait = 0.0

    @classmethod
    def after(cls, wait: float) -> LoginError:
        """Return the error for too many wrong tries."""
        fault = cls(f"There were too many wrong tries. Try again in {math.ceil(wait)} s.", retryable=True)
        fault.wait = wait
        return fault


class NotFound(AssistantError):
    """No document, conversation or file has this name."""
