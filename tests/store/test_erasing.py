"""Erasing: after a removal no file under the home folder has a word of the document."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import given

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Source
from assistant.store.index import terms

SECRETS = ("xylophagous", "quomodocunquize", "zyzzyvatron")
STAYS = "# Kettle\n\nThe kettle boils a litre in ninety seconds and is blue.\n"


def secret(word: str) -> str:
    return f"# The {word} report\n\nThe {word} project is led from Bergen.\n\n## More\n\nA {word} matter.\n"


def forms(word: str) -> list[bytes]:
    """The word and its stem as they could be in a file; words are compressed by common prefixes."""
    found = []
    for text in {word, *terms(word)}:
        for form in (text, text.capitalize(), text[1:], text[2:]):
            found += [form.encode(), form.encode("utf-16-le"), form.encode("utf-16-be")]
    return found


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each file's bytes, and whatever can be unpacked of it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, data
            yield from ((f"{path.name} unpacked", part) for part in unpacked(data))


def unpacked(data: bytes) -> Iterator[bytes]:
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from map(archive.read, archive.namelist())
    for magic in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        at = -1
        while (at := data.find(magic, at + 1)) >= 0:
            try:
                yield zlib.decompressobj().decompress(data[at:], 100_000)
            except zlib.error:
                continue


def holding(folder: Path, *words: str) -> set[str]:
    """The files that hold one of the words."""
    looked_for = [form for word in words for form in forms(word)]
    return {name for name, data in contents(folder) if any(form in data for form in looked_for)}


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """With three secrets, of which two were asked about, and something else."""
    with Assistant.open(settings) as opened:
        assert [outcome.status for outcome in opened.add(documents())] == ["added"] * 4
        for word in SECRETS[:2]:
            opened.ask(f"From where is the {word} project led?", "talk")
        (settings.home / "evaluation" / "quoted").mkdir(parents=True)
        (settings.home / "evaluation" / "quoted" / "1.html").write_text(secret(SECRETS[0]))
        yield opened


def documents() -> list[Source]:
    return given(**{f"d{n}": secret(word) for n, word in enumerate(SECRETS)}, kettle=STAYS)


def secrets(assistant: Assistant) -> list[str]:
    return [entry.id for entry in assistant.list() if entry.title != "Kettle"]


def removed(assistant: Assistant) -> None:
    for ident in secrets(assistant):
        assistant.remove(ident)


def removed_together(assistant: Assistant) -> None:
    assistant.remove_all(secrets(assistant))


def unnamed(assistant: Assistant) -> None:
    assert len(assistant.unname([f"d{n}.md" for n in range(3)])) == 3


def replaced(assistant: Assistant) -> None:
    new = {f"d{n}": f"# Number {n}\n\nNothing is known of it." for n in range(3)}
    assert [outcome.status for outcome in assistant.add(given(**new))] == ["updated"] * 3


@pytest.mark.parametrize("gone", [removed, removed_together, unnamed, replaced])
def test_no_file_holds_a_word_of_what_is_gone(
    assistant: Assistant, settings: Settings, gone: Callable[[Assistant], None]
) -> None:
    assert {"ledger.db", "1.html"} & holding(settings.home, SECRETS[0])
    assert assistant.turns("talk")
    gone(assistant)
    assert holding(settings.home, *SECRETS) == set()
    known = assistant.library.search(lambda index: index.match(dict.fromkeys(terms("kettle"), 1.0), 5))
    assert len(known) == 1
    assert assistant.turns("talk") == []
    assert assistant.check().problems == ()


def test_a_removal_that_was_interrupted_is_made_up_for(settings: Settings) -> None:
    """The ledger forgot, the process ended, and all else is as it was."""
    with Assistant.open(settings) as opened:
        list(opened.add(documents()))
        opened.library.ledger.remove(secrets(opened))
        assert holding(settings.home, *SECRETS) != set()
    with Assistant.open(settings) as again:
        assert holding(settings.home, *SECRETS) == set()
        assert [entry.title for entry in again.list()] == ["Kettle"]
        assert again.check().problems == ()
