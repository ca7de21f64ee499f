"""Before training, after it, and at an accuracy that the learning rules of a setting share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from neurorules.tables.base.matched import Matched

LABELS = (
    *("recording", "recording_title", "synthetic", "task", "learning_rule", "setting", "learning_rate"),
    *("training_code", "scoring_code", "measure", "seed", "guessing_accuracy", "guessing_fraction_correct"),
)
VALUES = ("update", "accuracy", "fraction_correct", "distance")


def setting_stages(distances: pd.DataFrame) -> pd.DataFrame:
    """One row per recording, task, setting, learning rule, seed and stage.

    Stage "matched" is at one accuracy per recording, task and setting, see `shared_level`. It has no row for networks
    and learning rules that did not reach it, and NaN as the update, which is between checkpoints.

    Args:
        distances: tables of type distances, rows of one measure.

    Returns:
        Label columns, stage in {untrained, trained, matched}, update, accuracy, fraction_correct and distance.
    """
    import pandas as pd

    from neurorules.tables.base.matched import run_course

    rows: list[dict[str, Any]] = []
    for _, of_setting in distances.groupby(["recording", "task", "setting"], sort=True):
        shared = shared_level(of_setting)
        reached = {} if shared is None else dict(zip(shared[0], shared[1].seeds, strict=True))
        for (rule, seed), run in of_setting.groupby(["learning_rule", "seed"], sort=True):
            run = run.sort_values("update")
            labels = {column: run[column].iloc[0] for column in LABELS if column in run}
            for stage, at in (("untrained", 0), ("trained", -1)):
                rows.append({**labels, "stage": stage, **{name: run[name].iloc[at] for name in VALUES}})
            if shared is not None and seed in reached.get(str(rule), ()):
                level = shared[1].level
                read = {name: float(run_course(run, name).at(level)) for name in ("fraction_correct", "distance")}
                rows.append({**labels, "stage": "matched", "update": float("nan"), "accuracy": level, **read})
    return pd.DataFrame(rows, columns=[*(name for name in LABELS if name in distances), "stage", *VALUES])


def shared_level(of_setting: pd.DataFrame) -> tuple[list[str], Matched] | None:
    """The learning rules that have learnt a setting, and their networks at the accuracy that decides a comparison.

    A learning rule has learnt if all of its networks reached the least informative accuracy, or at least three and half
    of them. The others are left out, so that one that fails does not prevent the comparison of the rest.

    Args:
        of_setting: columns learning_rule, seed, update, accuracy, distance, of one recording, task and setting.

    Returns:
        Their names and values, see `levels.deciding`; None if there is no such rule or no such accuracy.
    """
    from neurorules.tables.base.levels import FEWEST_NETWORKS, LEAST_REACHED, deciding, least_level
    from neurorules.tables.base.matched import count_reached

    least = least_level(of_setting)
    learnt = {}
    for rule, runs in of_setting.groupby("learning_rule", sort=True):
        reached, networks = count_reached(runs, least)
        if reached == networks or (reached >= FEWEST_NETWORKS and reached >= LEAST_REACHED * networks):
            learnt[str(rule)] = runs
    found = deciding(list(learnt.values()), {}) if learnt else "none"
    return None if isinstance(found, str) else (list(learnt), found)
