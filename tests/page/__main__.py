"""What the page takes, and withstands: make page [ARGS="NAME…"]

load      the first load: requests, bytes, time until a question can be asked; also of another tree of the
          project, which ASSISTANT_TEST_BEFORE names
citation  a citation opened in a PDF of 1,000 pages, as pages and as text, and in a text of 2 MB
back      a server that was killed while a question was asked is back: time until the page goes on
scripts   strings that run where markup is made of them, in every place where text reaches the page; they are
          in ASSISTANT_TEST_SHARED

Without a name, all of them, in some minutes. Exits with 1 if a figure falls short. Chromium is needed.
"""

from __future__ import annotations

from eval.bench import measured

MODULES = {name: f"page.{name}" for name in ("load", "citation", "back", "scripts")}
"""The parts, and the modules whose `figures` measure them."""

if __name__ == "__main__":
    measured("make page", __doc__ or "", MODULES)
