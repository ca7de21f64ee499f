"""Numbers of each network for an analysis of variance: distances at one accuracy and after training, and accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurorules.errors import InputError
from neurorules.similarity.matched_accuracy import ROUNDING, common_level, common_start
from neurorules.tables.base.levels import FIXED_LEVELS, LEAST_REACHED, least_level
from neurorules.tables.base.matched import run_course

if TYPE_CHECKING:
    import pandas as pd

    from neurorules.similarity.matched_accuracy import Course

MATCHED, TRAINED, ACCURACY = "matched", "trained", "accuracy"
RESPONSES = (MATCHED, TRAINED, ACCURACY)

# Learning rules share a network's initial weights and trials.
WITHIN = ("learning_rule",)

# A fixed level needs this share of all networks.
ENOUGH = 0.75

KEPT = ("recording", "recording_title", "synthetic", "task")


def responses(distances: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """One row per recording, task, network and response.

    `matched` is the distance at one accuracy for all networks of a recording and task. This is the highest accuracy
    that all reach or, if that is below `least_level`, the first of `FIXED_LEVELS` that three in four networks reach, or
    else the least level. Cells, combinations of all factors, count only if at least half of their networks reached it.
    `trained` is the distance at the last checkpoint, `accuracy` the highest that the network reached and kept.

    Args:
        distances: tables of type distances, rows of one measure.
        factors: columns that tell the models apart.

    Returns:
        Columns recording, recording_title, synthetic, task, the factors, seed, response, level_accuracy (NaN unless
        matched) and value; NaN for a network without this response.

    Raises:
        InputError: two models have the same levels of all factors.
    """
    import pandas as pd

    parts = []
    for _, rows in distances.groupby(["recording", "task"], sort=True):
        # If a network's activity overflowed, its curve ends there.
        rows = rows[rows["distance"].notna() & rows["accuracy"].notna()]
        networks, courses = [], []
        for _, run in rows.groupby([*factors, "seed"], sort=True):
            if run["setting"].nunique() > 1 or run["learning_rule"].nunique() > 1:
                raise _not_told_apart(run, factors)
            last = run.sort_values("update").iloc[-1]
            networks.append({name: last[name] for name in (*KEPT, *factors, "seed", "distance")})
            courses.append(run_course(run))
        table = pd.DataFrame(networks)
        level = _level(courses, least_level(rows))
        at_level = np.array([float(course.at(level)) for course in courses])
        reached = pd.Series(np.isfinite(at_level)).groupby([table[name] for name in factors]).transform("mean")
        values = {
            MATCHED: np.where(reached >= LEAST_REACHED, at_level, np.nan),
            TRAINED: table["distance"].to_numpy(),
            ACCURACY: np.array([course.best for course in courses]),
        }
        table = table.drop(columns="distance")
        for response, value in values.items():
            at = level if response == MATCHED else np.nan
            parts.append(table.assign(response=response, level_accuracy=at, value=value))
    return pd.concat(parts, ignore_index=True)


def _level(courses: Sequence[Course], least: float) -> float:
    """The accuracy at which networks are read, see `responses`."""
    common = common_level(courses)
    if common >= least - ROUNDING and common_start(courses) <= common + ROUNDING:
        return common
    for level in FIXED_LEVELS:
        if level >= least and np.mean([bool(course.passed(level)) for course in courses]) >= ENOUGH:
            return level
    return least


def _not_told_apart(run: pd.DataFrame, factors: Sequence[str]) -> InputError:
    models = sorted({f"{rule}/{setting}" for rule, setting in zip(run["learning_rule"], run["setting"], strict=True)})
    return InputError(
        "Two models of this figure have the same levels of all factors.",
        key="figures.factors.factors",
        value=list(factors),
        remedy=f"Add the factor in which they differ, or show only one of {', '.join(models)}.",
    )
