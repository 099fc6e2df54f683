"""Scanned pages and pictures: read where text recognition is installed, else refused with advice."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import pytest
from pdfs import sheet, shown
from test_parse import pdf, refusal

from assistant.core.errors import ReadError
from assistant.ingest.parse import is_plain, read
from assistant.ingest.readers.scan.engine import is_installed
from assistant.ingest.sandbox import read_safely

needs_ocr = pytest.mark.skipif(
    not is_installed(), reason="text recognition is not installed: pip install 'cited-assistant[ocr]'"
)
LINES = (
    "The attic costs 60 kr a night and has a stove.",
    "Mañana el señor Ibáñez llega a las ocho.",
    "A associação comprou um forno de pão.",
)


def printed(lines: Sequence[str], tilt: float = 0.0, size: tuple[int, int] = (1240, 1754)) -> object:
    """A page with these lines, as a picture."""
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("RGB", size, "white")
    try:
        font = ImageFont.truetype("DejaVuSans.ttf", 30)
    except OSError:  # the font that Pillow brings has no letters with accents
        pytest.skip("the font DejaVu is not installed: apt install fonts-dejavu-core")
    draw = ImageDraw.Draw(page)
    for n, line in enumerate(lines):
        draw.text((120, 150 + 60 * n), line, font=font, fill="black")
    return page.rotate(tilt, fillcolor="white")


def saved(picture: object, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)  # type: ignore[attr-defined]
    return out.getvalue()


def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("readers.pdf.reader", "parse"):
        monkeypatch.setattr(sys.modules[f"assistant.ingest.{module}"], "is_installed", lambda: False)


def test_without_text_recognition_a_scan_and_a_picture_say_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_ocr(monkeypatch)
    said = refusal(pdf([]), "scan.pdf")
    assert said == (
        "scan.pdf has no text, so it is probably a scan; install text recognition (OCR) by: "
        "pip install 'cited-assistant[ocr]', and add it again."
    )
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
    assert "is an image (PNG); to have the text in it read, install" in refusal(picture, "a.png")
    assert is_plain(picture, "a.png")


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("tilt", [0.0, 1.5, 180.0])
def test_a_scanned_page_is_read_and_says_so(tilt: float) -> None:
    data = saved(printed(LINES, tilt), "PDF", resolution=150)
    document = read_safely(data, "scan.pdf")
    for line in LINES[:1]:
        assert line in " ".join(document.text.split())
    assert {"señor", "associação", "pão"} <= set(document.text.replace(".", " ").split())
    assert document.pages[0].number == 1
    assert document.metadata["read by OCR"].startswith("all of it, ")
    assert document.metadata["read by OCR"].endswith("% sure")


@needs_ocr
@pytest.mark.slow
def test_of_a_document_only_pages_without_text_are_recognised() -> None:
    import pypdfium2

    whole = pypdfium2.PdfDocument(sheet(shown([(72, 700, "Cups are blue in the kitchen.")])))
    whole.import_pages(pypdfium2.PdfDocument(saved(printed(LINES), "PDF", resolution=150)))
    out = io.BytesIO()
    whole.save(out)
    shares: list[float] = []
    document = read_safely(out.getvalue(), "mixed.pdf", on_share=shares.append)
    assert document.text.startswith("Cups are blue in the kitchen.")
    assert "The attic costs 60 kr a night" in document.text
    assert document.metadata["read by OCR"].startswith("page 2, ")
    assert [page.number for page in document.pages] == [1, 2]


@needs_ocr
@pytest.mark.slow
def test_of_very_many_scans_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.readers.scan.pages.MOST", 1)
    data = saved(printed(LINES), "PDF", save_all=True, append_images=[printed(["The cellar has a well."])])
    document = read(data, "scan.pdf")
    assert "cellar" not in document.text
    assert document.metadata["read by OCR"].endswith("% sure, no scan from page 2 on")


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "png"), ("JPEG", "jpeg"), ("TIFF", "tiff")])
def test_a_picture_is_read(kind: str, media_type: str) -> None:
    document = read_safely(saved(printed(LINES), kind), f"a.{media_type}")
    assert "The attic costs 60 kr a night" in document.text
    assert document.media_type == f"image/{media_type}"
    assert document.pages == ()


@needs_ocr
@pytest.mark.slow
def test_each_picture_of_a_tiff_is_a_page() -> None:
    first, second = printed(LINES[:1]), printed(["The cellar has a well."])
    document = read_safely(saved(first, "TIFF", save_all=True, append_images=[second]), "a.tiff")
    assert [page.number for page in document.pages] == [1, 2]
    assert "The cellar has a well." in document.text[document.pages[1].start :]


@needs_ocr
@pytest.mark.slow
def test_a_picture_without_text_is_refused() -> None:
    with pytest.raises(ReadError, match=r"^a\.png has no text that text recognition \(OCR\) finds\.$"):
        read_safely(saved(printed([]), "PNG"), "a.png")
    with pytest.raises(ReadError, match="text recognition"):
        read_safely(saved(printed([]), "PDF"), "a.pdf")


@needs_ocr
def test_a_picture_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.ingest.readers.scan.pictures._PIXELS", 1_000_000)
    assert "has more than 1 million pixels" in refusal(saved(printed([]), "PNG"), "a.png")


@needs_ocr
@pytest.mark.parametrize("cut", [60, 200, 2_000])
def test_a_picture_that_is_cut_is_refused_in_a_sentence(cut: int) -> None:
    assert "damaged" in refusal(saved(printed(LINES), "PNG")[:cut], "a.png")


def test_the_default_environment_reads_without_text_recognition() -> None:
    assert read(sheet(shown([(72, 700, "Cups are blue.")])), "a.pdf").metadata.get("read by OCR") is None
