"""Networks come closer to the recording as they get better at the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.statistics.comparison import compare_paired
from neurorules.tables.base.matched import LEAST_ACCURACY, distance_at

if TYPE_CHECKING:
    import pandas as pd

# Accuracies, evenly spaced, at which a curve is read: checkpoints lie dense where accuracy moves little.
POINTS = 21


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sample t-test over seeds: within a training, the slope of distance against accuracy is below 0.

    Each network's curve is read at even steps of accuracy, from guessing (0 where the table does not say it: the mean
    over trials as the answer) to its best, and a line is fitted. The ledger's first is the slope (distance per unit of
    accuracy), its second 0. Networks that have not learnt have no such range and are left out, and counted.

    Args:
        rows: columns seed, update, accuracy, distance; guessing_accuracy, where there.
        parameters: least_accuracy, the lowest best accuracy of a network that has learnt.
        margin: not used.
    """
    if why := missing_columns(rows, "seed", "update", "accuracy", "distance"):
        return untestable(why)
    least = float(parameters.get("least_accuracy", LEAST_ACCURACY))
    guessing = float(rows["guessing_accuracy"].iloc[0]) if "guessing_accuracy" in rows else 0.0
    points = rows.groupby(["seed", "update"], sort=True)[["accuracy", "distance"]].mean().reset_index().dropna()
    runs = [run for _, run in points.groupby("seed", sort=True)]
    learnt = [run for run in runs if run["accuracy"].max() >= max(least, guessing)]
    note = f"without {len(runs) - len(learnt)} of {len(runs)} networks, which have not learnt"
    notes = [note] if len(learnt) < len(runs) else []
    slopes = []
    for run in learnt:
        start, best = max(guessing, float(run["accuracy"].iloc[0])), float(run["accuracy"].max())
        if best > start:
            grid = np.linspace(start, best, POINTS)
            distances = distance_at(run, grid)
            there = np.isfinite(distances)
            slopes += [np.polyfit(grid[there], distances[there], 1)[0]] if there.sum() > 1 else []
    if not slopes:
        return untestable("; ".join(["no network got better than guessing", *notes]))
    evidence = decide_lower(compare_paired(np.array(slopes), np.zeros(len(slopes))))
    return replace(evidence, why="; ".join(filter(None, (evidence.why, *notes))))
