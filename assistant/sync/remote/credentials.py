"""Names and passwords for servers: from the settings, or from the keyring of the system."""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass, field
from typing import Any

from assistant.core.config import NAME
from assistant.core.endpoint import is_loopback
from assistant.core.errors import SyncError
from assistant.sync.remote.addresses import Address

WHERE = "set ASSISTANT_SYNC_USER and ASSISTANT_SYNC_PASSWORD"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, which no message shows."""

    user: str
    password: str = field(repr=False)


def credentials_for(address: Address, *, is_secure: bool) -> Credentials | None:
    """Return the credentials for the host of an address; None if there are none.

    Raises:
        SyncError: they would be sent unencrypted to another machine.
    """
    found = _configured(address) or _from_keyring(address)
    if found and not is_secure and not is_loopback(address.host):
        raise SyncError(
            f"The password would go to {address.host} unencrypted; use an address with encryption.",
            retryable=False,
        )
    return found


def refused(host: str) -> SyncError:
    """Return the error for credentials that a server does not take, or asks for."""
    return SyncError(
        f"{host} does not let this user in; {WHERE} to a name and a password that it takes.", retryable=False
    )


def _configured(address: Address) -> Credentials | None:
    user, password = address.user or address.settings.sync_user or "", address.settings.sync_password
    return Credentials(user, password) if password else None


def _from_keyring(address: Address) -> Credentials | None:
    """Return what the keyring has for the service `cited-assistant:HOST`."""
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        return None
    # A keyring that is locked or broken is as good as none.
    with contextlib.suppress(Exception):
        user = address.user or address.settings.sync_user
        found = keyring.get_credential(f"{NAME}:{address.host}", user)
        if found and found.password:
            return Credentials(found.username or user or "", found.password)
    return None
