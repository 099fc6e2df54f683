"""What kind of thing a question asks for (an amount, a time, a person), and whether a text holds one."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
)
_AMOUNT = re.compile(
    r"\d|\b(?:no|none|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty"
    r"|hundred|thousand|million|billion|half|third|quarter|once|twice|several|few|many)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d|\b(?:century|centuries|decades?|years?|months?|weeks?|days?|hours?|minutes?|today|now|currently"
    r"|early|late|recently|after|before|during|since|until|spring|summer|autumn|winter|first|second|third"
    rf"|{_MONTHS})\b",
    re.IGNORECASE,
)
_DATE = re.compile(rf"\b(?:1\d{{3}}|20\d\d|{_MONTHS})\b", re.IGNORECASE)
_PERSON = re.compile(r"(?<!^)\b[A-Z][^\W\d_]+|^\W*[A-Z][^\W\d_]+ [A-Z][^\W\d_]+")
_AUXILIARY = "is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may|might"
_ASKS = tuple(
    (re.compile(asks, re.IGNORECASE), holds)
    for asks, holds in (
        (r"\b(?:which|what) (?:exact )?(?:year|month|dates?|day)\b|\bwhen exactly\b", _DATE),
        # Not the "when" of "What happens when…".
        (rf"\bwhen\W*$|\bwhen (?:{_AUXILIARY})\b|\bhow long\b|\bhow often\b|\bwhat time\b", _TIME),
        (r"\bhow (?:much|many|old|far|high|tall|large|big|fast)\b", _AMOUNT),
        (r"\bwhat (?:number|percentage|share)\b", _AMOUNT),
        (r"\bwho(?:m|se)?\b|\bwhat is the name\b", _PERSON),
    )
)


def lacks(question: str, texts: Sequence[str]) -> bool:
    """Whether the question asks for an amount, a time or a person, and none of the texts holds one."""
    for asks, holds in _ASKS:
        if asks.search(question):
            return not any(holds.search(text) for text in texts)
    return False
