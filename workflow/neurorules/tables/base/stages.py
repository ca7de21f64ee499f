"""Stages of training in tables: before and after training, at matched accuracy, and late in loss curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LABELS = (
    *("recording", "recording_title", "synthetic", "task", "learning_rule", "setting", "gain", "recurrent_scale"),
    *("learning_rate", "learning_rate_at_edge", "flossed", "training_code", "scoring_code", "measure", "seed"),
    *("guessing_accuracy", "guessing_fraction_correct"),
)


def at_stages(distances: pd.DataFrame) -> pd.DataFrame:
    """One row per recording, model, seed and stage.

    Args:
        distances: tables of type distances, rows of one measure.

    Returns:
        The label columns and stage in {untrained, trained, matched}, accuracy, distance. "matched" is the highest
        accuracy that all networks of that recording, task and gain reach. There are no such rows if a network starts
        above it.
    """
    import numpy as np
    import pandas as pd

    from neurorules.tables.base.matched import distance_at, highest_common_accuracy

    table = []
    for _, at_gain in distances.groupby(["recording", "task", "gain"], sort=True):
        runs = [
            run.sort_values("update") for _, run in at_gain.groupby(["learning_rule", "setting", "seed"], sort=True)
        ]
        common = highest_common_accuracy(runs)
        for run in runs:
            first, last = run.iloc[0], run.iloc[-1]
            labels = {column: first[column] for column in LABELS if column in run}
            read = [
                ("untrained", first["accuracy"], first["distance"]),
                ("trained", last["accuracy"], last["distance"]),
            ]
            if np.isfinite(common):
                read.append(("matched", common, float(distance_at(run, common))))
            table += [{**labels, "stage": s, "accuracy": a, "distance": d} for s, a, d in read]
    return pd.DataFrame(table)


def unlearnt_gains(stages: pd.DataFrame) -> list[float]:
    """Gains at which not every network learnt: their matched accuracy is below the least level.

    Args:
        stages: rows of `at_stages` of one recording and task.
    """
    from neurorules.tables.base.levels import least_level

    low = stages[(stages["stage"] == "matched") & (stages["accuracy"] < least_level(stages))]
    return sorted(map(float, low["gain"].unique()))


def later_than(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """Bins of updates that end after a given share of the run.

    Args:
        table: columns update and updates, among others.
        share: share of the run's updates, 0 to 1.
    """
    return table[table["update"] > share * table["updates"]].reset_index(drop=True)
