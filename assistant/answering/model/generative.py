"""Passages -> an answer by a model, each sentence checked as it arrives.

The prompt has the passages as numbered data. The text of the reply is kept; a number is kept only if its
passage was in the prompt and supports the sentence, and becomes a citation of the sentences of the document
that do (see `checking`). A sentence without citations is kept, and rendered as unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from assistant.answering.model import prompting, replies, structured, windows
from assistant.answering.model.checking import CitationChecker, Embed
from assistant.answering.model.language_model import Model
from assistant.answering.model.replies import Claim
from assistant.answering.support import support_check
from assistant.core.deadline import Deadline
from assistant.core.errors import PromptTooLong, ReplyCut
from assistant.core.types import Citation, ScoredPassage, Sentence
from assistant.text.words import folded

ATTEMPTS = 4
"""How often a model is asked that refuses a prompt for its length, each time with less."""
READ = 20
"""Limit on the sentences that are read."""
GROWTH = 16
"""A growing reply is parsed again when 1/16 of it is new."""
SAID_TWICE = 3
"""Words of a sentence from which it is a repetition to say it again."""
# The end of a reply that says the same again and again, without ending a sentence.
_CIRCLING = re.compile(r"(.{4,80}?)\1{5,}\Z", re.DOTALL)
_TAIL = 600


@dataclass(frozen=True, slots=True)
class PartialAnswer:
    """An answer as it grows; its last sentence has no citations yet.

    The last draft is `answered` if any of its sentences is supported; otherwise it has no sentences, and
    `not_found` tells whether the model said so, or said what the passages do not.
    """

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    answered: bool = False
    not_found: bool = False
    notice: str | None = None
    """Why the reply has no end, if it was cut."""


def compose(
    question: str,
    passages: Sequence[ScoredPassage],
    model: Model,
    embed: Embed | None = None,
    until: Deadline | None = None,
    supports: support_check.Supports | None = None,
) -> Iterator[PartialAnswer]:
    """Yield drafts of the model's answer to `question` from `passages`; the last is complete.

    What was finished and is supported is kept of a reply that ran out of room.

    Raises:
        ModelError: the model failed or the deadline passed; earlier drafts are no answer.
        Withdrawn: `until` was withdrawn.
    """
    until = until or Deadline(model.seconds)
    checker = CitationChecker(passages, embed, lambda: model.require(until), supports)
    for attempt in range(ATTEMPTS):
        prompt = _prompt(question, passages, model)
        reply = _Reply(len(passages))
        try:
            yield from _drafts(checker, reply, _stream(model, prompt, until))
        except PromptTooLong:
            if attempt + 1 == ATTEMPTS or _prompt(question, passages, model) == prompt:
                raise
            continue
        whole = _whole(checker, reply)
        # A server that cuts a prompt in silence lets the model answer from less than it was given.
        if whole.answered or windows.of(model).cut != prompt or attempt + 1 == ATTEMPTS:
            break
    yield whole


def _prompt(question: str, passages: Sequence[ScoredPassage], model: Model) -> str:
    is_small, room = windows.is_small(model.name), windows.of(model).characters
    form: prompting.Form = "json" if model.structured else "short" if is_small else "text"
    return prompting.answer_prompt(question, passages, form=form, few=is_small, characters=room)


def _stream(model: Model, prompt: str, until: Deadline) -> Generator[str, None, None]:
    if model.structured:
        return structured.as_text(model.stream(prompt, until, structured.RESPONSE_FORMAT))
    return model.stream(prompt, until)


def _drafts(
    checker: CitationChecker, reply: _Reply, stream: Generator[str, None, None]
) -> Iterator[PartialAnswer]:
    """Yield the drafts of a reply while it grows; end the call once it is enough."""
    last = None
    with closing(stream) as pieces:
        try:
            for piece in pieces:
                if not reply.grow(piece):
                    continue
                if (draft := _draft(checker, reply.finished, reply.unfinished)) != last:
                    yield (last := draft)
                if reply.is_enough:
                    break
        except ReplyCut as fault:
            reply.cut = fault


def _draft(
    checker: CitationChecker, claims: Sequence[Claim], unfinished: Sequence[Claim] = ()
) -> PartialAnswer:
    checked = checker.draft(claims, unfinished)
    return PartialAnswer(checked.sentences, checked.citations, checked.answered)


def _whole(checker: CitationChecker, reply: _Reply) -> PartialAnswer:
    """Return the last draft.

    Raises:
        ReplyCut: the reply was cut, and nothing that it had said is supported.
    """
    whole = _draft(checker, reply.whole())
    if not whole.answered and reply.cut:
        raise reply.cut
    if not whole.answered:
        said_so = replies.is_not_found(reply.text) or replies.is_denial(reply.whole())
        return PartialAnswer(not_found=said_so)
    notice = reply.cut.message if reply.cut else None
    return PartialAnswer(whole.sentences, whole.citations, True, notice=notice)


class _Reply:
    """A reply as it grows, to a prompt with `known` passages."""

    def __init__(self, known: int) -> None:
        self.text = ""
        self.cut: ReplyCut | None = None
        self.is_enough = False
        """True once the model has said all that is read, or begins to repeat itself."""
        self._known = known
        self._parsed = 0
        self._claims: list[Claim] = []

    @property
    def finished(self) -> list[Claim]:
        return self._claims[:-1]

    @property
    def unfinished(self) -> list[Claim]:
        return self._claims[-1:]

    def grow(self, piece: str) -> bool:
        """Add a piece; return True if the reply was parsed again, and is not NOT FOUND.

        Parsing only after growth by a fraction keeps the total work proportional to the length.
        """
        self.text += piece
        if len(self.text) - self._parsed < len(self.text) // GROWTH:
            return False
        self._parsed = len(self.text)
        if replies.is_undecided(self.text) or replies.is_not_found(self.text):
            return False
        self._claims = replies.claims(self.text, self._known)
        fresh = _without_repetitions(self._claims)
        self.is_enough = len(fresh) < len(self.finished) or len(fresh) > READ or self._is_circling()
        return True

    def whole(self) -> list[Claim]:
        """Return the sentences of the reply as it ended, without one that was cut off."""
        if replies.is_not_found(self.text):
            return []
        found = replies.claims(self.text, self._known)
        if (self.cut or self._is_circling()) and not replies.is_ended(self.text):
            found = found[:-1]
        return _without_repetitions(found)[:READ]

    def _is_circling(self) -> bool:
        return _CIRCLING.search(self.text[-_TAIL:]) is not None


def _without_repetitions(claims: Sequence[Claim]) -> list[Claim]:
    """Return the sentences up to the first that was said before."""
    said = set[str]()
    for at, claim in enumerate(claims):
        text = folded(f"{claim.after} {claim.text}").strip(" .")
        if text in said and len(text.split()) >= SAID_TWICE:
            return list(claims[:at])
        said.add(text)
    return list(claims)
