"""Rules that rewrite a follow-up question so that it can be searched for without the turns before it.

An ellipsis ("and with Bolivia?") names only what changes, and replaces its like in the topic: the last
answered question that needed no rewriting. A question that points back ("How much is that?", "When was he
born?", "What else?") is searched for together with what it refers to: a person, a place or a title by name,
anything else by the topic. A question of several parts ("When was it built, and who paid for it?") is taken
apart, and each part is searched for. The words of each language are data: the table `follow_up` of
`assistant/text/languages/`. Trials: docs/decisions/0011-follow-ups.md.
"""

from __future__ import annotations

from assistant.retrieval.query_rewriting.parts import split as split
from assistant.retrieval.query_rewriting.rewriting import Exchange as Exchange
from assistant.retrieval.query_rewriting.rewriting import points_back as points_back
from assistant.retrieval.query_rewriting.rewriting import understood as understood
