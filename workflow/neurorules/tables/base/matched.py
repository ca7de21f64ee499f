"""Tables of values over training, read at the accuracies that all networks reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.matched_accuracy import at_accuracies, common_level, common_start

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# The lowest accuracy that the paper looks at (Figure 6D). Networks that have not learnt tell nothing of learning rules.
LEAST_ACCURACY = 0.4

# Accuracies between the lowest and the highest common one at which curves are read.
GRID_POINTS = 201


@dataclass(frozen=True)
class Matched:
    """Values of several groups of networks at common accuracies.

    Attributes:
        level: the highest accuracy that every network reached.
        lowest: the accuracy from which on all curves overlap.
        at_level: for each group (seed,), values at `level`.
        upper_half: for each group (seed,), means over the upper half of lowest..level. Curves of one group that cross
            within that range agree here but not at `level`, or the other way round.
        seeds: for each group (seed,), the seeds, ascending.
    """

    level: float
    lowest: float
    at_level: list[NDArray[Any]]
    upper_half: list[NDArray[Any]]
    seeds: list[NDArray[Any]]


def matched(groups: Sequence[pd.DataFrame], value: str = "distance") -> Matched | None:
    """Read every network's curve at the accuracies that all networks of all groups went through.

    Args:
        groups: tables with columns seed, update, accuracy and `value`; what differs within a seed's checkpoint (the
            hyperparameters of DSA, say) is averaged first.
        value: the column to read.

    Returns:
        None where there is no common accuracy between 0 and 1.
    """
    runs = [_runs(group, value) for group in groups]
    if not all(runs):
        return None
    accuracies = [run["accuracy"].to_numpy() for of_group in runs for run in of_group]
    level = common_level(accuracies)
    # Normalized accuracy is shown from 0.
    lowest = max(0.0, common_start(accuracies))
    if lowest > level:
        return None
    grid = np.linspace(lowest, level, GRID_POINTS)
    curves = [
        np.stack([at_accuracies(run["accuracy"].to_numpy(), run[value].to_numpy(), grid) for run in of_group])
        for of_group in runs
    ]
    return Matched(
        level=level,
        lowest=lowest,
        at_level=[curve[:, -1] for curve in curves],
        upper_half=[curve[:, GRID_POINTS // 2 :].mean(1) for curve in curves],
        seeds=[np.array([run["seed"].iloc[0] for run in of_group]) for of_group in runs],
    )


def doubts(common: Matched | None) -> str:
    """What a reader must know of a comparison at matched accuracy, in brackets; "" where it says what it seems to.

    Args:
        common: see `matched`.
    """
    if common is None:
        return ""
    words = [f"below {LEAST_ACCURACY:g}: not all have learnt"] if common.level < LEAST_ACCURACY else []
    if same := same_networks(common):
        words.append(f"one and the same network: seeds {', '.join(map(str, same))}")
    return f" ({'; '.join(words)})" if words else ""


def same_networks(common: Matched) -> list[int]:
    """Seeds for which two of the groups hold one and the same network: equal to the last digit where they are read.

    Learning rules share the network of a seed before its first update, and settings that differ in nothing share all.
    """
    values = [dict(zip(seeds, read, strict=True)) for seeds, read in zip(common.seeds, common.at_level, strict=True)]
    pairs = [(a, b) for i, a in enumerate(values) for b in values[i + 1 :]]
    return sorted({int(seed) for a, b in pairs for seed in a.keys() & b.keys() if a[seed] == b[seed]})


def n_reached(groups: Iterable[pd.DataFrame], level: float) -> str:
    """How many networks of each group (columns seed, accuracy) reached an accuracy: "2 of 4 and 4 of 4 networks"."""
    best = [group.groupby("seed")["accuracy"].max() for group in groups]
    return f"{' and '.join(f'{(of_seed >= level).sum()} of {len(of_seed)}' for of_seed in best)} networks"


def highest_common_accuracy(runs: Iterable[pd.DataFrame]) -> float:
    """The highest accuracy that all runs reach; NaN where one of them starts above it.

    Args:
        runs: columns update, accuracy.
    """
    accuracies = [run.sort_values("update")["accuracy"].to_numpy() for run in runs]
    level = common_level(accuracies)
    return level if common_start(accuracies) <= level else float("nan")


def distance_at(run: pd.DataFrame, accuracy: Any) -> NDArray[Any]:
    """Distance of one run where it first reaches given accuracies, see `at_accuracies`.

    Args:
        run: columns update, accuracy, distance.
        accuracy: one or several.
    """
    return at_accuracies(*run_curve(run), np.asarray(accuracy))


def run_curve(run: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
    """Accuracy and distance of one run, (checkpoint,) each, in order of updates."""
    run = run.sort_values("update")
    return run["accuracy"].to_numpy(), run["distance"].to_numpy()


def all_learnt(group: pd.DataFrame, least: float = LEAST_ACCURACY) -> bool:
    """Whether every seed's network reached an accuracy (columns seed, accuracy)."""
    return bool((group.groupby("seed")["accuracy"].max() >= least).all())


def _runs(group: pd.DataFrame, value: str) -> list[pd.DataFrame]:
    """One table for each seed, ascending, with one row per checkpoint in order of updates."""
    points = group.groupby(["seed", "update"], sort=True)[["accuracy", value]].mean().reset_index()
    points = points.dropna()  # a network whose activity overflowed has a curve up to there
    return [run for _, run in points.groupby("seed", sort=True)]


def last_values(group: pd.DataFrame, value: str = "distance") -> NDArray[Any]:
    """(seed,) values at each seed's last checkpoint, whatever its accuracy."""
    last = group.groupby("seed")["update"].transform("max") == group["update"]
    values: NDArray[Any] = group[last].groupby("seed", sort=True)[value].mean().to_numpy()
    return values
