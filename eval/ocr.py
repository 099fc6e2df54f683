"""How many words of scanned pages are read rightly: python -m eval.ocr [--pages 50] [--keep FOLDER]

Pages are made of text: printed in several fonts and sizes, tilted, blurred, with noise, packed as photographs
are, and bound to PDFs. What is read of them is compared with what was printed, word by word. Exits with 1 if
a target is missed.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from assistant.ingest.readers.scan.engine import is_installed
from assistant.ingest.sandbox import read_safely
from eval.bench_figure import Figure

TARGET = 95.0
DPI = 200
SHEET = round(8.27 * DPI), round(11.69 * DPI)
MARGIN = 200
LANGUAGES = ("en", "es", "pt")
FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansCondensed.ttf", "DejaVuSerifCondensed.ttf",
         "LiberationSerif-Regular.ttf", "LiberationSans-Regular.ttf")  # fmt: skip
"""Those of them that the system has."""
_CORPUS = Path(__file__).parents[1] / "corpus" / "iran-latin-america"


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was printed and photographed."""

    language: str
    text: str
    picture: Image.Image


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m eval.ocr", description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="a folder for the PDFs, and what was read of them")
    asked = parser.parse_args()
    if not is_installed():
        sys.exit("Text recognition is not installed: pip install 'cited-assistant[ocr]'")
    measured = figures(asked.pages, asked.keep)
    for figure in measured:
        print(f"{figure.what}: {figure.shown} ({figure.target})")
    sys.exit(any(figure.met is False for figure in measured))


def figures(count: int, keep: Path | None = None) -> list[Figure]:
    """Return the share of words that are read rightly, by language, and the time for a page."""
    chance, found = random.Random(5), []
    whole: dict[str, tuple[int, int]] = dict.fromkeys(LANGUAGES, (0, 0))
    began = time.process_time(), time.monotonic()
    for n in range(count):
        page = _page(LANGUAGES[n % len(LANGUAGES)], chance)
        data = io.BytesIO()
        page.picture.save(data, "PDF", resolution=DPI, quality=chance.choice((55, 70, 85)))
        read = read_safely(data.getvalue(), f"{n}.pdf")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{n}.pdf").write_bytes(data.getvalue())
            (keep / f"{n}.txt").write_text(f"{page.text}\n\n----\n\n{read.text}\n\n{read.metadata}")
        wrong, words = differences(_words(page.text), _words(read.text)), len(_words(page.text))
        known = whole[page.language]
        whole[page.language] = known[0] + words, known[1] + min(wrong, words)
        print(f"  {n} {page.language}: {wrong} of {words} words wrong", file=sys.stderr, flush=True)
    seconds = (time.monotonic() - began[1]) / count
    for language, (words, wrong) in whole.items():
        found.append(Figure(f"words read rightly, {language}", 100 * (1 - wrong / max(1, words)), "%"))
    words, wrong = map(sum, zip(*whole.values(), strict=True))
    found.append(Figure("words read rightly", 100 * (1 - wrong / max(1, words)), "%", least=TARGET))
    return [*found, Figure("a page, made and read", seconds, "s")]


def differences(printed: Sequence[str], read: Sequence[str]) -> int:
    """Return how many words must be changed, added or left out, to come from one text to the other."""
    row = list(range(len(read) + 1))
    for n, word in enumerate(printed, 1):
        before, row = row, [n]
        for at, other in enumerate(read):
            row.append(min(before[at] + (word != other), before[at + 1] + 1, row[-1] + 1))
    return row[-1]


def _words(text: str) -> list[str]:
    """Return the words as they are written, without the marks around them."""
    stripped = (re.sub(r"^\W+|\W+$", "", word) for word in text.split())
    return [word for word in stripped if word]


def _page(language: str, chance: random.Random) -> Page:
    sentences = _sentences(language)
    font = ImageFont.truetype(chance.choice(_fonts()), round(chance.uniform(9.5, 12.5) / 72 * DPI))
    sheet = Image.new("L", SHEET, 255)
    draw = ImageDraw.Draw(sheet)
    y, printed = MARGIN, []
    while y < SHEET[1] - 2 * MARGIN:
        paragraph = " ".join(chance.choice(sentences) for _ in range(chance.randrange(2, 6)))
        for line in _wrapped(paragraph, font):
            if y < SHEET[1] - MARGIN:
                draw.text((MARGIN, y), line, font=font, fill=chance.randrange(0, 60))
                printed.append(line)
            y += round(font.size * 1.35)
        y += font.size
    return Page(language, "\n".join(printed), _photographed(sheet, chance))


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > SHEET[0] - 2 * MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _photographed(sheet: Image.Image, chance: random.Random) -> Image.Image:
    """Return a sheet tilted, blurred, on paper that is not white, with noise."""
    tilted = sheet.rotate(chance.uniform(-1.5, 1.5), Image.Resampling.BICUBIC, fillcolor=255)
    blurred = tilted.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.0)))
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, chance.uniform(8, 24), SHEET[::-1])
    paper = np.asarray(blurred, np.float32) * chance.uniform(0.8, 1.0) + noise
    return Image.fromarray(paper.clip(0, 255).astype(np.uint8)).convert("RGB")


def _fonts() -> list[str]:
    found = []
    for name in FONTS:
        try:
            found.append(str(ImageFont.truetype(name, 20).path))
        except OSError:
            continue
    if not found:
        sys.exit("None of the fonts is installed: apt install fonts-dejavu-core")
    return found


def _sentences(language: str) -> list[str]:
    if language != "en":
        return list(tomllib.loads((Path(__file__).with_suffix(".toml")).read_text("utf-8"))[language])
    text = " ".join(path.read_text("utf-8").partition("---\n")[2] for path in sorted(_CORPUS.glob("*.md")))
    plain = re.sub(r"[#*|_`>]|\[[^\]]*\]|\(http[^)]*\)", " ", text.replace("—", "-"))
    found = re.findall(r"[A-Z][^.!?|\n]{30,200}[.!?]", plain)
    return [sentence for sentence in found if sentence.isascii()]


if __name__ == "__main__":
    main()
