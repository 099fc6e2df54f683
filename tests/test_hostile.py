"""A few of the attacks of `make hostile`, so that each run of the tests meets every kind of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile import door
from test_faults import missed


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc to tell what is read")
def test_what_the_page_never_sends_reads_and_copies_nothing() -> None:
    assert [figure for figure in missed(door.figures(2)) if "slowest" not in figure] == []
