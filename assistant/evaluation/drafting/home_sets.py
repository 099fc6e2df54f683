"""Golden questions in the home folder: accepted drafts, feedback, and pending drafts.

They point into documents and quote none. Even the question of a draft by rule is left out: the document gives
it again, as long as it exists.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Literal

from assistant.core.errors import NotFound, ReadError, StoreError
from assistant.core.serialization import Json
from assistant.evaluation.drafting.drafts import Draft, draft_questions
from assistant.evaluation.drafting.suggest import Suggestion, to_question
from assistant.evaluation.golden import sets
from assistant.evaluation.golden.places import DocumentStore, QuoteLookup
from assistant.evaluation.golden.sets import Excerpt, GoldenSet, Place, Question

Name = Literal["own", "feedback"]
NAMES: tuple[Name, ...] = ("own", "feedback")


class HomeSets:
    """The golden sets and drafts of a home folder. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "golden"
        self._writing = threading.Lock()

    # -- sets ----------------------------------------------------------------------------------------------

    def path(self, name: Name) -> Path:
        """Return the path of a set."""
        return self._folder / f"{name}.jsonl"

    def paths(self) -> dict[str, Path]:
        """Return the paths of all sets by name."""
        return {name: self.path(name) for name in NAMES}

    def non_empty_paths(self) -> list[Path]:
        """Return the paths of the sets that hold questions."""
        return [self.path(name) for name in NAMES if self.questions(name)]

    def load_set(self, name: Name) -> GoldenSet:
        """Load a set; it has no questions if there is no file.

        Raises:
            ReadError: the file was edited by hand, and a line of it is wrong.
        """
        path = self.path(name)
        return sets.load_sets([path])[0] if path.exists() else GoldenSet(name, ())

    def questions(self, name: Name) -> list[Question]:
        """Return the questions of a set, oldest first. Raises ReadError as `load_set`."""
        return list(sets.questions(self.load_set(name)))

    def save_question(self, name: Name, question: Question) -> None:
        """Add a question to a set, or replace the one with the same id. Raises ReadError as `load_set`."""
        with self._writing:
            # A file spoilt by hand is not overwritten.
            self.questions(name)
            self._write(self.path(name), [*self._other_lines(name, question.id), sets.to_line(question)])

    def remove_question(self, name: Name, ident: str) -> None:
        """Remove a question from a set.

        Raises:
            NotFound: there is none with this id.
        """
        with self._writing:
            if ident not in {question.id for question in self.questions(name)}:
                raise NotFound(f"There is no question {ident} in the set {name}.")
            self._write(self.path(name), self._other_lines(name, ident))

    def _other_lines(self, name: Name, ident: str) -> list[str]:
        """Return the lines of a set except one question's, unchanged: a person may have written some."""
        path = self.path(name)
        lines = path.read_text("utf-8-sig").split("\n") if path.exists() else []
        return [line for line in lines if line.strip() and json.loads(line).get("id") != ident]

    # -- drafts --------------------------------------------------------------------------------------------

    def decided_ids(self) -> set[str]:
        """Return the ids of accepted and rejected drafts."""
        rejected = {row["id"] for row in self._rows() if row["state"] == "rejected"}
        return rejected | {question.id for question in self.questions("own")}

    def known_ids(self) -> set[str]:
        """Return the ids of accepted, rejected and pending drafts."""
        return self.decided_ids() | {row["id"] for row in self._rows()}

    def add_drafts(self, suggestions: Iterable[Suggestion]) -> None:
        """Store drafts until somebody decides on them."""
        with self._writing:
            rows = self._rows()
            before = {row["id"] for row in rows}
            rows += [_to_row(each) for each in suggestions if each.draft.id not in before]
            self._write_rows(rows)

    def pending_drafts(self, store: DocumentStore) -> list[Suggestion]:
        """Return the pending drafts whose documents exist."""
        sources = {entry.id: entry.source for entry in store.list()}
        by_rule: dict[str, dict[str, Draft]] = {}
        pending = []
        for row in self._rows():
            ident = row["document"]
            if row["state"] != "pending" or ident not in sources:
                continue
            if "question" not in row and ident not in by_rule:
                by_rule[ident] = {draft.id: draft for draft in draft_questions(store.show(ident))}
            draft = _to_draft(row) if "question" in row else by_rule[ident].get(row["id"])
            if draft:
                elsewhere = tuple(name for name in row["elsewhere"] if name in sources.values())
                pending.append(Suggestion(draft, sources[ident], elsewhere))
        return pending

    def reject(self, ident: str) -> None:
        """Reject a draft, which is not made again.

        Raises:
            NotFound: no draft with this id is pending.
        """
        with self._writing:
            rows = self._rows()
            row = next((row for row in rows if row["id"] == ident and row["state"] == "pending"), None)
            if row is None:
                raise _no_draft(ident)
            rejected = {"id": ident, "document": row["document"], "state": "rejected"}
            self._write_rows([rejected if other is row else other for other in rows])

    def accept(
        self, ident: str, store: DocumentStore, text: str = "", facts: Sequence[str] | None = None
    ) -> Question:
        """Move a draft to the set `own`, as worded by a person, and return the question.

        Raises:
            NotFound: no draft with this id is pending.
        """
        suggestion = next((each for each in self.pending_drafts(store) if each.draft.id == ident), None)
        if suggestion is None:
            raise _no_draft(ident)
        question = to_question(suggestion)
        if facts is not None:
            excerpts = _to_excerpts(question, facts, QuoteLookup(store))
            question = replace(question, facts=tuple((fact,) for fact in excerpts))
        question = replace(question, text=text.strip() or question.text)
        self.save_question("own", question)
        with self._writing:
            self._write_rows([row for row in self._rows() if row["id"] != ident])
        return question

    # -- files ---------------------------------------------------------------------------------------------

    def _rows(self) -> list[Json]:
        path = self._folder / "drafts.jsonl"
        try:
            lines = path.read_text("utf-8").splitlines() if path.exists() else []
            return [json.loads(line) for line in lines]
        except (OSError, ValueError) as fault:
            raise ReadError(f"{path} is damaged; delete it, then draft questions anew.") from fault

    def _write_rows(self, rows: Iterable[Json]) -> None:
        self._write(self._folder / "drafts.jsonl", map(json.dumps, rows))

    def _write(self, path: Path, lines: Iterable[str]) -> None:
        """Write a file atomically."""
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as fault:
            reason = f"{path.parent} cannot be written ({fault.strerror}); make room there, then try again."
            raise StoreError(reason) from fault


def _no_draft(ident: str) -> NotFound:
    return NotFound(f"There is no draft {ident}; it was decided on, or its document was removed.")


def _to_row(suggestion: Suggestion) -> Json:
    draft, elsewhere = suggestion.draft, suggestion.elsewhere
    row = {"id": draft.id, "document": draft.passage.document, "state": "pending", "elsewhere": elsewhere}
    if draft.kind != "model":
        return row
    places = {"passage": astuple(draft.passage), "facts": [astuple(fact) for fact in draft.facts]}
    return {**row, **places, "question": draft.question}


def _to_draft(row: Json) -> Draft:
    facts = tuple(Place(*fact) for fact in row["facts"])
    return Draft(row["id"], row["question"], "model", Place(*row["passage"]), facts)


def _to_excerpts(question: Question, facts: Sequence[str], quotes: QuoteLookup) -> Iterator[Excerpt]:
    """Yield facts as places if they are unchanged from the draft, else as text."""
    places = {quotes.texts([fact])[0]: fact for alternatives in question.facts for fact in alternatives}
    yield from (places.get(fact.strip(), fact.strip()) for fact in facts if fact.strip())
