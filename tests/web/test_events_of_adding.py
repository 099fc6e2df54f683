"""In any order of events, a library holds what a plain dictionary beside it holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest
from conftest import Hashing
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from stores import add, found, is_sound, text

from assistant.core.errors import NotFound
from assistant.ingest.library import Library
from assistant.ingest.parse import identity

NAMES = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["zebra", "horse", "tiger", "lion"])


class Life(RuleBasedStateMachine):
    """A library beside a plain dictionary of what it should hold: source -> the document's word."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}

    @initialize()
    def open(self) -> None:
        self.home = Path(tempfile.mkdtemp(dir=FOLDER[0]))
        self.library = Library(self.home, Hashing())

    @rule(documents=st.dictionaries(NAMES, WORDS, min_size=1))
    def add(self, documents: dict[str, str]) -> None:
        outcomes = add(self.library, **{name: text(word) for name, word in documents.items()})
        before = set(self.held.values())
        for (name, word), outcome in zip(documents.items(), outcomes, strict=True):
            if name in self.held:
                expected = {"unchanged" if self.held[name] == word else "updated"}
            elif word in self.held.values():
                expected = {"unchanged"}
            else:
                # The version that this very call replaces may still be there when its bytes come again.
                expected = {"unchanged", "added"} if word in before else {"added"}
            assert outcome.status in expected
            self.held[name] = word

    @rule(word=WORDS)
    def remove(self, word: str) -> None:
        ident = identity(text(word).encode())
        if word in self.held.values():
            self.library.remove(ident)
            self.held = {name: held for name, held in self.held.items() if held != word}
        else:
            with pytest.raises(NotFound):
                self.library.remove(ident)

    @rule()
    def reopen(self) -> None:
        self.library.close()
        self.library = Library(self.home, Hashing())

    @rule()
    def lose_the_index(self) -> None:
        shutil.rmtree(self.home / "index", ignore_errors=True)

    @rule()
    def rebuild(self) -> None:
        self.library.rebuild()

    @invariant()
    def holds_what_it_should(self) -> None:
        assert {entry.source for entry in self.library.ledger.entries()} <= {f"{n}.md" for n in self.held}
        for word in ("zebra", "horse", "tiger", "lion"):
            names = {f"{name}.md" for name, held in self.held.items() if held == word}
            sources = found(self.library, word)
            assert bool(sources) == bool(names)
            assert sources <= names
        assert is_sound(self.library)

    def teardown(self) -> None:
        if hasattr(self, "library"):
            self.library.close()


FOLDER: list[Path] = []


def test_in_any_order_of_events_it_holds_what_it_should(tmp_path: Path) -> None:
    FOLDER[:] = [tmp_path]
    run_state_machine_as_test(Life, settings=hypothesis.settings(max_examples=10, stateful_step_count=12))
