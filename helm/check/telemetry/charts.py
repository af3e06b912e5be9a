"""Panels as inline SVG: lines, stacked areas, and one big number over a small area.

Relies on: the parts of Grafana's panel JSON that our dashboards use (units, overrides, stacking).
Never does: ask for data.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from html import escape
from typing import Any

PALETTE = ["#3b7dd8", "#f5a209", "#2f9e5f", "#56688f", "#d9443c", "#7b5fb8", "#1f9aa6", "#b0722d", "#8d93a1"]
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 8, 18
LEGEND_HEIGHT = 40
TITLE_HEIGHT = 40
GRID_LINES = 4
# More of them would hide each other.
FILLED_LINES = 3


@dataclass(frozen=True)
class Line:
    """A series with its legend; points are (unix seconds, value)."""

    name: str
    points: list[tuple[float, float]]


def text(value: float, unit: str) -> tuple[str, str]:
    """A value as people read it, and its unit."""
    if unit == "percentunit":
        return f"{value * 100:.2f}".rstrip("0").rstrip("."), "%"
    if unit == "s":
        for factor, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
            if abs(value) >= factor:
                return f"{value / factor:.3g}", name
        return "0", "s" if value == 0 else "µs"
    suffix = {"reqps": "/s", "ops": "/s"}.get(unit, "")
    for factor, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= 10 * factor / (1 if factor > 1e3 else 1):
            return f"{value / factor:.3g}{name}", suffix
    return (f"{value:.0f}" if value == int(value) else f"{value:.3g}"), suffix


def stat(panel: dict[str, Any], lines: list[Line], width: float, height: float) -> str:
    """The newest value in the colour of its threshold, over its course."""
    if not lines:
        return '<p class="none">no data</p>'
    defaults = panel["fieldConfig"]["defaults"]
    points = lines[0].points
    number, unit = text(points[-1][1], defaults["unit"])
    color = _threshold(defaults["thresholds"]["steps"], points[-1][1])
    high = max(value for _, value in points) or 1.0
    first, last = points[0][0], points[-1][0]
    span = max(last - first, 1.0)
    path = " ".join(
        f"{(at - first) / span * (width + 24):.1f},{46 - 42 * max(value, 0) / high:.1f}" for at, value in points
    )
    area = f'<polygon points="0,48 {path} {width + 24:.0f},48" fill="{color}" opacity=".14"/>'
    svg = f'<svg width="100%" height="48" viewBox="0 0 {width + 24:.0f} 48" preserveAspectRatio="none">{area}</svg>'
    return f'{svg}<div class="value" style="color:{color}">{number}<small>{unit}</small></div>'


def _threshold(steps: list[dict[str, Any]], value: float) -> str:
    passed = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return passed[-1]


def time_series(panel: dict[str, Any], lines: list[Line], width: float, height: float) -> str:
    """Lines, or areas on top of each other where the panel stacks; a legend below."""
    if not lines:
        return '<p class="none">no data</p>'
    defaults = panel["fieldConfig"]["defaults"]
    unit = defaults["unit"]
    stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    colors = _colors(panel, lines)
    tops = _stack(lines) if stacked else [line.points for line in lines]
    first = min(points[0][0] for points in tops)
    last = max(points[-1][0] for points in tops)
    high = _round_up(max((value for points in tops for _, value in points), default=1.0))
    plot = Plot(first, max(last, first + 1), high, width, height - LEGEND_HEIGHT - TITLE_HEIGHT)
    parts = [plot.axes(unit)]
    drawn = list(zip(tops, colors, strict=True))
    # The topmost area first, so that each below covers its own part.
    for points, color in reversed(drawn) if stacked else drawn:
        if stacked or len(lines) <= FILLED_LINES:
            parts.append(plot.area(points, color, 0.85 if stacked else 0.07))
        if not stacked:
            parts.append(plot.line(points, color))
    size = f'width="100%" height="{plot.height:.0f}" viewBox="0 0 {width:.0f} {plot.height:.0f}"'
    return f'<svg {size} preserveAspectRatio="none">{"".join(parts)}</svg>{_legend(lines, colors, unit)}'


@dataclass(frozen=True)
class Plot:
    """From seconds and values to pixels."""

    first: float
    last: float
    high: float
    width: float
    height: float

    def at(self, seconds: float, value: float) -> tuple[float, float]:
        x = LEFT + (seconds - self.first) / (self.last - self.first) * (self.width - LEFT - RIGHT)
        y = self.height - BOTTOM - max(value, 0) / self.high * (self.height - TOP - BOTTOM)
        return x, y

    def _path(self, points: list[tuple[float, float]]) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))

    def line(self, points: list[tuple[float, float]], color: str) -> str:
        return f'<polyline points="{self._path(points)}" fill="none" stroke="{color}" stroke-width="2"/>'

    def area(self, points: list[tuple[float, float]], color: str, opacity: float) -> str:
        ground = self.height - BOTTOM
        left, right = self.at(*points[0])[0], self.at(*points[-1])[0]
        corners = f"{left:.1f},{ground} {self._path(points)} {right:.1f},{ground}"
        return f'<polygon points="{corners}" fill="{color}" fill-opacity="{opacity}"/>'

    def axes(self, unit: str) -> str:
        parts = []
        for step in range(GRID_LINES + 1):
            value = self.high * step / GRID_LINES
            y = self.at(self.first, value)[1]
            number, suffix = text(value, unit)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>')
            label = f"{number}{' ' if suffix and suffix[0] != '/' else ''}{suffix}"
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
        for step in range(4):
            seconds = self.first + (self.last - self.first) * step / 3
            x = self.at(seconds, 0)[0]
            anchor = ("start", "middle", "middle", "end")[step]
            clock = time.strftime("%H:%M:%S", time.gmtime(seconds))
            parts.append(f'<text x="{x:.0f}" y="{self.height - 4:.0f}" text-anchor="{anchor}">{clock}</text>')
        return "".join(parts)


def _stack(lines: list[Line]) -> list[list[tuple[float, float]]]:
    """Each line on top of those before it; a moment that one has not counts as zero."""
    moments = sorted({at for line in lines for at, _ in line.points})
    below = dict.fromkeys(moments, 0.0)
    tops = []
    for line in lines:
        values = dict(line.points)
        below = {at: below[at] + values.get(at, 0.0) for at in moments}
        tops.append(list(below.items()))
    return tops


def _colors(panel: dict[str, Any], lines: list[Line]) -> list[str]:
    fixed = {
        override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
    }
    free = [color for color in PALETTE if color not in fixed.values()] or PALETTE
    unnamed = iter(range(10**6))
    return [fixed.get(line.name) or free[next(unnamed) % len(free)] for line in lines]


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 5, 8 or 10 times a power of ten: a quarter of it is readable."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value * 0.999)


def _legend(lines: list[Line], colors: list[str], unit: str) -> str:
    rows = []
    for line, color in zip(lines, colors, strict=True):
        number, suffix = text(line.points[-1][1], unit)
        space = " " if suffix and suffix[0] != "/" else ""
        rows.append(
            f'<span><i style="background:{color}"></i>{escape(line.name)}<b>{number}{space}{suffix}</b></span>'
        )
    return f'<div class="legend">{"".join(rows)}</div>'
