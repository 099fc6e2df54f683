"""Questions with their answers as statements, by rule: what a model might say of the sentence.

Only where the rule is safe; all others are left out. Japanese questions keep their order, so that the answer
takes the place of the question word.
"""

from __future__ import annotations

import re

_BE = "is|are|was|were"
_WH = r"Who|What|When|Where|Which [\w ]+?|What [\w ]+?|How many [\w ]+?"
_COPULA = re.compile(rf"^(?P<wh>Who|What|Where|When) (?P<be>{_BE}) (?P<rest>[^?]+)\?$")
_DO = re.compile(rf"^(?P<wh>{_WH}) (?P<do>did|does|do) (?P<subject>.+?)\?$")
_PASSIVE = re.compile(
    rf"^(?P<wh>{_WH}) (?P<be>{_BE}) (?P<subject>.+?) "
    r"(?P<done>\w+(?:ed|en|wn|ne|lt|nt|ld|de|ught))\b(?P<rest>[^?]*)\?$"
)
_VERB_FIRST = re.compile(
    r"^(?P<wh>Who|What|Which [a-z]+|How many [a-z]+) "
    r"(?P<rest>(?!(?:is|are|was|were|did|does|do|has|had|have|can|will|would|could|should|else|kind|type|the)\b"
    r"|[A-Z])\w+ [^?]+)\?$"
)
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|did|does|do|may|can|will|would|could|should|has|have|had)\b")
_PAST = {
    "become": "became", "begin": "began", "break": "broke", "bring": "brought", "build": "built",
    "buy": "bought",
    "catch": "caught", "choose": "chose", "come": "came", "do": "did", "draw": "drew", "drive": "drove",
    "eat": "ate", "fall": "fell", "feel": "felt", "fight": "fought", "find": "found", "fly": "flew",
    "get": "got", "give": "gave", "go": "went", "grow": "grew", "have": "had", "hear": "heard",
    "hold": "held",
    "keep": "kept", "know": "knew", "lead": "led", "leave": "left", "lose": "lost", "make": "made",
    "mean": "meant", "meet": "met", "pay": "paid", "put": "put", "read": "read", "rise": "rose", "run": "ran",
    "say": "said", "see": "saw", "sell": "sold", "send": "sent", "set": "set", "speak": "spoke",
    "spend": "spent", "stand": "stood", "take": "took", "teach": "taught", "tell": "told", "think": "thought",
    "understand": "understood", "want": "wanted", "win": "won", "write": "wrote", "hit": "hit", "cut": "cut",
    "let": "let", "lie": "lay", "sing": "sang", "wear": "wore", "strike": "struck", "sign": "signed",
}  # fmt: skip
_PREPOSITIONS = (
    r"(?:in|on|at|by|from|to|with|for|of|into|about|as|under|over|after|before|near|behind|during|since)"
)
_JAPANESE = re.compile(
    r"(誰|だれ|どこ|いつ|何年|何|なに|なん|どの[^はがをにでの、]{1,6}|どんな[^はがをにでの、]{1,6})"
)


def statement(question: str, answer: str) -> str | None:
    """The question and its answer as a sentence; nothing where no rule is safe."""
    answer = answer.strip(" .,;:?!")
    question = " ".join(question.split())
    if not answer or len(answer) > 120:
        return None
    for rule in (_by_subject, _by_copula, _by_passive, _by_do):
        if said := rule(question, answer):
            said = said.strip()
            return f"{said[0].upper()}{said[1:]}."
    return None


def japanese(question: str, answer: str) -> str | None:
    """The same for Japanese: the answer in the place of the question word, without the mark."""
    found = [*_JAPANESE.finditer(question)]
    if len(found) != 1 or len(answer) > 30:
        return None
    said = f"{question[: found[0].start()]}{answer}{question[found[0].end() :]}"
    return re.sub(r"か?[?？。]*$", "", said) + "。"


def _by_subject(question: str, answer: str) -> str | None:
    """Convert "Who wrote it?" -> "Ann wrote it"."""
    if not (found := _VERB_FIRST.match(question)):
        return None
    wh = found["wh"]
    first = found["rest"].split()[0]
    if not (first.endswith("ed") or first in _PAST.values()) and _AUXILIARY.search(found["rest"]):
        return None
    if wh.startswith("How many") and answer.replace(",", "").split()[0].lower() != answer.lower():
        return f"{answer} {found['rest']}"
    noun = wh.split(" ", 2)[2] if wh.startswith("How many") else ""
    return f"{answer} {noun} {found['rest']}" if noun else f"{answer} {found['rest']}"


def _by_copula(question: str, answer: str) -> str | None:
    """Convert "What is X?" -> "X is a city"; questions with a verb after the subject are left out."""
    found = _COPULA.match(question)
    if not found or re.search(r"\w(?:ed|ing|en|wn|nt|ld|ught)\b(?! [A-Z])", found["rest"]):
        return None
    rest, be = found["rest"], found["be"]
    last = re.search(rf" {_PREPOSITIONS}$", rest)
    if re.match(r"there\b|\w+\?", rest) or (last and not answer[0].isalnum()):
        return None
    if last:
        return None
    if found["wh"] in ("Where", "When"):
        return f"{rest} {be} {_placed(found['wh'], answer)}"
    return f"{answer} {be} {rest}" if found["wh"] == "Who" else f"{rest} {be} {answer}"


def _by_passive(question: str, answer: str) -> str | None:
    """Convert "When was it built?" -> "It was built in 1990"."""
    found = _PASSIVE.match(question)
    if not found:
        return None
    wh, answer = found["wh"], _placed(found["wh"], answer)
    if wh in ("When", "Where") or re.search(rf"{_PREPOSITIONS}$", found["rest"]):
        return f"{found['subject']} {found['be']} {found['done']}{found['rest']} {answer}"
    return None


def _by_do(question: str, answer: str) -> str | None:
    """Convert "What did Ann write?" -> "Ann wrote it"."""
    found = _DO.match(question)
    if not found or found["wh"].startswith("How many"):
        return None
    words = found["subject"].split()
    if words[-1] in ("do", "happen"):
        return None
    for at in range(len(words) - 1, 0, -1):
        if (past := _inflected(words[at], found["do"])) and words[at].islower():
            return " ".join([*words[:at], past, *words[at + 1 :], _placed(found["wh"], answer)])
    return None


def _placed(wh: str, answer: str) -> str:
    if wh not in ("When", "Where") or re.match(rf"(?i){_PREPOSITIONS}\b", answer):
        return answer
    return f"in {answer}"


_COMMON = frozenset(
    "use call live work play move serve join start open die release create found attack sign marry attend "
    "help need want like start include produce receive follow change return appear perform study visit reach "
    "establish support consider believe propose lead discover publish record announce share develop "
    "introduce "
    "defeat travel cause occur focus describe replace rule control claim name place represent belong"
    .split()
) | frozenset(_PAST)  # fmt: skip


def _inflected(verb: str, do: str) -> str | None:
    if verb not in _COMMON:
        return None
    if do == "do":
        return verb
    if do == "does":
        if verb == "have":
            return "has"
        return (
            f"{verb}es"
            if verb.endswith(("s", "sh", "ch", "o", "x"))
            else re.sub(r"([^aeiou])y$", r"\1ie", verb) + "s"
        )
    if verb in _PAST:
        return _PAST[verb]
    return f"{verb}d" if verb.endswith("e") else re.sub(r"([^aeiou])y$", r"\1i", verb) + "ed"
