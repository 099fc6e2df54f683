"""Finding passages: the right one first, whatever is typed, and only what is in the corpus."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Hashing, sampled
from conftest import given as sources
from hypothesis import given
from hypothesis import strategies as st

from assistant.assistant import Assistant
from assistant.core.errors import EmbedderError
from assistant.core.types import Query, ScoredPassage
from assistant.ingest.library import Library
from assistant.retrieval.retriever import LIMIT, Retriever
from assistant.store.index import Index

DOCUMENTS = {
    "kettle": "# Kettle\n\nThe kettle boils a litre in 95 seconds.\n\n## Care\n\nDescale with citric acid.\n",
    "toaster": "# Toaster\n\nThe toaster has seven levels.\n\n## Care\n\nEmpty the crumb tray.\n",
    "table": "# Colours\n\n| Device | Colour |\n|---|---|\n| kettle | blue |\n| toaster | red |\n",
    "signs": "# ☃\n\n" + "☃ ☃ ☃. " * 200,
    "headings": "# Empty\n\n## Nothing here\n\n## Nor here\n",
}


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    """Over a few small documents, some of them odd."""
    library = Library(tmp_path_factory.mktemp("small"), Hashing(256))
    outcomes = list(library.add(sources(**DOCUMENTS)))
    assert [outcome.status for outcome in outcomes] == ["added", "added", "added", "rejected", "added"]
    list(library.add(sources(signs="# Snow\n\n" + "☃ ☃ ☃. " * 200)))
    yield Retriever(library, Hashing(256))
    library.close()


def first(retriever: Retriever, query: Query) -> ScoredPassage:
    return retriever.retrieve(query)[0]


def test_the_passage_that_answers_comes_first(retriever: Retriever) -> None:
    for question, expected in (
        ("How many seconds does the kettle take to boil a litre?", "95 seconds"),
        ("Which acid descales?", "citric acid"),
        ("How many levels has the toaster?", "seven levels"),
    ):
        assert expected in first(retriever, Query(question)).passage.text


def test_passages_come_best_first_and_no_more_than_asked_for(retriever: Retriever) -> None:
    for limit in (1, 3, 9, 100):
        found = retriever.retrieve(Query("kettle care"), limit)
        assert len(found) <= limit
        assert [p.passage.id for p in found] == [
            p.passage.id for p in retriever.retrieve(Query("kettle care"), 100)
        ][:limit]
        assert len({p.passage.id for p in found}) == len(found)


def test_only_the_documents_that_are_named_are_searched(retriever: Retriever) -> None:
    everything = retriever.retrieve(Query("care"), 100)
    wanted = frozenset([everything[-1].passage.document_id])
    found = retriever.retrieve(Query("care"), 100, documents=wanted)
    assert {p.passage.document_id for p in found} == wanted
    assert retriever.retrieve(Query("care"), documents=frozenset()) == []
    assert retriever.retrieve(Query("care"), documents=frozenset(["no such document"])) == []


def test_each_passage_comes_with_what_its_citation_needs(retriever: Retriever) -> None:
    for scored in retriever.retrieve(Query("kettle"), 100):
        document = retriever._library.ledger.document(scored.passage.document_id)
        assert (scored.title, scored.source) == (document.title, document.source)
        assert document.text[scored.passage.start : scored.passage.end] == scored.passage.text
        assert tuple(s.span for s in scored.sentences) == scored.passage.sentences


def test_a_follow_up_is_found_by_its_topic(retriever: Retriever) -> None:
    about_toaster = Query("What care does the toaster need? And then?", focus="And then?")
    assert first(retriever, about_toaster).title == "Toaster"


def test_what_was_asked_before_brings_its_passages_nearer(retriever: Retriever) -> None:
    def lead(*earlier: str) -> float:
        """By how much the care of the kettle is before that of the toaster."""
        found = retriever.retrieve(Query("Which care is needed?", earlier=earlier), 100)
        score = {p.title: p.score for p in found if p.passage.headings[-1:] == ("Care",)}
        return score["Kettle"] - score["Toaster"]

    assert lead("Where is the kettle?") > lead() > lead("Where is the toaster?")
    assert lead("Where is the kettle?", "Where is the toaster?") < lead("Where is the kettle?")


def test_while_a_document_is_updated_one_version_is_found(library: Library) -> None:
    """It changes after the old version was found, and before it is looked up."""
    retriever = Retriever(library, Hashing())
    list(library.add(sources(kettle=DOCUMENTS["kettle"])))
    search, calls = library.search, itertools.count(1)

    def interrupted(find: Callable[[Index], Any]) -> Any:
        found = search(find)
        # By words, then by meaning: the last of what is found before it is looked up.
        if next(calls) == 2:
            list(library.add(sources(kettle=DOCUMENTS["kettle"].replace("95", "80"))))
        return found

    library.search = interrupted  # type: ignore[method-assign]
    assert "80 seconds" in first(retriever, Query("How many seconds?")).passage.text


def test_another_embedder_than_the_one_of_the_vectors_is_refused(retriever: Retriever) -> None:
    other = Library(retriever._library._home, Hashing(32))
    try:
        with pytest.raises(EmbedderError, match="assistant rebuild"):
            Retriever(other, Hashing(32)).retrieve(Query("kettle"))
    finally:
        other.close()


def test_a_store_without_documents_finds_nothing(library: Library) -> None:
    for query in (Query("kettle"), Query(""), Query("a b", focus="b"), Query("b", earlier=("a",))):
        assert Retriever(library, Hashing()).retrieve(query) == []


WORDS = [*"kettle toaster care the of ☃ 95 \ud83d | # * AND OR title:".split(), "\0", "\n"]
TYPED = st.one_of(
    st.text(st.characters(), max_size=40), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
)


@given(TYPED, TYPED, st.lists(TYPED, max_size=2))
def test_whatever_is_typed_is_searched_for(
    retriever: Retriever, text: str, focus: str, earlier: list[str]
) -> None:
    found = retriever.retrieve(Query(text, focus, tuple(earlier)))
    assert 0 < len(found) <= LIMIT
    for scored in found:
        assert -1.001 <= scored.cosine <= 1.001
        assert 0 <= scored.words <= 1
        assert 0 <= scored.coverage <= 1.001
        assert all(0 <= sentence.coverage <= 1.001 for sentence in scored.sentences)


def test_every_passage_of_the_corpus_is_found_by_its_own_words(shipped: Assistant) -> None:
    """By a sentence of its own, a passage comes among the first three."""
    keys = shipped.library.ledger.vectors_of(e.id for e in shipped.list())
    kept = list(shipped.library.ledger.stored_passages(keys).values())[::12]
    kept = sampled(kept, 3)
    lost = []
    for item in kept:
        passage = item.passage
        span = max(passage.sentences, key=lambda s: s.end - s.start)
        quote = passage.text[span.start - passage.start : span.end - passage.start]
        found = shipped.retriever.retrieve(Query(quote), 3)
        if not any(quote in scored.passage.text for scored in found):
            lost.append(quote)
    assert not lost


def test_the_home_may_have_any_name(tmp_path: Path) -> None:
    for name in ("with space", "100%?#&", "émigré ☃"):
        home = tmp_path / name
        home.mkdir()
        library = Library(home, Hashing())
        list(library.add(sources(**DOCUMENTS)))
        assert first(Retriever(library, Hashing()), Query("toaster levels")).title == "Toaster"
        library.close()
