"""The golden questions that grow in the home folder: accepted drafts, feedback, and drafts to decide on.

They point into documents and quote none. Of a draft by rule even the question is left out: the document gives
it again, for as long as it is there.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, Literal

from assistant.core.errors import NotFound, ReadError, StoreError
from assistant.evaluation.drafting.drafts import Draft, drafts
from assistant.evaluation.drafting.suggest import Suggestion, question
from assistant.evaluation.golden import sets
from assistant.evaluation.golden.places import Quotes, Shelf
from assistant.evaluation.golden.sets import GoldenSet, Place, Question, Quoted

Name = Literal["own", "feedback"]
NAMES: tuple[Name, ...] = ("own", "feedback")
Row = dict[str, Any]


class Own:
    """The folder of these files. Safe to use from several threads."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "golden"
        self._writing = threading.Lock()

    # -- sets ----------------------------------------------------------------------------------------------

    def path(self, name: Name) -> Path:
        """Where a set stands."""
        return self._folder / f"{name}.jsonl"

    def paths(self) -> dict[str, Path]:
        """Where all sets stand, by their names."""
        return {name: self.path(name) for name in NAMES}

    def there(self) -> list[Path]:
        """The sets that hold questions."""
        return [self.path(name) for name in NAMES if self.questions(name)]

    def questions(self, name: Name) -> list[Question]:
        """The questions of a set, oldest first.

        Raises:
            ReadError: the file was changed by hand, and a line of it is wrong.
        """
        return list(sets.questions(self.golden_set(name)))

    def put(self, name: Name, added: Question) -> None:
        """Adds a question to a set, in the place of one with the same id.

        Raises:
            ReadError: as `questions`.
        """
        with self._writing:
            # A file that was spoilt by hand is not written over.
            self.questions(name)
            self._write(self.path(name), [*self._others(name, added.id), sets.written(added)])

    def remove(self, name: Name, ident: str) -> None:
        """Removes a question from a set.

        Raises:
            NotFound: there is none of this id.
        """
        with self._writing:
            if ident not in {one.id for one in self.questions(name)}:
                raise NotFound(f"There is no question {ident} in the set {name}.")
            self._write(self.path(name), self._others(name, ident))

    def _others(self, name: Name, ident: str) -> list[str]:
        """The lines of a set but for that of one question, as they are: a person may have written some."""
        path = self.path(name)
        lines = path.read_text("utf-8-sig").split("\n") if path.exists() else []
        known = (line for line in lines if line.strip())
        return [line for line in known if json.loads(line).get("id") != ident]

    def golden_set(self, name: Name) -> GoldenSet:
        """A set as it is asked; one without questions where there is none yet.

        Raises:
            ReadError: as `questions`.
        """
        path = self.path(name)
        return sets.read([path])[0] if path.exists() else GoldenSet(name, ())

    # -- drafts --------------------------------------------------------------------------------------------

    def decided(self) -> set[str]:
        """The ids of drafts that were accepted or rejected."""
        rejected = {row["id"] for row in self._rows() if row["state"] == "rejected"}
        return rejected | {one.id for one in self.questions("own")}

    def known(self) -> set[str]:
        """The ids of drafts that were decided on or wait for it."""
        return self.decided() | {row["id"] for row in self._rows()}

    def keep(self, found: Iterable[Suggestion]) -> None:
        """Keeps drafts until somebody decides on them."""
        with self._writing:
            rows = self._rows()
            before = {row["id"] for row in rows}
            rows += [_row(one) for one in found if one.draft.id not in before]
            self._write_rows(rows)

    def pending(self, shelf: Shelf) -> list[Suggestion]:
        """The drafts that wait, but for those whose documents are gone."""
        names = {entry.id: entry.source for entry in shelf.list()}
        by_rule: dict[str, dict[str, Draft]] = {}
        found = []
        for row in self._rows():
            ident = row["document"]
            if row["state"] != "pending" or ident not in names:
                continue
            if "question" not in row and ident not in by_rule:
                by_rule[ident] = {draft.id: draft for draft in drafts(shelf.show(ident))}
            draft = _draft(row) if "question" in row else by_rule[ident].get(row["id"])
            if draft:
                others = tuple(other for other in row["elsewhere"] if other in names.values())
                found.append(Suggestion(draft, names[ident], others))
        return found

    def reject(self, ident: str) -> None:
        """Does away with a draft, which is not made again.

        Raises:
            NotFound: no draft of this id waits.
        """
        with self._writing:
            rows = self._rows()
            row = next((row for row in rows if row["id"] == ident and row["state"] == "pending"), None)
            if row is None:
                raise NotFound(f"There is no draft {ident}; it was decided on, or its document is gone.")
            kept = {"id": ident, "document": row["document"], "state": "rejected"}
            self._write_rows([kept if other is row else other for other in rows])

    def accept(
        self, ident: str, shelf: Shelf, text: str = "", facts: Sequence[str] | None = None
    ) -> Question:
        """Makes a draft a question of the own set, worded as a person wants it; gives that.

        Raises:
            NotFound: no draft of this id waits.
        """
        suggestion = next((one for one in self.pending(shelf) if one.draft.id == ident), None)
        if suggestion is None:
            raise NotFound(f"There is no draft {ident}; it was decided on, or its document is gone.")
        made = question(suggestion)
        if facts is not None:
            made = replace(made, facts=tuple((fact,) for fact in _worded(made, facts, Quotes(shelf))))
        made = replace(made, text=text.strip() or made.text)
        self.put("own", made)
        with self._writing:
            self._write_rows([row for row in self._rows() if row["id"] != ident])
        return made

    # -- files ---------------------------------------------------------------------------------------------

    def _rows(self) -> list[Row]:
        path = self._folder / "drafts.jsonl"
        try:
            lines = path.read_text("utf-8").splitlines() if path.exists() else []
            return [json.loads(line) for line in lines]
        except (OSError, ValueError) as fault:
            raise ReadError(f"{path} is damaged; delete it, then draft questions anew.") from fault

    def _write_rows(self, rows: Iterable[Row]) -> None:
        self._write(self._folder / "drafts.jsonl", map(json.dumps, rows))

    def _write(self, path: Path, lines: Iterable[str]) -> None:
        """Writes a file so that it is either whole or as it was before."""
        beside = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as fault:
            told = f"{path.parent} cannot be written ({fault.strerror}); make room there, then try again."
            raise StoreError(told) from fault


def _row(suggestion: Suggestion) -> Row:
    draft = suggestion.draft
    row: Row = {
        "id": draft.id,
        "document": draft.passage.document,
        "state": "pending",
        "elsewhere": suggestion.elsewhere,
    }
    if draft.kind != "model":
        return row
    places = {"passage": astuple(draft.passage), "facts": [astuple(fact) for fact in draft.facts]}
    return {**row, **places, "question": draft.question}


def _draft(row: Row) -> Draft:
    facts = tuple(Place(*fact) for fact in row["facts"])
    return Draft(row["id"], row["question"], "model", Place(*row["passage"]), facts)


def _worded(made: Question, facts: Sequence[str], quotes: Quotes) -> Iterator[Quoted]:
    """Facts as a person left them: where they stand as drafted, by their place."""
    places = {quotes.texts([one])[0]: one for fact in made.facts for one in fact}
    yield from (places.get(fact.strip(), fact.strip()) for fact in facts if fact.strip())
