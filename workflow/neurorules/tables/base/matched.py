"""Values over training, read at the accuracies that networks reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.matched_accuracy import ROUNDING, Course, common_level, common_start, course

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# Number of accuracies, from the lowest to the highest common accuracy, at which curves are read.
GRID_POINTS = 201


@dataclass(frozen=True)
class Matched:
    """Values of several groups of networks at equal accuracy.

    Attributes:
        level: the accuracy: the highest that every network reached, or the requested level.
        lowest: the accuracy above which all curves overlap.
        at_level: for each group (seed,), values at `level`.
        upper_half: for each group (seed,), means over the upper half of lowest..level. Curves that cross within that
            range may agree here but not at `level`, or vice versa.
        seeds: for each group (seed,), the seeds used, ascending.
        n_networks: for each group, the number of networks. Those that did not reach `level` are not used.
        untrained: for each group (seed,), the value at the first checkpoint for networks that started at or above
            `level`; NaN for the others.
        fraction_correct: mean over the networks used; NaN if the tables do not have it.
    """

    level: float
    lowest: float
    at_level: list[NDArray[Any]]
    upper_half: list[NDArray[Any]]
    seeds: list[NDArray[Any]]
    n_networks: list[int]
    untrained: list[NDArray[Any]]
    fraction_correct: float

    @property
    def n_reached(self) -> list[int]:
        """For each group, how many networks are used at the level."""
        return [len(seeds) for seeds in self.seeds]


def matched(groups: Sequence[pd.DataFrame], value: str = "distance", level: float | None = None) -> Matched | None:
    """Read the networks' curves at equal accuracy, see `course`.

    Args:
        groups: tables with columns seed, update, accuracy and `value`. Several rows for one checkpoint of a seed, such
            as DSA hyperparameters, are averaged first.
        value: the column to read.
        level: None for the highest accuracy that all networks of all groups reached (common). Otherwise this accuracy,
            read from the networks that started below it and reached it. The others are left out, see
            `Matched.n_reached`.

    Returns:
        None if there is no common accuracy between 0 and 1, or a group has no network that reached the level.
    """
    runs = [_runs(group, value) for group in groups]
    n_networks = [len(of_group) for of_group in runs]
    if level is not None:
        runs = [[run for run in of_group if _course(run, value).passed(level)] for of_group in runs]
    if not all(runs):
        return None
    courses = [[_course(run, value) for run in of_group] for of_group in runs]
    everyone = [of_run for of_group in courses for of_run in of_group]
    level = common_level(everyone) if level is None else float(level)
    # Normalized accuracy is shown from 0.
    lowest = max(0.0, common_start(everyone))
    if lowest > level + ROUNDING:
        return None
    grid = np.linspace(min(lowest, level), level, GRID_POINTS)
    curves = [np.stack([of_run.at(grid) for of_run in of_group]) for of_group in courses]
    correct = [
        _course(run, "fraction_correct").at(level)
        for of_group in runs
        for run in of_group
        if "fraction_correct" in run and run["fraction_correct"].notna().all()
    ]
    return Matched(
        level=level,
        lowest=lowest,
        at_level=[curve[:, -1] for curve in curves],
        upper_half=[curve[:, GRID_POINTS // 2 :].mean(1) for curve in curves],
        seeds=[np.array([run["seed"].iloc[0] for run in of_group]) for of_group in runs],
        n_networks=n_networks,
        untrained=[
            np.array(
                [
                    run[value].iloc[0] if of_run.start >= level - ROUNDING else np.nan
                    for run, of_run in zip(of_group, of_courses, strict=True)
                ]
            )
            for of_group, of_courses in zip(runs, courses, strict=True)
        ],
        fraction_correct=float(np.mean(correct)) if correct else float("nan"),
    )


def means_over(groups: Sequence[pd.DataFrame], low: float, high: float, value: str = "distance") -> list[NDArray[Any]]:
    """For each group (seed,), means of a value over a range of accuracies that every network passed.

    Args:
        groups, value: see `matched`.
        low, high: the range, within `Matched.lowest` and `Matched.level`.
    """
    grid = np.linspace(low, high, GRID_POINTS)
    return [np.stack([_course(run, value).at(grid).mean() for run in _runs(group, value)]) for group in groups]


def same_networks(common: Matched) -> list[int]:
    """Seeds for which two of the groups have the same network: their values are exactly equal.

    All learning rules share a seed's network before the first update, and identical settings share all networks.
    """
    same = set()
    for values in (common.at_level, common.untrained):
        by_seed = [dict(zip(seeds, read, strict=True)) for seeds, read in zip(common.seeds, values, strict=True)]
        pairs = [(a, b) for i, a in enumerate(by_seed) for b in by_seed[i + 1 :]]
        same |= {int(seed) for a, b in pairs for seed in a.keys() & b.keys() if a[seed] == b[seed]}
    return sorted(same)


def count_reached(group: pd.DataFrame, level: float) -> tuple[int, int]:
    """How many networks reached and kept an accuracy, and how many there are (columns seed, update, accuracy)."""
    best = [_course(run, "accuracy").best for run in _runs(group, "accuracy")]
    return sum(of_run >= level - ROUNDING for of_run in best), len(best)


def n_reached(groups: Iterable[pd.DataFrame], level: float) -> str:
    """How many networks of each group reached an accuracy: "2 of 4 and 4 of 4 networks"; see `count_reached`."""
    return f"{' and '.join('{} of {}'.format(*count_reached(group, level)) for group in groups)} networks"


def all_learnt(group: pd.DataFrame, least: float) -> bool:
    """Whether every seed's network reached an accuracy, see `count_reached`."""
    reached, networks = count_reached(group, least)
    return reached == networks


def highest_common_accuracy(runs: Iterable[pd.DataFrame]) -> float:
    """The highest accuracy that all runs reach; NaN if one of them starts above it.

    Args:
        runs: columns update, accuracy, distance.
    """
    courses = [run_course(run) for run in runs]
    level = common_level(courses)
    return level if common_start(courses) <= level + ROUNDING else float("nan")


def distance_at(run: pd.DataFrame, accuracy: Any) -> NDArray[Any]:
    """One run's distance at given accuracies, see `course`.

    Args:
        run: columns update, accuracy, distance.
        accuracy: one accuracy or several.
    """
    return run_course(run).at(accuracy)


def run_course(run: pd.DataFrame, value: str = "distance") -> Course:
    """The course of one run, see `course` (columns update, accuracy and `value`)."""
    return _course(run.sort_values("update"), value)


def last_values(group: pd.DataFrame, value: str = "distance") -> NDArray[Any]:
    """(seed,) values at each seed's last checkpoint, whatever its accuracy."""
    if (order := _one_row_each(group)) is not None:
        seeds, found = group["seed"].to_numpy()[order], group[value].to_numpy()[order]
        values: NDArray[Any] = found[np.append(seeds[1:] != seeds[:-1], True)].astype(float)
        return values
    last = group.groupby("seed")["update"].transform("max") == group["update"]
    values = group[last].groupby("seed", sort=True)[value].mean().to_numpy()
    return values


def _runs(group: pd.DataFrame, value: str) -> list[pd.DataFrame]:
    """One table for each seed, ascending, with one row per checkpoint in order of updates."""
    columns = list(dict.fromkeys(["accuracy", value, *({"fraction_correct"} & set(group.columns))]))
    if (order := _one_row_each(group)) is not None:
        points = group[["seed", "update", *columns]].iloc[order]
    else:
        points = group.groupby(["seed", "update"], sort=True)[columns].mean().reset_index()
    # If a network's activity overflowed, its curve ends there.
    points = points[(points["accuracy"].notna() & points[value].notna()).to_numpy()]
    seeds = points["seed"].to_numpy()
    ends = [*np.flatnonzero(seeds[1:] != seeds[:-1]) + 1, len(seeds)] if len(seeds) else []
    return [points.iloc[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _one_row_each(group: pd.DataFrame) -> NDArray[Any] | None:
    """The order of rows by seed and update; None if checkpoints have several rows, which must be averaged.

    A ledger calls this hundreds of times, and grouping single rows takes pandas milliseconds.
    """
    seeds, updates = group["seed"].to_numpy(), group["update"].to_numpy()
    if seeds.dtype.kind not in "iu" or updates.dtype.kind not in "iu":
        return None
    order = np.lexsort((updates, seeds))
    seeds, updates = seeds[order], updates[order]
    several = ((seeds[1:] == seeds[:-1]) & (updates[1:] == updates[:-1])).any()
    return None if several else order


def _course(run: pd.DataFrame, value: str) -> Course:
    return course(*(run[column].to_numpy() for column in ("update", "accuracy", value)))
