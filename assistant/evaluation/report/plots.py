"""Line plots as SVG. Colours are the page's own variables, so that they are right in light and in dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.runs.runner import Result
from assistant.evaluation.runs.summary import abstention_curve, operating_point, recall_curve
from assistant.evaluation.scoring.metrics import Curve
from assistant.text.html import Html, element, text

STYLE = Path(__file__).with_name("plots.css")
WIDTH, HEIGHT = 380, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 14, 44
MOST_DOTS = 20
"""Points up to which each is drawn as a dot."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it shows, from where to where, where it is ticked, how ticks are written."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    form: str = "{:g}"

    def share(self, value: float) -> float:
        """How far along the axis a value is, 0 to 1."""
        return min(max((value - self.low) / ((self.high - self.low) or 1.0), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A curve with its name; `before` where it is that of the run compared with."""

    name: str
    points: Curve
    before: bool = False


def plots(results: Sequence[Result], before: Sequence[Result] = ()) -> list[Html]:
    """The figures of a run: recall@k, precision over coverage, latency; each with the run before, if any."""
    sides = [("this run", results, False)] + ([("before", before, True)] if before else [])
    figures = (
        ("Recall@k", _recall([Line(name, recall_curve(some), old) for name, some, old in sides])),
        ("Abstention: precision over coverage", _abstention(sides, results)),
        ("Latency", _latency([Line(name, _times(some), old) for name, some, old in sides])),
    )
    return [_figure(title, drawn, len(sides) > 1) for title, drawn in figures if drawn]


def _recall(lines: Sequence[Line]) -> Html | None:
    if not lines[0].points:
        return None
    x = Axis("places of the ranking, k", 1, 10, range(1, 11))
    return _plot("Mean recall at k", x, _share_axis("recall", lines), lines)


def _abstention(
    sides: Sequence[tuple[str, Sequence[Result], bool]], results: Sequence[Result]
) -> Html | None:
    lines = [Line(name, abstention_curve(some), old) for name, some, old in sides]
    if not lines[0].points:
        return None
    x = Axis("coverage: share of questions answered", 0, 1, (0, 0.25, 0.5, 0.75, 1), "{:.0%}")
    y = _share_axis("precision: share answered rightly", lines)
    return _plot("Precision over coverage", x, y, lines, operating_point(results))


def _latency(lines: Sequence[Line]) -> Html | None:
    if not lines[0].points:
        return None
    longest = max(x for line in lines for x, _ in line.points)
    step = _round_step(longest / 5)
    ticks = [step * n for n in range(math.ceil(longest / step) + 1)]
    x = Axis("milliseconds", 0, ticks[-1], ticks)
    y = Axis("share answered within", 0, 1, (0, 0.25, 0.5, 0.75, 1), "{:.0%}")
    return _plot("Latency", x, y, lines)


def _times(results: Sequence[Result]) -> Curve:
    times = sorted(result.marks["latency"] for result in results)
    return [(time, place / len(times)) for place, time in enumerate(times, 1)]


def _share_axis(label: str, lines: Sequence[Line]) -> Axis:
    """From a round share below all points up to 1."""
    least = min((y for line in lines for _, y in line.points), default=0.0)
    low = max(0.0, math.floor((least - 0.02) * 5) / 5)
    return Axis(label, low, 1.0, [low + (1 - low) * part / 4 for part in range(5)], "{:.0%}")


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, at least `rough`."""
    power: float = 10 ** math.floor(math.log10(max(rough, 1e-3)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)


# -- drawing -----------------------------------------------------------------------------------------------


def _figure(title: str, drawn: Html, has_legend: bool) -> Html:
    legend = [_legend("this run", "line"), _legend("before", "line before")] if has_legend else []
    return element("figure", element("figcaption", text(title), *legend), drawn, class_="plot")


def _legend(name: str, kind: str) -> Html:
    return element("span", text(name), class_=f"legend {kind}")


def _plot(
    name: str, x: Axis, y: Axis, lines: Sequence[Line], point: tuple[float, float] | None = None
) -> Html:
    drawn = [part for line in sorted(lines, key=lambda line: not line.before) for part in _line(line, x, y)]
    if point:
        drawn.append(_dot(point, x, y, "point", 6, f"now: {_told(point, x, y)}"))
    told = f"{name}, {_told(lines[0].points[0], x, y)} to {_told(lines[0].points[-1], x, y)}"
    return element("svg", *_grid(x, y), *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=told)


def _grid(x: Axis, y: Axis) -> list[Html]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick in y.ticks:
        at = _number(_down(tick, y))
        parts.append(element("line", x1=str(LEFT), x2=str(right), y1=at, y2=at, class_="grid"))
        parts.append(_label(y.form.format(tick), LEFT - 8, _down(tick, y) + 4, "end"))
    for tick in x.ticks:
        parts.append(_label(x.form.format(tick), _along(tick, x), bottom + 18, "middle"))
    parts.append(_label(x.label, (LEFT + right) / 2, HEIGHT - 8, "middle", "name"))
    turned = f"rotate(-90 12 {_number((TOP + bottom) / 2)})"
    parts.append(_label(y.label, 12, (TOP + bottom) / 2, "middle", "name", transform=turned))
    return parts


def _label(
    words: str, x: float, y: float, anchor: str, kind: str = "tick", transform: str | None = None
) -> Html:
    return element(
        "text", text(words), x=_number(x), y=_number(y), text_anchor=anchor, class_=kind, transform=transform
    )


def _line(line: Line, x: Axis, y: Axis) -> list[Html]:
    kind = "line before" if line.before else "line"
    path = " ".join(f"{_number(_along(a, x))},{_number(_down(b, y))}" for a, b in line.points)
    dots = line.points if len(line.points) <= MOST_DOTS else []
    drawn = [_dot(point, x, y, f"dot {kind}", 3.5, _told(point, x, y)) for point in dots]
    return [element("polyline", points=path, class_=kind), *drawn]


def _dot(point: tuple[float, float], x: Axis, y: Axis, kind: str, radius: float, told: str) -> Html:
    at = {"cx": _number(_along(point[0], x)), "cy": _number(_down(point[1], y)), "r": _number(radius)}
    return element("circle", element("title", text(told)), class_=kind, **at)


def _told(point: tuple[float, float], x: Axis, y: Axis) -> str:
    return f"{x.form.format(point[0])}: {y.form.format(point[1])}"


def _along(value: float, axis: Axis) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _down(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
