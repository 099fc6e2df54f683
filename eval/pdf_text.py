"""The words of PDFs, their order and the time, beside other readers: python -m eval.pdf_text FOLDER

Needs PyMuPDF and pypdf beside the project (`pip install pymupdf pypdf`). The reference is MuPDF's text; for
the order it is also poppler's (`pdftotext`, if it is installed), and the nearer one counts. Files are
read by all in turn, in one process, and processor time is counted. Text recognition is off.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import time
import unicodedata
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from assistant.ingest.readers.pdf import reader

_HYPHEN = re.compile(r"(?<=\w)[-\u00ad\u2010]\n(?=\w)|[-\u00ad\u2010^]")
_UNSPACED = r"\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


@dataclass(slots=True)
class Sums:
    """The sums over all files."""

    recall: list[float] = field(default_factory=list)
    order: list[float] = field(default_factory=list)
    words: int = 0
    found: int = 0
    pages: int = 0
    seconds: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m eval.pdf_text", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", action="store_true", help="print the figures of each file")
    asked = parser.parse_args()
    reader.is_installed = lambda: False  # type: ignore[attr-defined]
    sums = Sums()
    for number, path in enumerate(sorted(asked.folder.glob("*.pdf"))):
        shown = _measure(path, number, sums)
        if asked.each:
            print(f"{path.name}: {shown}", flush=True)
    print(f"{len(sums.recall)} files, {sums.pages} pages")
    print(f"words found: {mean(sums.recall):.3f} a file, {sums.found / sums.words:.3f} of all")
    print(f"order (Kendall): {mean(sums.order):.3f}")
    for name, seconds in sums.seconds.items():
        print(f"{name}: {sums.pages / seconds:.1f} pages a second of processor time")


def _readers() -> dict[str, Callable[[bytes], str]]:
    import pymupdf
    import pypdf

    pymupdf.TOOLS.mupdf_display_errors(False)

    def by_mupdf(data: bytes) -> str:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            return "\n".join(page.get_text() for page in document)

    def by_pypdf(data: bytes) -> str:
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)

    return {"assistant": lambda data: reader.read_pdf(data).text, "PyMuPDF": by_mupdf, "pypdf": by_pypdf}


def _measure(path: Path, number: int, sums: Sums) -> str:
    """Read a file by all, add what was measured, and return it as text."""
    import pymupdf

    data, texts, took = path.read_bytes(), dict[str, str](), Counter[str]()
    readers = list(_readers().items())
    try:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            pages = len(document)
        for name, read in readers[number % 3 :] + readers[: number % 3]:
            began = time.process_time()
            texts[name] = read(data)
            took[name] = time.process_time() - began
    except Exception as error:
        return f"left out, {type(error).__name__}"
    ours, reference = words(texts["assistant"]), words(texts["PyMuPDF"])
    if len(reference) < 20:
        return "left out, no text"
    found = (Counter(ours) & Counter(reference)).total()
    orders = [order(ours, other) for other in (reference, words(_by_poppler(path)))]
    sums.recall.append(found / len(reference))
    sums.order += [max(known)] if (known := [one for one in orders if one is not None]) else []
    sums.words, sums.found, sums.pages = sums.words + len(reference), sums.found + found, sums.pages + pages
    sums.seconds.update(took)
    return f"{found} of {len(reference)} words, order {orders}"


def _by_poppler(path: Path) -> str:
    if not shutil.which("pdftotext"):
        return ""
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, check=False).stdout.decode(
        "utf-8", "replace"
    )


def words(text: str) -> list[str]:
    """Return the words of a text in small letters without hyphens; characters, where there are no spaces."""
    return _WORD.findall(_HYPHEN.sub("", unicodedata.normalize("NFKC", text)).casefold())


def order(ours: Sequence[str], reference: Sequence[str]) -> float | None:
    """Return Kendall's tau of the words that both have once: 1 for the same order, -1 for the reverse."""
    once = [{word for word, count in Counter(text).items() if count == 1} for text in (ours, reference)]
    places = {word: at for at, word in enumerate(reference) if word in once[0] & once[1]}
    sequence = [places[word] for word in ours if word in places]
    before: list[int] = []
    swapped = 0
    for place in sequence:
        swapped += len(before) - bisect_left(before, place)
        insort(before, place)
    pairs = len(sequence) * (len(sequence) - 1) / 2
    return 1 - 2 * swapped / pairs if pairs else None


if __name__ == "__main__":
    main()
