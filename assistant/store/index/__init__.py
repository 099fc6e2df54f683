"""The search index: vectors in Chroma and words in Tantivy, derived from the ledger and disposable."""

from __future__ import annotations

from assistant.store.index.index import Index as Index
from assistant.store.index.words import terms as terms
