"""An answer as plain text: numbers after its sentences, and a list of the sources at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from assistant.core.types import Answer, Citation, Sentence, Turn

SOURCES = "Sources:"
UNSUPPORTED = "(not borne out by the documents)"
BROKEN_OFF = "(unfinished)\n\n"
_SOURCES = re.compile(rf"\n+{SOURCES}\n.*\Z", re.DOTALL)
_NUMBER = re.compile(r" ?\[\d+\]")


@dataclass(frozen=True, slots=True)
class Reference:
    """A citation in a text: the range of its number there, and the address of its quote."""

    start: int
    end: int
    url: str
    title: str


@dataclass(frozen=True)
class Transcript:
    """Writes answers whose sources open at `address`, without a slash at its end."""

    address: str

    def grown(self, answers: Iterator[Answer]) -> Iterator[str]:
        """Yield the pieces of the text of an answer as it grows.

        What was said stays: a sentence is yielded once nothing can take it back. If the model broke off after
        it, the text says so, and goes on with the answer that was made without the model.
        """
        said, answer = "", None
        for answer in answers:
            if not answer.answered:
                continue
            body = _body(answer)
            if body.startswith(said):
                yield from filter(None, [body[len(said) :]])
                said = body
        if answer is not None:
            whole = self.text(answer)
            yield whole[len(said) :] if whole.startswith(said) else f" {BROKEN_OFF}{whole}"

    def text(self, answer: Answer) -> str:
        """Return the whole text."""
        parts = [_body(answer), answer.notice or ""]
        if answer.citations:
            parts.append("\n".join([SOURCES, *map(self._source, answer.citations)]))
        return "\n\n".join(filter(None, parts))

    def references(self, text: str, answer: Answer) -> list[Reference]:
        """Return the references of an answer in its text, or in that of a stream, in order."""
        known = {citation.number: citation for citation in answer.citations}
        begin = text.rfind(BROKEN_OFF) + 1
        body = text[: text.rfind(f"\n{SOURCES}")] if known else ""
        return [
            Reference(
                number.start(), number.end(), self.url(known[int(number[1])]), known[int(number[1])].title
            )
            for number in re.compile(r"\[(\d+)\]").finditer(body, begin)
            if int(number[1]) in known
        ]

    def url(self, citation: Citation) -> str:
        """Return the address that opens the quote in its document."""
        query = urlencode({"start": citation.start, "end": citation.end})
        return f"{self.address}/source/{citation.document_id}?{query}"

    def _source(self, citation: Citation) -> str:
        page = "" if citation.page is None else f", page {citation.page}"
        quote = " ".join(citation.quote.split())
        return f"[{citation.number}] {citation.title}{page}: “{quote}” ({self.url(citation)})"


def _body(answer: Answer) -> str:
    """Return the whole sentences; of an answer, those without a citation are marked."""
    whole = [sentence for sentence in answer.sentences if sentence.is_whole]
    return " ".join(_marked(sentence) if answer.answered else sentence.text for sentence in whole)


def _marked(sentence: Sentence) -> str:
    numbers = [f"[{number}]" for number in sentence.citations]
    return " ".join([sentence.text, *(numbers or [UNSUPPORTED])])


def turn(question: str, text: str) -> Turn:
    """Return a turn of a conversation of which only the text is known."""
    said = _NUMBER.sub("", _SOURCES.sub("", text)).strip()
    return Turn(question, question, Answer(question, question, bool(said), (Sentence(said),)))
