"""What people say around a question: "please tell me", "what the hell". It is not searched for."""

from __future__ import annotations

import re

_AROUND = re.compile(
    r"""(?:(?:
        please | kindly | hey | hi | hello | ok(?:ay)? | thanks | thank\ you
        | (?:look|listen|sorry)(?=\s*[,.:;!])
        | (?:can|could|would|will)\ you(?:\ please)?\ (?:tell|show|explain(?:\ to)?)\ me
        | (?:tell|show|give|answer)\ me(?=\ ?[:,-]|\ (?:the|how|what|who|when|where|why|which|if|about)\b)
        | i\ want\ to\ know | i\ need\ to\ know | i(?:['’]d|\ would)\ like\ to\ know | do\ you\ know
        | shut\ up | you\ (?:are|['’]re)\ (?:so\ |a\ |an\ )?(?:useless|stupid|dumb|idiot|joke)
        | (?:you\ )?(?:stupid|dumb|useless|damn|fucking)\ (?:bot|machine|thing|idiot|assistant)
        | damn(?:\ it)? | fuck(?:\ you|\ off)? | wtf
    )\b[\s,.:;!-]*(?:and\b\s*)?)+""",
    re.IGNORECASE | re.VERBOSE,
)
_OATHS = re.compile(
    r"(?<=\w)\s+(?:the (?:hell|heck|fuck)|on earth)\b"
    r"|(?:(?<=\bthe)|(?<=\bmy)|(?<=\byour)|(?<=\bthis)|(?<=\ba))\s+(?:damn|goddamn|fucking|freaking)(?=\s+\w)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[\s,]+(?:please|thanks|thank you)(?=\W*$)", re.IGNORECASE)


def plain(question: str) -> str:
    """The question without what is said around it; as it is, where nothing else would be left."""
    told = _AFTER.sub("", _OATHS.sub("", question))
    around = _AROUND.match(told.lstrip())
    left = told.lstrip()[around.end() :] if around else told
    return left if any(map(str.isalnum, left)) else question
