"""Line plots as SVG. Colours are CSS variables of the page, for light and dark schemes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.report.templates import render
from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import abstention_curve, operating_point, recall_curve
from assistant.evaluation.scoring.metrics import Curve

STYLE = Path(__file__).with_name("plots.css")
WIDTH, HEIGHT = 380, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 14, 44
QUARTERS = (0, 0.25, 0.5, 0.75, 1)
MAX_DOTS = 20
"""Points up to which each is drawn as a dot."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`, between the pixels `start` and `end`."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    start: int
    end: int
    form: str = "{:g}"

    @property
    def middle(self) -> float:
        """The pixel in the middle."""
        return (self.start + self.end) / 2

    def position(self, value: float) -> float:
        """Return the pixel of a value, within the axis."""
        share = min(max((value - self.low) / ((self.high - self.low) or 1.0), 0.0), 1.0)
        return self.start + share * (self.end - self.start)

    def format(self, value: float) -> str:
        """Format a value as a tick."""
        return self.form.format(value)


@dataclass(frozen=True, slots=True)
class PlotLine:
    """A curve; `before` if it is of the run compared with."""

    points: Curve
    before: bool = False

    @property
    def dots(self) -> Curve:
        """The points, unless there are too many to draw each."""
        return self.points if len(self.points) <= MAX_DOTS else ()


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot; `point` is marked as the current state."""

    title: str
    name: str
    x: Axis
    y: Axis
    lines: Sequence[PlotLine]
    point: tuple[float, float] | None = None

    def describe(self, point: tuple[float, float]) -> str:
        """Return a point in words: `5: 90%`."""
        return f"{self.x.format(point[0])}: {self.y.format(point[1])}"

    @property
    def summary(self) -> str:
        """The plot in words, for screen readers."""
        first, last = self.lines[0].points[0], self.lines[0].points[-1]
        return f"{self.name}, {self.describe(first)} to {self.describe(last)}"


def render_plots(results: Sequence[Result], before: Sequence[Result] = ()) -> str:
    """Render recall@k, precision over coverage and latency; each with the run before, if any."""

    def lines(curve: Callable[[Sequence[Result]], Curve]) -> list[PlotLine]:
        return [PlotLine(curve(results)), *([PlotLine(curve(before), True)] if before else [])]

    plots = (
        _plot_recall(lines(recall_curve)),
        _plot_abstention(lines(abstention_curve), operating_point(results)),
        _plot_latency(lines(_latency_curve)),
    )
    drawn = [plot for plot in plots if plot.lines[0].points]
    return render("plots.html.j2", plots=drawn, width=WIDTH, height=HEIGHT)


def _plot_recall(lines: Sequence[PlotLine]) -> Plot:
    x = _x_axis("places of the ranking, k", 1, 10, range(1, 11))
    return Plot("Recall@k", "Mean recall at k", x, _share_axis("recall", lines), lines)


def _plot_abstention(lines: Sequence[PlotLine], point: tuple[float, float] | None) -> Plot:
    x = _x_axis("coverage: share of questions answered", 0, 1, QUARTERS, "{:.0%}")
    y = _share_axis("precision: share answered rightly", lines)
    return Plot("Abstention: precision over coverage", "Precision over coverage", x, y, lines, point)


def _plot_latency(lines: Sequence[PlotLine]) -> Plot:
    longest = max((x for line in lines for x, _ in line.points), default=1.0)
    step = _round_step(longest / 5)
    ticks = [step * n for n in range(math.ceil(longest / step) + 1)]
    x = _x_axis("milliseconds", 0, ticks[-1], ticks)
    return Plot("Latency", "Latency", x, _y_axis("share answered within", 0, QUARTERS), lines)


def _latency_curve(results: Sequence[Result]) -> Curve:
    times = sorted(result.marks["latency"] for result in results)
    return [(time, number / len(times)) for number, time in enumerate(times, 1)]


def _x_axis(label: str, low: float, high: float, ticks: Sequence[float], form: str = "{:g}") -> Axis:
    return Axis(label, low, high, ticks, LEFT, WIDTH - RIGHT, form)


def _y_axis(label: str, low: float, ticks: Sequence[float]) -> Axis:
    return Axis(label, low, 1.0, ticks, HEIGHT - BOTTOM, TOP, "{:.0%}")


def _share_axis(label: str, lines: Sequence[PlotLine]) -> Axis:
    """Return a y axis from a round share below all points up to 1."""
    least = min((y for line in lines for _, y in line.points), default=0.0)
    low = max(0.0, math.floor((least - 0.02) * 5) / 5)
    return _y_axis(label, low, [low + (1 - low) * part for part in QUARTERS])


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `rough`."""
    power: float = 10 ** math.floor(math.log10(max(rough, 1e-3)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)
