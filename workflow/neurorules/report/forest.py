"""The ledger's forest plot on the page, with positions in percent of the width so that it fits any screen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorules.claims.verdicts import VERDICTS
from neurorules.report.numbers import difference_words, minus

if TYPE_CHECKING:
    import pandas as pd

TICKS = 5


@dataclass(frozen=True)
class Mark:
    """A row of the plot. Positions are in percent from the left, or None if there is nothing to draw.

    Attributes:
        number: number of the ledger's entry.
        label: what the entry is about.
        result, said: the test's result (holds, fails or undecided), and the same as text.
        slug: the verdict's CSS name.
        at, low, high: the difference and its interval, clipped at the edges.
        cut_low, cut_high: whether the interval is clipped.
        margin: start and end of the margin.
        published: the paper's own difference.
        words: the difference and its interval, as text.
    """

    number: int
    label: str
    recording: str
    result: str
    said: str
    slug: str
    synthetic: bool
    primary: bool
    at: float
    low: float | None
    high: float | None
    cut_low: bool
    cut_high: bool
    margin: tuple[float, float] | None
    published: float | None
    words: str


@dataclass(frozen=True)
class Block:
    """Rows whose differences have the same unit.

    Attributes:
        unit: unit of the difference.
        zero: position of zero difference.
        ticks: position and label of each tick.
        marks: the rows.
    """

    unit: str
    zero: float
    ticks: list[tuple[float, str]]
    marks: list[Mark]


def blocks(rows: pd.DataFrame, slugs: Mapping[int, str]) -> list[Block]:
    """The blocks of the plot.

    Args:
        rows: the ledger rows to draw, with `number` and the columns of `figures.claims_forest.with_places`.
        slugs: the verdicts' CSS names, by number.
    """
    return [_block(str(unit), of_unit, slugs) for unit, of_unit in rows.groupby("axis", sort=False)]


def _block(unit: str, rows: pd.DataFrame, slugs: Mapping[int, str]) -> Block:
    from matplotlib.ticker import MaxNLocator

    from neurorules.plotting.forest import limits

    low, high = limits(rows)

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    ticks = [value for value in MaxNLocator(TICKS).tick_values(low, high) if low <= value <= high]
    marks = [_mark(row, slugs[row["number"]], place) for row in rows.to_dict("records")]
    return Block(unit, place(0.0), [(place(value), minus(f"{value:g}")) for value in ticks], marks)


def _mark(row: Mapping[str, Any], slug: str, place: Any) -> Mark:
    def within(value: float) -> float | None:
        return min(100.0, max(0.0, place(value))) if math.isfinite(value) else None

    low, high, margin = row["ci95_low"], row["ci95_high"], row["margin"]
    return Mark(
        number=row["number"],
        label=row["label"],
        recording=row["column"],
        result=row["result"],
        said=VERDICTS[row["result"]] + (", synthetic recording" if row["synthetic"] else ""),
        slug=slug,
        synthetic=bool(row["synthetic"]),
        primary=bool(row["primary"]),
        at=place(row["difference"]),
        low=within(low),
        high=within(high),
        cut_low=math.isfinite(low) and place(low) < 0,
        cut_high=math.isfinite(high) and place(high) > 100,
        margin=(within(-margin) or 0.0, within(margin) or 100.0) if math.isfinite(margin) else None,
        published=within(row["published_difference"]),
        words=difference_words(row),
    )
