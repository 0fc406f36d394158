"""What a bench gives back, and how it is printed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; ``floor`` is the peer or floor of the same run, in the same unit, ``budget`` what is promised."""

    name: str
    value: float
    unit: str
    budget: str
    met: bool
    floor: float | None = None
    floor_name: str = ""


def quantile(values: Sequence[float], q: float) -> float:
    """The value below which the fraction ``q`` lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(q * (len(ordered) - 1)))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def render(rows: Sequence[Row]) -> str:
    """The table as text; a budget that is missed is marked."""
    lines = []
    for row in rows:
        ratio = f"{row.value / row.floor:.2f}× {row.floor_name} ({row.floor:.1f} {row.unit})" if row.floor else ""
        mark = "ok    " if row.met else "MISSED"
        lines.append(f"{mark} {row.name:<44} {row.value:>9.1f} {row.unit:<4} {ratio:<48} budget: {row.budget}")
    return "\n".join(lines)
