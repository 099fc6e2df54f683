"""Pictures (PNG, JPEG, TIFF), read by text recognition (OCR)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from assistant.core.errors import ReadError
from assistant.ingest.readers.content import Content, clean_metadata
from assistant.ingest.readers.pdf.reader import put_together
from assistant.ingest.readers.scan.engine import HOW, SIDE, is_installed
from assistant.ingest.readers.scan.pages import Scans

if TYPE_CHECKING:
    from PIL.Image import Image as Frame

    from assistant.ingest.readers.scan.engine import Pixels

KINDS = {
    b"\x89PNG": ("image (PNG)", "image/png"),
    b"\xff\xd8\xff": ("image (JPEG)", "image/jpeg"),
    b"II*\0": ("image (TIFF)", "image/tiff"),
    b"MM\0*": ("image (TIFF)", "image/tiff"),
}
"""What the formats begin with, what they are called, and their media types."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_PIXELS = 100_000_000
"""Limit on the pixels of a picture: a sheet of letter paper at 1,000 to an inch."""
_LENGTH = 842.0
"""Points that the longer side of a picture is taken for: a sheet of paper."""


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of pictures that can be read here."""
    return SUFFIXES if is_installed() else ()


def advice(label: str) -> str:
    """Return what a picture is and what to do, where there is no text recognition: the end of a sentence."""
    return f"is an {label}; to have the text in it read, {HOW}."


def read_picture(data: bytes, media_type: str) -> Content:
    """Read what is written in a picture; each of those in a TIFF is a page.

    Raises ReadError if it is too large.
    """
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as image:
        if image.width * image.height > _PIXELS:
            raise ReadError(f"has more than {_PIXELS // 1_000_000} million pixels; save it smaller.")
        scans = Scans(getattr(image, "n_frames", 1))
        pages = []
        for number, frame in enumerate(ImageSequence.Iterator(image), 1):
            pixels = _pixels(frame)
            pages.append(scans.read(number, pixels, _LENGTH / max(pixels.shape)))
    if not scans.told:
        raise ReadError("has no text that text recognition (OCR) finds.")
    text, ranges, headings = put_together(pages)
    shown = ranges if len(pages) > 1 else ()
    return Content(media_type, text, None, headings, shown, clean_metadata([("read by OCR", scans.told)]))


def _pixels(image: Frame) -> Pixels:
    """Return a picture as it is shown, no larger than it is read."""
    import numpy as np
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA", "P"):
        clear = upright.convert("RGBA")
        upright = Image.new("RGBA", clear.size, "white")
        upright.alpha_composite(clear)
    coloured = upright.convert("RGB")
    coloured.thumbnail((SIDE, SIDE))
    return np.asarray(coloured)[:, :, ::-1].copy()
