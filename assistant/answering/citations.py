"""Citations of passages."""

from __future__ import annotations

from assistant.core.types import Cell, Citation, ScoredPassage, Span
from assistant.store.records import StoredPassage


def cite(
    number: int, scored: ScoredPassage | StoredPassage, span: Span, quote: str, cells: tuple[Cell, ...] = ()
) -> Citation:
    """Return the citation of `quote`, the text of `span` in the document of a passage."""
    passage = scored.passage
    return Citation(
        number=number,
        document_id=passage.document_id,
        passage_id=passage.id,
        title=scored.title,
        source=scored.source,
        page=passage.page,
        start=span.start,
        end=span.end,
        quote=quote,
        cells=cells,
    )
