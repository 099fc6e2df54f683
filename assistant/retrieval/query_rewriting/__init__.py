"""Follow-up questions made to stand alone, by rule, from the questions and answers before them.

An ellipsis ("and with Bolivia?") names only what changes, which is put in the place of its like in the topic.
A question that points back ("How much is that?", "When was he born?", "What else?") is asked together with
what it points to: a person, a place or a title by name, anything else by the topic, the last answered
question that stood alone. The words of each language are data: `assistant/text/languages/`. Trials:
docs/decisions/0011-follow-ups.md.
"""

from __future__ import annotations

from assistant.retrieval.query_rewriting.rewriting import Exchange as Exchange
from assistant.retrieval.query_rewriting.rewriting import points_back as points_back
from assistant.retrieval.query_rewriting.rewriting import understood as understood
