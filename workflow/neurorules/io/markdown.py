"""Numbers and tables as Markdown, for the tables that are for reading."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurorules.statistics.comparison import Summary

NONE = "–"


def number(value: float, digits: int = 3) -> str:
    """A number to so many digits, or a dash where there is none."""
    return f"{value:.{digits}g}" if math.isfinite(value) else NONE


def mean_sd(summary: Summary) -> str:
    """Mean ± SD (n), as far as there are any."""
    if summary.n == 0 or not math.isfinite(summary.mean):
        return NONE
    sd = f" ± {summary.sd:.3f}" if math.isfinite(summary.sd) else ""
    return f"{summary.mean:.3f}{sd} ({summary.n})"


def interval(bounds: tuple[float, float]) -> str:
    """[low, high], or nothing where there is no interval."""
    return f"[{bounds[0]:.3f}, {bounds[1]:.3f}]" if all(map(math.isfinite, bounds)) else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table; a bar within a cell would end it."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
