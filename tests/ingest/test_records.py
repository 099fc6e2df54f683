"""Tables and records: CSV and JSON become text in which each value is next to its name."""

from __future__ import annotations

import pytest
from specimens import headings, refusal, xlsx

from assistant.assistant import Assistant
from assistant.core.config import Settings
from assistant.core.types import Source
from assistant.ingest.parse import read
from assistant.text import tables

# -- CSV -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("Part,Price\nLid,5\n", "a.csv"),
        ("Part;Price\nLid;5\n", "a.csv"),
        ("Part\tPrice\nLid\t5\n", "a.tsv"),
        ("Part|Price\r\n\r\nLid|5\r\n", "a.csv"),
        ("sep=;\nPart;Price\nLid;5\n", "a.csv"),
        ('"Part","Price"\n"Lid","5"', "a.csv"),
        (",,\n,Part,Price\n,Lid,5\n,,\n", "a.csv"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_csv_is_one_table_however_its_cells_are_kept_apart(data: str, name: str, encoding: str) -> None:
    document = read(data.encode(encoding), name)
    assert document.text == "| Part | Price |\n|---|---|\n| Lid | 5 |"


def test_csv_in_another_encoding_with_titles_line_ends_and_bars_in_cells() -> None:
    data = 'Prices of 2024\n\nPart;Price;Note\nGerät;1.234,50 €;"one\ntwo | three"\nTür;9 €;\n'
    document = read(data.encode("cp1252"), "a.csv")
    assert document.text == (
        "# Prices of 2024\n\n| Part | Price | Note |\n|---|---|---|\n"
        "| Gerät | 1.234,50 € | one two \\| three |\n| Tür | 9 € |  |"
    )
    row = "| Gerät | 1.234,50 € | one two \\| three |"
    assert (
        tables.as_sentence(tables.named_cells(row, "| Part | Price | Note |"))
        == "Part: Gerät; Price: 1.234,50 €; Note: one two | three."
    )


def test_columns_without_names_are_called_by_their_letter() -> None:
    assert read(b"Oslo,700\nRome,2800\n", "a.csv").text.startswith(
        "| Column A | Column B |\n|---|---|\n| Oslo |"
    )
    assert "| Country | 2022 | 2023 |" in read(b"Country,2022,2023\nChile,5,6\n", "a.csv").text
    assert "| Name | Column B |" in read(b"Name,\nAda,5\n", "a.csv").text


def test_tables_are_recognised_by_content_and_prose_with_commas_is_no_table() -> None:
    assert read(b"id\tname\n" + b"1\tAda\n" * 6, "export").media_type == "text/tab-separated-values"
    prose = b"One, two, and three things.\n" * 8
    assert (
        read(b"We came, and we saw, and more.\n\nThen, well, that was it.\n\n" + prose, "a.txt").media_type
        == "text/plain"
    )


def test_a_row_is_found_and_cited_with_its_column_names(settings: Settings) -> None:
    rows = "".join(f"Model {n},{n * 7},Town {n % 9}\n" for n in range(2, 200))
    sources = [
        Source("kettles.csv", lambda: f"Model,Price in euro,Made in\n{rows}Vulcan,4711,Bergen\n".encode()),
        Source("prices.xlsx", xlsx),
    ]
    with Assistant.open(settings) as assistant:
        assert [outcome.status for outcome in assistant.add(sources)] == ["added", "added"]
        told = assistant.ask("Where is the Vulcan made?")
        assert "Model: Vulcan; Made in: Bergen." in [s.text for s in told.sentences]
        assert "| Vulcan | 4711 | Bergen |" in [citation.quote for citation in told.citations]
        told = assistant.ask("What is the share of the Lid?")
        assert "Part: Lid; Share: 12.5%." in [s.text for s in told.sentences]


# -- JSON ----------------------------------------------------------------------------------------------------


def test_lists_of_flat_objects_are_tables() -> None:
    rows = '{"id": 1, "at": {"city": "Oslo"}, "tags": ["a", "b"]}, {"id": 2, "at": {"city": "Rome"}, "ok": 1}'
    text = f"[{rows}]"
    expected = "| id | at.city | tags | ok |\n|---|---|---|---|\n| 1 | Oslo | a, b |  |\n| 2 | Rome |  | 1 |"
    assert read(text.encode(), "a.json").text == expected
    lines = text.strip("[]").replace("}, {", "}\n{")
    assert read(lines.encode(), "a.jsonl").text == expected
    assert read(lines.encode(), "no-suffix").text == expected


def test_nested_objects_are_headed_text_with_the_paths_of_keys() -> None:
    text = """{"title": "Settings", "server": {"port": 8080, "hosts": ["a", "b"],
    "tls": {"on": false, "x": null}},
    "users": [{"name": "Ada", "roles": [{"of": "x", "in": [1, [2]]}]}, {"id": 7, "roles": []}]}"""
    document = read(text.encode(), "a.json")
    assert document.text == (
        "- title: Settings\n\n# server\n\n- server.port: 8080\n- server.hosts: a, b\n\n## server.tls\n\n"
        "- server.tls.on: false\n\n# users\n\n## Ada\n\n- users.name: Ada\n\n### users.roles\n\n"
        "#### users.roles.1\n\n- users.roles.of: x\n\n##### users.roles.in\n\n- 1\n- 2\n\n"
        "## users.7\n\n- users.id: 7"
    )
    assert headings(document)[:3] == [(1, "server"), (2, "server.tls"), (1, "users")]
    assert document.title == "Settings"


def test_long_texts_in_records_are_paragraphs_under_the_name_of_their_record() -> None:
    words = "The kettle boils. " * 40
    document = read(f'[{{"title": "Kettles", "text": "{words}"}}]'.encode(), "a.json")
    assert document.text == f"# Kettles\n\n- title: Kettles\n\ntext:\n\n{words.strip()}"


def test_broken_json_is_named_with_its_line_and_text_that_begins_like_json_stays_text() -> None:
    assert "line 2" in refusal(b'{"a": 1,\n "b" 2}', "a.json")
    assert "line 3" in refusal(b'{"a": 1}\n{"a": 2}\n{"a"', "a.jsonl")
    assert read(b"[1] is the first note, and [2] the second.", "a.txt").media_type == "text/plain"
    assert read(b'{"a": "b"} is JSON, says this text.', "a.txt").media_type == "text/plain"
