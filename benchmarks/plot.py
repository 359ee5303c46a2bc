"""A picture of the requests per second, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

_WIDTH, _HEIGHT = 860, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 640, 50, 400
_COLORS = ("#d1495b", "#888888", "#00798c", "#66a182", "#edae49", "#2e4057", "#8d6a9f", "#a06b42", "#3d348b")

Lines = Mapping[str, Mapping[str, float]]


def draw(title: str, lines: Lines) -> str:
    """Curves of requests per second over connections, both on logarithmic axes, each with its name at its end."""
    values = [value for points in lines.values() for value in points.values() if value]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    names = list(next(iter(lines.values())))
    xs = {name: _LEFT + (_RIGHT - _LEFT) * place / max(1, len(names) - 1) for place, name in enumerate(names)}

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (math.log10(value) - low) / max(1, high - low)

    parts = [_text(_LEFT, 25, title, size=16), _text(_LEFT, _HEIGHT - 20, "connections")]
    for power in range(low, high + 1):
        parts += [_line([(_LEFT, y(10**power)), (_RIGHT, y(10**power))], "#dddddd", 1), _text(8, y(10**power) + 4, f"{10**power:,}/s")]
    parts += [_text(x - 8, _BOTTOM + 20, name) for name, x in xs.items()]
    ends = _apart({name: y(list(points.values())[-1]) for name, points in lines.items()})
    for (name, points), color in zip(lines.items(), _COLORS, strict=False):
        parts.append(_line([(xs[number], y(value)) for number, value in points.items()], color, 4 if name == "bento" else 2))
        parts.append(_text(_RIGHT + 10, ends[name] + 4, f"{name} {list(points.values())[-1]:,.0f}/s", color))
    body = "\n".join(parts)
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n<rect {size} fill="white"/>\n{body}\n</svg>\n'


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """Labels from top to bottom, far enough from each other to be read."""
    placed: dict[str, float] = {}
    last = -math.inf
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        last = placed[name] = max(place, last + 16)
    return placed


def _line(points: list[tuple[float, float]], color: str, width: int) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, color: str = "#222222", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" font-size="{size}">{escape(text)}</text>'
