"""The words of all passages, in Tantivy: BM25, and the terms that it knows.

BM25 is that of Robertson and Zaragoza, 2009, The Probabilistic Relevance Framework, with k1 = 1.2 and
b = 0.75.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.store.records import IndexRecord
from assistant.text.values import join_digits

FOLDER = "words-2"
"""Raise the number when `terms` change: an index with another folder lacks all words, and is rebuilt."""
WRITER_HEAP = 64_000_000
"""Memory of the writer, in bytes."""
MAX_TERM = 60
"""Letters; longer words are not indexed."""
BM25_K1 = 1.2


_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_MARKS = re.compile(
    "[\u064b-\u0652\u0640\u093c\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0e47-\u0e4e]"
)
"""Marks at which Tantivy would split a word: short vowels of Arabic, viramas, tones of Thai."""
_ARTICLE = re.compile("^(?:و?(?:ال|بال|كال|فال)|لل)(?=..)")
"""The article of Arabic with what is joined to it (light10; Larkey, Ballesteros and Connell, 2002)."""
_STEMMERS = (
    (re.compile("[\u0370-\u03ff]"), "greek"),
    (re.compile("[\u0400-\u04ff]"), "russian"),
    (re.compile("[\u0600-\u06ff]"), "arabic"),
    (re.compile("[\u0b80-\u0bff]"), "tamil"),
)
"""Stemmers by script, as a single word does not tell its language. Latin words take the English one."""


def terms(text: str) -> list[str]:
    """Return the words of a text as they are indexed: lower case, no accents, stemmed, no stop words.

    A long number is one word in all its notations: "1,840", "1 840". In scripts without spaces between words,
    each two neighbouring characters are a term.
    """
    # A lone surrogate, which Tantivy does not accept, becomes a question mark.
    encodable = join_digits(text).encode("utf-8", "replace").decode()
    if not encodable.isascii():
        encodable = _UNSPACED.sub(_bigrams, _MARKS.sub("", encodable))
    return [_stem(term.lower()) for term in _english().analyze(encodable)]


def _bigrams(run: re.Match[str]) -> str:
    text = run[0]
    return f" {' '.join(text[at : at + 2] for at in range(max(1, len(text) - 1)))} "


@functools.lru_cache(maxsize=10_000)
def _stem(term: str) -> str:
    if term.isascii():
        return term
    language = next((language for script, language in _STEMMERS if script.search(term)), None)
    return str(_stemmer(language).analyze(_ARTICLE.sub("", term))[0]) if language else term


class WordIndex:
    """A Tantivy index in a folder, or in memory."""

    def __init__(self, folder: Path | None) -> None:
        import tantivy

        self._tantivy = tantivy
        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        schema.add_text_field("words", stored=False, tokenizer_name="passage", index_option="freq")
        self._schema = schema.build()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, str(folder) if folder else None)
        self._index.register_tokenizer("passage", _spaced())
        self._writer: Any = None

    def add(self, records: Sequence[IndexRecord]) -> None:
        """Add words; they can be found as soon as this returns."""
        self._write(records)
        self._commit()

    def replace(self, keys: Sequence[int], records: Sequence[IndexRecord]) -> None:
        """Remove the words of all these keys and add those of the records, as one change."""
        self._delete(keys)
        self._write(records)
        self._commit()

    def rewrite(self, batches: Iterable[Sequence[IndexRecord]]) -> None:
        """Write all words anew, as a segment keeps the terms of removed passages for as long as it exists."""
        writer = self._open_writer()
        try:
            writer.delete_all_documents()
            for records in batches:
                self._write(records)
        except BaseException:
            writer.rollback()
            raise
        self._commit()
        writer.garbage_collect_files()

    def remove(self, keys: Sequence[int]) -> None:
        """Remove passages by key; unknown keys are ignored."""
        self._delete(keys)
        self._commit()

    def count(self) -> int:
        """Return the number of passages."""
        return int(self._index.searcher().num_docs)

    def keys(self) -> set[int]:
        """Return the keys of all passages."""
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return set()
        hits = searcher.search(self._tantivy.Query.all_query(), searcher.num_docs, count=False).hits
        return set(_keys(searcher, hits))

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term."""
        searcher = self._index.searcher()
        total = searcher.num_docs
        return {term: _idf(searcher.doc_freq("words", term), total) for term in terms}

    def has_term(self, term: str) -> bool:
        """True if any passage has the term."""
        return bool(self._index.searcher().doc_freq("words", term))

    def match_fuzzy(self, term: str, edits: int, limit: int) -> list[int]:
        """Return the keys of passages with a term at most `edits` edits away."""
        searcher = self._index.searcher()
        query = self._tantivy.Query.fuzzy_term_query(self._schema, "words", term, edits)
        return _keys(searcher, searcher.search(query, limit, count=False).hits)

    def match(self, weights: Mapping[str, float], limit: int) -> dict[int, float]:
        """Return keys and BM25 shares; see `Index.match`."""
        query = self._tantivy.Query
        should = self._tantivy.Occur.Should
        searcher = self._index.searcher()
        reachable = (BM25_K1 + 1) * sum(weights[t] * idf for t, idf in self.idf(weights).items())
        if not searcher.num_docs or reachable <= 0:
            return {}
        clauses = [
            (should, query.boost_query(query.term_query(self._schema, "words", term, "freq"), weight))
            for term, weight in weights.items()
        ]
        hits = searcher.search(query.boolean_query(clauses), limit, count=False).hits
        keys = _keys(searcher, hits)
        return {key: float(score) / reachable for key, (score, _) in zip(keys, hits, strict=True)}

    def close(self) -> None:
        """Wait for pending merges and close the writer."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def _write(self, records: Sequence[IndexRecord]) -> None:
        writer = self._open_writer()
        for record in records:
            document = self._tantivy.Document(words=" ".join(terms(record.words)))
            document.add_unsigned("key", record.key)
            writer.add_document(document)

    def _delete(self, keys: Sequence[int]) -> None:
        writer = self._open_writer()
        for key in keys:
            writer.delete_documents_by_query(self._tantivy.Query.term_query(self._schema, "key", key))

    def _open_writer(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(WRITER_HEAP, 1)
        return self._writer

    def _commit(self) -> None:
        self._writer.commit()
        self._index.reload()


@functools.cache
def _english() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    filters = (Filter.remove_long(MAX_TERM), Filter.lowercase(), Filter.ascii_fold())
    for step in (*filters, Filter.stopword("english"), Filter.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()


@functools.cache
def _stemmer(language: str) -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer(language)).build()


@functools.cache
def _spaced() -> Any:
    from tantivy import TextAnalyzerBuilder, Tokenizer

    return TextAnalyzerBuilder(Tokenizer.whitespace()).build()


def _keys(searcher: Any, hits: Sequence[tuple[Any, Any]]) -> list[int]:
    keys: Any = searcher.fast_field_values("key", [address for _, address in hits])
    return [int(key) for key in keys]


def _idf(frequency: int, total: int) -> float:
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
