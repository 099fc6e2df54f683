"""A mail server: as much of IMAP (RFC 3501) as looking into a folder takes."""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from place import PASSWORD, USER, WRONG, Breaking

MAIL = """From: Ola <ola@example.org>
To: Kim <kim@example.org>
Subject: {title}
Date: Mon, 2 Feb 2026 09:00:00 +0000
Message-ID: <{uid}@example.org>

{text}
"""


class MailPlace(Breaking):
    """A mailbox with one folder, INBOX."""

    environment: ClassVar[dict[str, str]] = {"ASSISTANT_SYNC_PASSWORD": PASSWORD}
    wrong: ClassVar[dict[str, str]] = {"ASSISTANT_SYNC_PASSWORD": WRONG}
    forgets = True
    renames = True

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self.validity = 77
        self.mails: dict[int, bytes] = {}
        self.uids: dict[str, int] = {}
        self.commands: list[str] = []
        self.flags: dict[int, str] = {}
        self.plain = True
        """True if it knows another way to log in than the oldest."""
        self.folder = "INBOX"
        self.scheme = "imap"
        self.tls: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        return f"{self.scheme}://{USER}@127.0.0.1:{self.port}/INBOX"

    def name(self, path: str) -> str:
        return f"{self.address};uid={self.uids[path]}"

    def put(self, path: str, text: str) -> None:
        """A mail never changes; a changed one is written anew, as programs do with drafts."""
        uid = max([0, *self.mails, *self.uids.values()]) + 1
        if path in self.uids:
            self.mails.pop(self.uids[path], None)
        self.uids[path] = uid
        title, _, rest = text.removeprefix("# ").partition("\n")
        self.mails[uid] = MAIL.format(title=title, text=rest.strip(), uid=uid).replace("\n", "\r\n").encode()

    def delete(self, path: str) -> None:
        del self.mails[self.uids[path]]


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    is_encrypted = False

    def handle(self) -> None:
        self.place: Any = self.server.place  # type: ignore[attr-defined]
        if self.place.scheme == "imaps":
            self.encrypt()
        self.say("* OK ready")
        while line := self.rfile.readline():
            self.tag, command, *rest = line.decode().strip().split(" ", 2)
            self.place.commands.append(" ".join([command, *rest]))
            answer = getattr(self, f"on_{command.lower()}", None)
            told = answer(*rest) if answer else "BAD unknown"
            if told is None:
                return
            if told:
                self.say(f"{self.tag} {told}")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def encrypt(self) -> None:
        self.request = self.place.tls.wrap_socket(self.request, server_side=True)
        self.is_encrypted = True
        self.setup()

    def on_capability(self) -> str:
        starts = self.place.tls is not None and not self.is_encrypted
        offered = "STARTTLS LOGINDISABLED" if starts else "AUTH=PLAIN" if self.place.plain else ""
        self.say(f"* CAPABILITY IMAP4rev1 {offered}".rstrip())
        return "OK done"

    def on_starttls(self) -> str:
        self.say(f"{self.tag} OK begin")
        self.encrypt()
        return ""

    def on_authenticate(self, kind: str) -> str:
        self.say("+ ")
        _, user, password = base64.b64decode(self.rfile.readline()).decode().split("\0")
        return "OK in" if (user, password) == (USER, PASSWORD) else f"NO wrong password {password}"

    def on_login(self, words: str) -> str:
        return "OK in" if words == f'{USER} "{PASSWORD}"' else f"NO wrong {words}"

    def on_examine(self, name: str) -> str:
        if name != f'"{self.place.folder}"':
            return "NO there is none"
        self.say(f"* {len(self.place.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.place.validity}] numbering")
        return "OK [READ-ONLY] looking"

    def on_uid(self, words: str) -> str | None:
        _, which, wanted = words.split(" ", 2)
        mails = self.place.mails
        for number, uid in enumerate(sorted(mails), 1):
            if which == "1:*":
                flags, size = self.place.flags.get(uid, ""), len(mails[uid])
                self.say(f"* {number} FETCH (UID {uid} FLAGS ({flags}) RFC822.SIZE {size})")
            elif which == str(uid):
                if not self.place.may_send():
                    return None
                assert re.search(r"BODY\.PEEK\[\]", wanted), "the mail would be marked as read"
                self.say(f"* {number} FETCH (UID {uid} BODY[] {{{len(mails[uid])}}}")
                self.wfile.write(mails[uid])
                self.say(")")
        return "OK fetched"

    def on_logout(self) -> str:
        self.say("* BYE")
        return "OK bye"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    place: Any = None

    def handle_error(self, *_: object) -> None:
        """Ignore clients that go away."""


@contextmanager
def mail_place(folder: Path) -> Iterator[MailPlace]:
    place = MailPlace()
    with Server(("127.0.0.1", 0), Session) as server:
        server.place = place
        place.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield place
        server.shutdown()
