"""Drawn lines that belong together: those that meet, or lie below each other with equal ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.ingest.readers.pdf.columns import Box
from assistant.ingest.readers.pdf.shapes import Rule

TOUCH = 3.0
"""Points within which two lines are one, or meet."""
_NEAR = 24.0
"""Points between the frame of the names of columns and the table below it."""


@dataclass(frozen=True)
class Grid:
    """Lines that meet each other."""

    level: tuple[Rule, ...]
    upright: tuple[Rule, ...]

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        lines = (*self.level, *self.upright)
        return (
            min(line.left for line in lines),
            min(line.top for line in lines),
            max(line.right for line in lines),
            max(line.bottom for line in lines),
        )

    def holds(self, box: Box) -> bool:
        """True if the middle of a box is in the grid."""
        left, top, right, bottom = self.box
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        return left - TOUCH <= x <= right + TOUCH and top - TOUCH <= y <= bottom + TOUCH


def grids_of(rules: Sequence[Rule]) -> list[Grid]:
    """Return groups of lines that meet, or lie below each other with equal ends; the largest first."""
    level = _merged([rule for rule in rules if rule.top == rule.bottom])
    upright = [
        _swapped(rule) for rule in _merged([_swapped(rule) for rule in rules if rule.left == rule.right])
    ]
    groups = [Grid(*group) for group in _meeting(level, upright)]
    crossed = [grid for grid in groups if len(grid.level) > 1 and len(grid.upright) > 1]
    taken = {id(line) for grid in crossed for line in grid.level}
    alone = [line for line in level if id(line) not in taken]
    found = [*_with_names(crossed), *_stacked(alone)]
    return sorted(found, key=lambda grid: -(grid.box[2] - grid.box[0]) * (grid.box[3] - grid.box[1]))


def _with_names(grids: Sequence[Grid]) -> list[Grid]:
    """Join the frame of names to the table close below it, where it is drawn by itself."""
    found = list(grids)
    for frame in grids:
        left, _, right, bottom = frame.box
        if len(frame.level) > 2 or len(frame.upright) > 2:
            continue
        for grid in found:
            x0, top, x1, _ = grid.box
            is_below = abs(x0 - left) < TOUCH and abs(x1 - right) < TOUCH and 0 <= top - bottom < _NEAR
            if is_below and len(grid.upright) > 2:
                found = [other for other in found if other is not grid and other is not frame]
                found.append(Grid((*frame.level, *grid.level), (*frame.upright, *grid.upright)))
                break
    return found


def _swapped(rule: Rule) -> Rule:
    return Rule(rule.top, rule.left, rule.bottom, rule.right)


def _merged(level: Iterable[Rule]) -> list[Rule]:
    """Join level lines that go on in each other: the edges of neighbouring cells, or double lines."""
    found: list[Rule] = []
    rows: list[list[Rule]] = []
    for rule in sorted(level, key=lambda rule: rule.top):
        if rows and rule.top - rows[-1][0].top < TOUCH:
            rows[-1].append(rule)
        else:
            rows.append([rule])
    for row in rows:
        row.sort(key=lambda rule: rule.left)
        left, right, top = row[0].left, row[0].right, row[0].top
        for rule in row[1:]:
            if rule.left > right + TOUCH:
                found.append(Rule(left, top, right, top))
                left, right = rule.left, rule.right
            right = max(right, rule.right)
        found.append(Rule(left, top, right, top))
    return found


def _meeting(
    level: Sequence[Rule], upright: Sequence[Rule]
) -> Iterator[tuple[tuple[Rule, ...], tuple[Rule, ...]]]:
    """Yield the level and upright lines of each group of lines that meet."""
    lines = [*level, *upright]
    group = list(range(len(lines)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for a, one in enumerate(level):
        for b, other in enumerate(upright, len(level)):
            meets = one.left - TOUCH <= other.left <= one.right + TOUCH
            if meets and other.top - TOUCH <= one.top <= other.bottom + TOUCH:
                group[root(b)] = root(a)
    members: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for at, line in enumerate(lines):
        members.setdefault(root(at), ([], []))[at >= len(level)].append(line)
    for pair in members.values():
        yield tuple(pair[0]), tuple(pair[1])


def _stacked(level: Sequence[Rule]) -> Iterator[Grid]:
    """Yield level lines with equal ends below each other, as above and below a table and its names."""
    groups: list[list[Rule]] = []
    for rule in level:
        for group in groups:
            last = group[-1]
            if abs(last.left - rule.left) < TOUCH and abs(last.right - rule.right) < TOUCH:
                group.append(rule)
                break
        else:
            groups.append([rule])
    for group in groups:
        if len(group) > 2:
            first, second = group[:2]
            names = [rule for rule in level if first.top < rule.top < second.top and _is_over(rule, first)]
            yield Grid((first, *names, *group[1:]), ())


def _is_over(rule: Rule, whole: Rule) -> bool:
    """True if a line is a part of the width of another, as those below names over several columns are."""
    return whole.left - TOUCH < rule.left and rule.right < whole.right + TOUCH
