"""Subtitles (.srt, .vtt): what is said, in paragraphs that begin with their time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.ingest.readers.content import Content, ContentBuilder, one_line, plain

_CUE = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,]\d{3}\s+-->\s+(?:(\d+):)?(\d\d):(\d\d)[.,]\d{3}")
_TAG = re.compile(r"</?[a-z][^>]{0,200}>|\{\\[^}]{0,200}\}", re.IGNORECASE)
_SPEAKER = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]{1,100})>", re.IGNORECASE)
_END = re.compile(r"[.!?…。！？؟۔।]['\"”’»)\]]*$")
_PAUSE = 4
"""Seconds without a word after which a paragraph begins."""
_LENGTH = 500
"""Characters from which on a paragraph ends with a sentence."""


def is_subtitles(start: str) -> bool:
    """True if a text begins like subtitles."""
    head = start.lstrip("\ufeff").lstrip()[:2000]
    return (
        head.startswith("WEBVTT")
        or re.match(r"\d{1,6}\s*\n\s*\d+:\d\d:\d\d[.,]\d{3}\s+-->", head) is not None
    )


def read_subtitles(text: str) -> Content:
    """Parse subtitles. What is repeated from one to the next, as in live ones, is said once."""
    draft = ContentBuilder()
    written, began, ended = "", 0, 0
    for start, end, words in _cues(plain(text)):
        is_new = written and (start - ended > _PAUSE or (len(written) > _LENGTH and _END.search(written)))
        if is_new:
            draft.paragraph(f"[{_time(began)}] {written}")
            written = ""
        began = began if written else start
        written, ended = f"{written} {words}".strip(), end
    if written:
        draft.paragraph(f"[{_time(began)}] {written}")
    return draft.content("text/vtt", None)


def _cues(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield begin and end in seconds, and the words that are new."""
    before: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.split("\n")
        at = next((n for n, line in enumerate(lines[:3]) if _CUE.search(line)), None)
        if at is None:
            continue
        match = _CUE.search(lines[at])
        assert match is not None
        numbers = [int(group or 0) for group in match.groups()]
        said = [one_line(_TAG.sub("", _SPEAKER.sub(r"\1: ", line))) for line in lines[at + 1 :]]
        words = " ".join(line for line in said if line and line not in before)
        before = said
        if words:
            start, end = (h * 3600 + m * 60 + s for h, m, s in (numbers[:3], numbers[3:]))
            yield start, end, words


def _time(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
