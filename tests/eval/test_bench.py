"""The benchmarks' own parts: figures and their targets, the made corpus, the server that is measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.ingest.parse import read
from assistant.ingest.splitting import split
from eval import bench, bench_corpus, bench_embed, bench_large
from eval.bench_figure import Figure, share
from eval.bench_server import environment, serving


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("a", 5), None),
        (Figure("a", 5, most=5), True),
        (Figure("a", 5, most=4.9), False),
        (Figure("a", 5, least=5), True),
        (Figure("a", 5, least=5.1), False),
    ],
)
def test_a_figure_meets_its_target_or_not(figure: Figure, met: bool | None) -> None:
    assert figure.met is met


def test_a_figure_is_told_with_its_unit_and_target() -> None:
    assert (Figure("a", 20108, least=20000).shown, Figure("a", 20108, least=20000).target) == (
        "20,108",
        "at least 20,000",
    )
    assert (Figure("a", 0.256, "s", most=0.5).shown, Figure("a", 12.34, "ms").shown) == ("0.26 s", "12.3 ms")


def test_shares_are_those_of_the_sorted_values() -> None:
    values = [float(n) for n in range(101)]
    assert (share(values[::-1], 0.5), share(values, 0.95)) == (50, 95)


def test_the_exit_code_says_that_a_target_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_embed, "figures", lambda: [Figure("speed", 3, "times", least=4)])
    monkeypatch.setattr("sys.argv", ["bench", "embed", "--json"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 1
    (figure,) = json.loads(capsys.readouterr().out)["figures"]["embed"]
    assert (figure["what"], figure["value"], figure["met"]) == ("speed", 3, False)


def test_the_large_corpus_is_the_same_each_time_and_large_enough() -> None:
    made, again = bench_corpus.documents(40), bench_corpus.documents(40)
    assert made == again
    passages = sum(len(split(read(one.item.data, one.item.name))) for one in made)
    assert passages / len(made) * bench_corpus.DOCUMENTS >= bench_large.PASSAGES


def test_no_slot_or_choice_is_left_in_what_is_made() -> None:
    for one in bench_corpus.documents(8):
        assert not set("{}[]") & set(one.item.data.decode() + "".join(one.questions))


def test_questions_are_of_different_documents_and_some_of_none() -> None:
    asked = bench_corpus.questions(bench_corpus.documents(60), 50)
    sources = [question.source for question in asked if question.source]
    assert len(sources) == len(set(sources)) == 45
    assert len({question.text for question in asked}) == 50


def test_a_benchmark_sees_neither_the_home_nor_the_key_of_whoever_runs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("ASSISTANT_MODEL", "mine")
    surroundings = environment(tmp_path)
    assert "secret" not in surroundings.values()
    assert "ASSISTANT_MODEL" not in surroundings
    assert surroundings["ASSISTANT_HOME"] == str(tmp_path)


def test_a_real_server_is_started_asked_and_looked_at(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply, milliseconds = server.ask("What is there?")
        resident, _ = server.megabytes()
    assert reply["answered"] is False
    assert milliseconds >= reply["timings_ms"]["total"]
    assert server.opening > 0
    assert resident > 50 or not Path("/proc").exists()
