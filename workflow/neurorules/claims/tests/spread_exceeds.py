"""Distances vary more over one choice (such as the initial gain) than over another (the learning rule)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, select, untestable
from neurorules.statistics.comparison import compare_paired
from neurorules.tables.base.levels import least_level, level_text, reached_text
from neurorules.tables.base.matched import all_learnt, matched, same_networks

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds: the SD over `smaller` is below the SD over `larger`.

    All networks are read at the highest accuracy that all of them reached. Values of `larger` at which not every
    network learnt, see `least_level`, are left out and named, because the worst network would set the accuracy. Each
    seed gives a table of distances, with a row for each value of `larger` and a column for each value of `smaller`. Its
    two spreads are the square roots of the variance along one dimension (n - 1), averaged over the other. Without any
    effect, the two variances are equal on average, however many values there are.

    Args:
        rows: columns seed, update, accuracy, distance, and those named in the parameters.
        parameters: larger and smaller, {column: [values]} each; least_accuracy and least_share.
        margin: not used.
    """
    ((large, large_values),) = parameters["larger"].items()
    ((small, small_values),) = parameters["smaller"].items()
    grid = {x: [select(rows, {large: x, small: y}) for y in small_values] for x in large_values}
    if missing := [f"{x} {y}" for x in grid for y, cell in zip(small_values, grid[x], strict=True) if cell.empty]:
        return untestable(f"not found: {', '.join(missing)}")
    least = least_level(rows, parameters)
    learnt = [x for x in grid if all(all_learnt(cell, least) for cell in grid[x])]
    unlearnt = ", ".join(str(x) for x in grid if x not in learnt)
    without = f"without {unlearnt}: not every network reached accuracy {level_text(least)}" if unlearnt else ""
    if len(learnt) < 2:
        return untestable(without)
    cells = [cell for x in learnt for cell in grid[x]]
    seeds = set.intersection(*(set(cell["seed"]) for cell in cells))
    if not seeds:
        return untestable("no seed common to all models")
    common = matched([cell[cell["seed"].isin(seeds)] for cell in cells])
    if common is None or common.level < least:
        return untestable(f"no overlap in accuracies above {level_text(least)}")
    if same := same_networks(common):
        return untestable(f"seeds {', '.join(map(str, same))}: two groups have the same network")

    def spreads(values: list[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        table = np.array(values).reshape(len(learnt), len(small_values), -1)
        over_small, over_large = table.var(axis=1, ddof=1).mean(0), table.var(axis=0, ddof=1).mean(0)
        return np.sqrt(over_small), np.sqrt(over_large)

    upper = compare_paired(*spreads(common.upper_half))
    numbers = {
        "matched_accuracy": common.level,
        "n_reached": reached_text(common),
        "overlap_from": common.lowest,
        "difference_upper_half": upper.difference,
        "p_different_upper_half": upper.p_different,
    }
    evidence = decide_lower(compare_paired(*spreads(common.at_level)), numbers)
    return replace(evidence, why="; ".join(filter(None, (evidence.why, without))))
