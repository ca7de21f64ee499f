"""Networks come closer to the recording as they get better at the task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.statistics.comparison import compare_paired
from neurorules.tables.base.levels import guessing_level, least_level
from neurorules.tables.base.matched import run_course

if TYPE_CHECKING:
    import pandas as pd

# Evenly spaced accuracies at which a curve is read: checkpoints are dense where accuracy changes little.
POINTS = 21


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sample t-test over seeds: the slope of distance against accuracy during training is below 0.

    Each network's curve is read at even steps of accuracy, from guessing (0 if unknown) to its best, and a line is
    fitted. The ledger's first value is the slope (distance per unit of accuracy), its second is 0. Networks that have
    not learnt have no such range. They are left out and counted.

    Args:
        rows: columns seed, update, accuracy, distance; guessing_accuracy, if present.
        parameters: least_accuracy and least_share, see `least_level`: the accuracy from which a network counts as
            learnt.
        margin: not used.
    """
    if why := missing_columns(rows, "seed", "update", "accuracy", "distance"):
        return untestable(why)
    least, guessing = least_level(rows, parameters), guessing_level(rows)
    guessing = 0.0 if math.isnan(guessing) else guessing
    points = rows.groupby(["seed", "update"], sort=True)[["accuracy", "distance"]].mean().reset_index().dropna()
    runs = [run_course(run) for _, run in points.groupby("seed", sort=True)]
    learnt = [run for run in runs if run.best >= least]
    note = f"without {len(runs) - len(learnt)} of {len(runs)} networks that have not learnt"
    notes = [note] if len(learnt) < len(runs) else []
    slopes = []
    for run in learnt:
        start = max(guessing, run.start)
        if run.best > start:
            grid = np.linspace(start, run.best, POINTS)
            distances = run.at(grid)
            there = np.isfinite(distances)
            slopes += [np.polyfit(grid[there], distances[there], 1)[0]] if there.sum() > 1 else []
    if not slopes:
        return untestable("; ".join(["no network became better than guessing", *notes]))
    evidence = decide_lower(compare_paired(np.array(slopes), np.zeros(len(slopes))))
    return replace(evidence, why="; ".join(filter(None, (evidence.why, *notes))))
