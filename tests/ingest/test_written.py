"""Notebooks, subtitles, XML and source code."""

from __future__ import annotations

import json

from assistant.ingest.parse import read


def test_a_notebook_has_its_texts_its_code_and_what_it_printed() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Tea\n", "Tea is weighed."]},
        {"cell_type": "code", "source": "print(3)", "outputs": [{"text": ["3\n"]}]},
    ]
    data = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}
    document = read(json.dumps(data).encode(), "a.ipynb")
    assert document.text == "# Tea\nTea is weighed.\n\n```python\nprint(3)\n```\n\n```\n3\n```"
    assert document.title == "Tea"


def test_subtitles_are_paragraphs_with_their_time_and_say_nothing_twice() -> None:
    srt = (
        "1\n00:00:01,000 --> 00:00:03,000\n<i>Welcome to the</i>\n\n"
        "2\n00:00:03,000 --> 00:00:05,000\n<i>Welcome to the</i>\ntea house.\n\n"
        "3\n00:01:20,000 --> 00:01:22,000\nThe pot is hot.\n"
    )
    assert (
        read(srt.encode(), "a.srt").text == "[0:00:01] Welcome to the tea house.\n\n[0:01:20] The pot is hot."
    )
    vtt = "WEBVTT\n\n00:05.000 --> 00:07.000\n<v Ada>The pot is hot.\n"
    assert read(vtt.encode(), "a.vtt").text == "[0:00:05] Ada: The pot is hot."


def test_records_in_xml_are_a_table_and_texts_are_paragraphs() -> None:
    rooms = "<rooms><room no='1'><bed>2</bed></room><room no='2'><bed>4</bed></room></rooms>"
    xml = f"<?xml version='1.0'?><house><title>Tea house</title><p>Cups are <b>blue</b>.</p>{rooms}</house>"
    document = read(xml.encode(), "a.xml")
    assert document.text == "# Tea house\n\nCups are blue.\n\n| no | bed |\n|---|---|\n| 1 | 2 |\n| 2 | 4 |"
    assert document.title == "Tea house"


def test_an_entity_of_xml_is_not_followed() -> None:
    xml = "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><a><p>Cups &e; are blue.</p></a>"
    assert read(f"<?xml version='1.0'?>{xml}".encode(), "a.xml").text == "Cups are blue."


def test_definitions_of_source_code_are_headings() -> None:
    document = read(b"import tea\n\n\ndef brew(cup):\n\treturn tea\n", "a.py")
    assert "def brew(cup):\n    return tea" in document.text
    assert [(h.title, document.text[h.start : h.end]) for h in document.headings] == [("brew", "def brew")]
