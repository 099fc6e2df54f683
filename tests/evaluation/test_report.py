"""The report: one file that needs nothing else, in which nothing from outside is markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from assistant.core.errors import NotFound
from assistant.core.types import Document, DocumentInfo
from assistant.evaluation.golden.places import GONE, QuoteLookup
from assistant.evaluation.golden.sets import Place, Question
from assistant.evaluation.report import html, text
from assistant.evaluation.runs.comparison import compare
from assistant.evaluation.runs.records import Run
from assistant.evaluation.runs.runner import Result, RunQuestion
from assistant.evaluation.runs.summary import summarise

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"
VOID = {"meta"}


def document(words: str, title: str = "", source: str = "") -> Document:
    """One whose id is its text."""
    return Document(words, title or words, source or words, "text/plain", words)


class Documents:
    """Some documents, by id."""

    def __init__(self, *documents: Document) -> None:
        self._documents = {document.id: document for document in documents}

    def show(self, document_id: str) -> Document:
        if document_id not in self._documents:
            raise NotFound("gone")
        return self._documents[document_id]

    def list(self) -> list[DocumentInfo]:
        return [
            DocumentInfo(d.id, d.title, d.source, d.media_type, 1, 1, "") for d in self._documents.values()
        ]


def question(number: int, words: str = "plain") -> Question:
    return Question(
        f"q{number}",
        f"{words} question {number}?",
        documents=(words,),
        facts=((words,),),
        patterns=(".",),
        reference=words,
        tags=(words,),
    )


def result(number: int, *, wrong: bool = False, words: str = "plain") -> Result:
    expected = RunQuestion(f"q{number}", f"{words} question {number}?", tags=(words,))
    marks = {
        "facts": float(not wrong),
        "cited": float(not wrong),
        "abstained_wrongly": 0.0,
        "hit@1": 1.0,
        "latency": 10.0 + number,
    }
    marks |= {f"recall@{k}": min(1.0, k / 4) for k in range(1, 11)}
    place = (Place(words, 0, len(words)),)
    return Result(
        expected, words, True, number / 10, place, place, not wrong, marks, f"search {words}", words
    )


def page(run: Run, before: Run | None = None, *, store: Documents | None = None, **expected: Question) -> str:
    comparison = compare(before, run) if before else None
    quotes = QuoteLookup(store or Documents(document("plain")))
    return html.render(html.Contents(run, quotes, expected, before, comparison))


def run(*results: Result, **conditions: str) -> Run:
    return Run("20260101-000000-000", ("mine",), conditions, results)


class Outline(HTMLParser):
    """Tags in order, whether they close, attributes, and the text outside of style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def test_nothing_from_outside_is_markup() -> None:
    made = run(result(1, wrong=True, words=HOSTILE), result(2, words=HOSTILE), model=HOSTILE)
    before = replace(made, results=(result(1, words=HOSTILE), result(2, words=HOSTILE)), conditions={})
    hostile = Documents(document(HOSTILE))
    outline = Outline(page(made, before, store=hostile, q1=question(1, HOSTILE)))
    assert outline.open == []
    assert not outline.tags & {"script", "img", "a", "iframe", "form"}
    assert not any(name.startswith("on") for name, _ in outline.attributes)
    assert outline.words.count(HOSTILE) > 10


def test_the_page_asks_for_nothing_else() -> None:
    made = page(run(result(1), result(2, wrong=True)))
    names = {name for name, _ in Outline(made).attributes}
    assert not names & {"src", "href", "srcset", "data"}
    assert not re.search(r"url\(|@import|https?:", made)


def test_each_failed_question_is_shown_with_what_was_expected_and_retrieved() -> None:
    sea = document("The Black Sea is deep.", "Seas", "home/corpus/sea.md")
    failed = replace(
        result(1, wrong=True),
        question=RunQuestion("q1", "Which sea?"),
        answer="The Red Sea.",
        retrieved=(Place(sea.id, 0, len(sea.text)),),
    )
    expected = Question("q1", "Which sea?", documents=("corpus/sea.md",), facts=(("Black Sea", "Euxine"),))
    made = page(run(failed, result(2)), store=Documents(sea), q1=expected)
    words = Outline(made).words
    lines = (
        "Failed questions: 1 of 2",
        "Which sea?",
        "facts are missing",
        "“Black Sea” or “Euxine”",
        "The Red Sea.",
        "corpus/sea.md",
        "The Black Sea is deep.",
    )
    assert [line for line in lines if line not in words] == []
    assert 'class="right"' in made


def test_of_a_document_that_was_removed_the_report_says_so() -> None:
    words = Outline(page(run(replace(result(1, wrong=True), answer="")), store=Documents())).words
    assert f"It quoted {GONE}." in words
    assert "no longer in its golden set" in words


def test_plots_are_drawn_for_this_run_and_the_one_before() -> None:
    made = run(result(1), result(2, wrong=True))
    alone, both = page(made), page(made, made)
    assert alone.count("<svg") == both.count("<svg") == 3
    assert alone.count("<polyline") == 3
    assert both.count("<polyline") == 6


def test_points_of_a_plot_lie_within_it() -> None:
    made = page(run(*(result(n, wrong=n % 3 == 0) for n in range(30))))
    for points in re.findall(r'<polyline points="([^"]+)"', made):
        pairs = [tuple(map(float, pair.split(","))) for pair in points.split()]
        assert all(0 <= x <= 480 and 0 <= y <= 300 for x, y in pairs)


def test_a_run_of_unanswerable_questions_alone_has_a_report() -> None:
    marks = {"abstained_rightly": 1.0, "latency": 3.0}
    lone = Result(RunQuestion("u", "?", answerable=False), "s", False, 0.1, (), (), False, marks)
    assert "abstained rightly" in Outline(page(run(lone))).words


def test_the_terminal_is_told_the_four_figures_and_each_failure() -> None:
    results = [result(1), result(2, wrong=True)]
    lines = list(text.headline(summarise(results)))
    assert re.match(r"facts found +50\.0% +\(.*\) +2 questions", lines[0])
    assert list(text.failures(results)) == [
        "  q2: facts are missing, no right document is cited: plain question 2?"
    ]


def test_the_terminal_is_told_what_changed_and_whether_it_is_noise() -> None:
    before, after = run(result(1), code="a"), run(result(1, wrong=True), code="b")
    lines = "\n".join(text.changes(compare(before, after)))
    assert "code: a -> b" in lines
    assert re.search(r"facts found +100\.0% -> 0\.0% +may be noise \(p = 1\.000, 0 better, 1 worse\)", lines)
    assert "q1: facts 1 -> 0, cited 1 -> 0" in lines
