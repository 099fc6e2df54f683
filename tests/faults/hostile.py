"""Broken and hostile files: sound ones cut, flipped and renamed, and those that are made to do harm.

Each is made when it is asked for, as some are large. They are the same each time.
"""

from __future__ import annotations

from faults import bombs, containers, damaged, markup, mixed, pdfs, writings
from faults.damaged import Case

SECRET = "root:x:0:0"
"""What the first line of /etc/passwd begins with: no document may hold it."""


def cases(count: int = 0) -> list[Case]:
    """All of them; the name of each says what is wrong with it, and no two are alike.

    Where more are asked for, the others are sound files with damage of a random kind.
    """
    parts = (damaged, bombs, markup, pdfs, writings, containers)
    made = [case for part in parts for case in part.cases()]
    return [*made, *mixed.cases(count - len(made))]
