"""The answer to a question as it grows: by a model from the passages, or by quotes of them.

What a model says is shown only where the passages support it. Where none of it is, the quotes take its
place, and a notice says so. That the documents do not answer is said only if the model, where there is one,
said so itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.answering import extractive
from assistant.answering.extractive import Extract
from assistant.answering.model.generative import PartialAnswer
from assistant.core.types import Answer, Citation, Query, ScoredPassage, Sentence
from assistant.retrieval.reader import Excerpt

NOT_FOUND = "The documents do not answer this question."
NOT_SHOWN = "The documents do not bear out what the model replied, and no quote of them answers for certain."
NOTHING_THERE = "There are no documents yet; add some with `assistant add`."
INSTEAD = "The documents do not bear out what the model {name} replied, so these are quotes of them instead."
DIFFERS = "The model {name} finds no answer in the documents; these quotes may be one."
BESIDE = "The reply of the model {name} is followed by quotes that answer the question more directly."
LIKELY = 0.3
"""The confidence from which quotes replace a reply that took the passages to answer: less than without
a model, as that is evidence too."""
MORE_LIKELY = 0.3
"""By how much more a quote must be likely to answer than all that the model said, to be shown beside it."""
WITHOUT = "This answer was made without the model."


@dataclass(frozen=True)
class Answers:
    """Makes the drafts of one answer. `extract` finds the quotes; it is called only where they are needed.

    `likely` gives the probability that each of some texts answers the question.
    """

    question: str
    query: Query
    passages: Sequence[ScoredPassage]
    extract: Callable[[], Extract]
    likely: Callable[[Sequence[Excerpt]], Sequence[float]]
    has_documents: bool

    def by_model(self, name: str, drafts: Iterator[PartialAnswer]) -> Iterator[Answer]:
        """Yield the drafts of a model's answer; the last is by quotes, with a notice, if nothing of the
        model's could be shown.

        Raises:
            ModelError: the model failed.
        """
        draft = PartialAnswer()
        for draft in drafts:
            yield self._drafted(name, draft)
        extracted = self.extract()
        if draft.answered:
            if better := self._better(draft, extracted):
                yield _with_quotes(self._drafted(name, draft), better, BESIDE.format(name=name))
        elif extracted.answered or (not draft.not_found and extracted.confidence >= LIKELY):
            yield from self._quotes(extracted, (DIFFERS if draft.not_found else INSTEAD).format(name=name))
        else:
            text = NOT_FOUND if draft.not_found else NOT_SHOWN
            yield replace(self.nothing(text), related=self._related(), mode="model", model=name)

    def _drafted(self, name: str, draft: PartialAnswer) -> Answer:
        return Answer(
            self.question,
            self.query.text,
            draft.answered,
            draft.sentences,
            draft.citations,
            mode="model",
            model=name,
            notice=draft.notice,
            understood=self.query.reading or None,
        )

    def _better(self, draft: PartialAnswer, extracted: Extract) -> list[tuple[Sentence, Citation]]:
        """Return the quotes that are far more likely to answer than anything that the model said."""
        if not extracted.answered:
            return []
        said = max(
            self.likely([Excerpt(sentence.text) for sentence in draft.sentences if sentence.citations])
        )
        quotes = list(zip(extracted.sentences, extracted.citations, strict=True))
        chances = self.likely([Excerpt(sentence.text, citation.title) for sentence, citation in quotes])
        return [quote for quote, chance in zip(quotes, chances, strict=True) if chance >= said + MORE_LIKELY]

    def by_quotes(self, notice: str | None = None) -> Iterator[Answer]:
        """Yield the quotes one by one, or that there is no answer."""
        extracted = self.extract()
        if extracted.answered:
            yield from self._quotes(extracted, notice)
        else:
            yield replace(self.nothing(NOT_FOUND), related=self._related(), notice=notice)

    def nothing(self, text: str = NOT_FOUND) -> Answer:
        """Return an answer that says in `text` that there is none."""
        said = text if self.has_documents else NOTHING_THERE
        understood = self.query.reading or None
        return Answer(self.question, self.query.text, False, (Sentence(said),), understood=understood)

    def _related(self) -> tuple[Citation, ...]:
        return extractive.related(self.passages)

    def _quotes(self, extracted: Extract, notice: str | None) -> Iterator[Answer]:
        notice = joined(notice, extracted.notice)
        for end in range(1, len(extracted.sentences) + 1):
            answer = Answer(
                self.question,
                self.query.text,
                True,
                extracted.sentences[:end],
                extracted.citations[:end],
                notice=notice,
                understood=self.query.reading or None,
                confidence=extracted.confidence,
            )
            is_whole = end == len(extracted.sentences)
            yield replace(answer, evidence=extracted.evidence) if is_whole else answer


def _with_quotes(answer: Answer, quotes: Sequence[tuple[Sentence, Citation]], notice: str) -> Answer:
    """Return the answer with quotes after its own sentences, numbered on."""
    numbered = list(enumerate(quotes, len(answer.citations) + 1))
    sentences = (replace(sentence, citations=(number,)) for number, (sentence, _) in numbered)
    citations = (replace(citation, number=number) for number, (_, citation) in numbered)
    return replace(
        answer,
        sentences=(*answer.sentences, *sentences),
        citations=(*answer.citations, *citations),
        notice=joined(answer.notice, notice),
    )


def joined(*notices: str | None) -> str | None:
    """Return the notices as one, None if there are none."""
    return " ".join(filter(None, notices)) or None
