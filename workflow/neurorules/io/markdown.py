"""Numbers and tables as Markdown, for tables that people read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from neurorules.io.text import printable

if TYPE_CHECKING:
    from neurorules.statistics.comparison import Summary

NONE = "–"

# What begins markup in Markdown or HTML: special characters, a tag, a named character, a link; an underscore at a
# word's edge.
MARKUP = re.compile(r"[\\`*|~$]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\](?=[(\[:])|(?<!\w)_|_(?!\w)")


def number(value: float, digits: int = 3) -> str:
    """A number with `digits` significant digits, or a dash if it is missing."""
    return f"{value:.{digits}g}" if math.isfinite(value) else NONE


def mean_sd(summary: Summary) -> str:
    """Mean ± SD (n), without what is undefined."""
    if summary.n == 0 or not math.isfinite(summary.mean):
        return NONE
    sd = f" ± {summary.sd:.3f}" if math.isfinite(summary.sd) else ""
    return f"{summary.mean:.3f}{sd} ({summary.n})"


def interval(bounds: tuple[float, float]) -> str:
    """[low, high], or "" without an interval."""
    return f"[{bounds[0]:.3f}, {bounds[1]:.3f}]" if all(map(math.isfinite, bounds)) else ""


def plain(text: str) -> str:
    """Text escaped for Markdown, in one line: no markup, tags or links."""
    return MARKUP.sub(r"\\\g<0>", printable(" ".join(text.split())))


def listed(names: Iterable[str]) -> str:
    """Names separated by commas, as plain text."""
    return plain(", ".join(names))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table with plain text in its cells."""
    as_text = [[plain(cell) for cell in line] for line in (header, *rows)]
    return [f"| {' | '.join(line)} |" for line in (as_text[0], ["---"] * len(header), *as_text[1:])]
