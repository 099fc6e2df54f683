"""Passwords: which are taken, and their hashes by argon2id."""

from __future__ import annotations

import functools
import threading
import unicodedata
from typing import TYPE_CHECKING

from assistant.core.errors import AccountError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 12, 1_000
"""Characters of a password."""
AT_ONCE = 2
"""Hashes made concurrently: each takes 64 MiB."""
_hashing = threading.BoundedSemaphore(AT_ONCE)


def require_good(password: str, name: str) -> None:
    """Check that a password may be chosen.

    Raises:
        AccountError: it is too short or too long, or repeats the name or one character.
    """
    if not LEAST <= len(password) <= MOST:
        raise AccountError(f"A password has {LEAST} to {MOST:,} characters; choose some words, for example.")
    if len(set(password)) == 1 or (name and password.casefold() == (name * MOST)[: len(password)]):
        raise AccountError("This password is the name, or one character, over and over; choose another.")


class Passwords:
    """Hashes of passwords. By default with the parameters of RFC 9106 for little memory."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._given = hasher

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and its parameters, in the form of PHC."""
        with _hashing:
            return self._hasher.hash(_bytes(password))

    def fits(self, known: str | None, password: str) -> bool:
        """Return True if a hash is that of a password. Without one, it takes as long to return False."""
        from argon2.exceptions import InvalidHashError, VerificationError

        with _hashing:
            try:
                return self._hasher.verify(known or self._nobodys, _bytes(password)) and bool(known)
            except (InvalidHashError, VerificationError):
                return False

    def prepare(self) -> None:
        """Hash what unknown names are compared with, so that the first of them takes no longer."""
        self.fits(None, "")

    def is_outdated(self, known: str) -> bool:
        """Return True if a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(known)

    @functools.cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return self._given or PasswordHasher()

    @functools.cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(b"nobody")


def require_hash(text: str) -> None:
    """Check that a text is a hash by argon2id.

    Raises:
        AccountError: it is not.
    """
    from argon2 import Type, extract_parameters
    from argon2.exceptions import InvalidHashError

    try:
        is_known = extract_parameters(text).type is Type.ID
    except InvalidHashError:
        is_known = False
    if not is_known:
        raise AccountError("This is no hash by argon2id; make one with: assistant users hash NAME")


def _bytes(password: str) -> bytes:
    """Return a password as one sequence of bytes, however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
