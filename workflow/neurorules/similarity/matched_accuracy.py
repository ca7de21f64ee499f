"""Distances at matched accuracy: runs are read where their accuracy is the same, not at the same updates.

Accuracy falls back during training, and how often is seen depends on how many checkpoints there are. So a run is not
read where its checkpoints first reach an accuracy, which is earlier the more of them there are, but from the ascending
course that fits it best. That converges as checkpoints get denser, and depends on their number no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Checkpoints this close in the logarithm of updates are one: the noise of a single one, which is the more likely to be
# extreme the more there are, must not set what a run reached. The last such bin is the last tenth of the training.
BIN = 0.1

# A checkpoint this close to an accuracy has it, where a whole network is taken and not a value between two.
NEAR = 0.05

# Averages of equal accuracies differ by rounding. What is this close to a level is at it.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Course:
    """What a run went through, as a curve over its accuracy.

    Attributes:
        accuracy: (point,) strictly ascending.
        value: (point,) the value there, a distance to the recording, say.
    """

    accuracy: NDArray[Any]
    value: NDArray[Any]

    @property
    def start(self) -> float:
        """The accuracy that the run started from."""
        return float(self.accuracy[0])

    @property
    def best(self) -> float:
        """The highest accuracy that it came to and kept."""
        return float(self.accuracy[-1])

    def passed(self, level: Any) -> Any:
        """Whether the run started at or below an accuracy, or several, and came to it."""
        return (self.start <= np.asarray(level) + ROUNDING) & (self.best >= np.asarray(level) - ROUNDING)

    def at(self, wanted: Any) -> NDArray[Any]:
        """Values at accuracies, of their shape; NaN where the run never was."""
        return np.where(self.passed(wanted), np.interp(wanted, self.accuracy, self.value), np.nan)


def course(update: NDArray[Any], accuracy: NDArray[Any], value: NDArray[Any]) -> Course:
    """The ascending course of a run: weighted isotonic regression of accuracy on the logarithm of updates.

    A checkpoint weighs as much as the interval of log(1 + update) that it stands for, half the way to either
    neighbour. Where accuracy falls back, it is pooled with what was before until it ascends, by the algorithm of
    pool adjacent violators (Barlow et al. 1972); the value is averaged over the same checkpoints, by the same weights.
    Between them, both are linear in log update. A run that loses what it learnt for long has not reached it.

    Args:
        update: (checkpoint,) ascending.
        accuracy, value: (checkpoint,) in order of updates.
    """
    points = _binned(np.log1p(update), np.stack([accuracy, value], axis=1).astype(float))
    pooled: list[tuple[float, NDArray[Any]]] = []
    for weight, of_point in points:
        while pooled and pooled[-1][1][0] >= of_point[0]:
            before, of_before = pooled.pop()
            of_point = (before * of_before + weight * of_point) / (before + weight)
            weight += before
        pooled.append((weight, of_point))
    accuracies, values = np.array([of_point for _, of_point in pooled]).T
    return Course(accuracies, values)


def _binned(time: NDArray[Any], rows: NDArray[Any]) -> list[tuple[float, NDArray[Any]]]:
    """Weights and means of bins of `BIN`, counted from the last checkpoint, in order of time; empty ones are none."""
    if len(time) == 1:
        return [(1.0, rows[0])]
    edges = np.concatenate([time[:1], (time[1:] + time[:-1]) / 2, time[-1:]])
    weights = np.diff(edges)
    bins = np.floor((time[-1] - time) / BIN + 1e-9)
    return [
        (
            float(weights[own].sum()),
            np.average(rows[own], axis=0, weights=weights[own]) if len(own) > 1 else rows[own[0]],
        )
        for own in (np.flatnonzero(bins == number) for number in np.unique(bins)[::-1])
    ]


def common_level(courses: Iterable[Course]) -> float:
    """The highest accuracy that all runs reach: the lowest of their best accuracies."""
    return min(of_run.best for of_run in courses)


def common_start(courses: Iterable[Course]) -> float:
    """The accuracy from which on all runs have one: the highest of their first accuracies.

    It is above `common_level` where one run starts where another never comes.
    """
    return max(of_run.start for of_run in courses)


def checkpoint_at(update: NDArray[Any], accuracy: NDArray[Any], level: float) -> int:
    """Index of the checkpoint at which a run is taken to have an accuracy; the nearest that it comes to it elsewhere.

    Of the checkpoints at that accuracy, within `NEAR` or as near as any is, it is the one closest in log updates to
    where the run's course has it.

    Args:
        update, accuracy: (checkpoint,) in order of updates.
        level: an accuracy, which the run need not reach.
    """
    time = np.log1p(update)
    reached = course(update, accuracy, time)
    level = float(np.clip(level, reached.start, reached.best))
    off = np.abs(accuracy - level)
    there = off <= max(NEAR, off.min()) + ROUNDING
    return int(np.argmin(np.where(there, np.abs(time - reached.at(level)), np.inf)))


def mean_curve(courses: Sequence[Course], n_points: int = 100) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean over runs of distance against accuracy.

    Args:
        courses: of the runs.
        n_points: intervals between accuracy 0 and 1.

    Returns:
        Accuracies at which every run has been, (n,); mean distances there, (n,); and each run's distances, (run, n). n
        is 0 where there is no such accuracy.
    """
    wanted = np.linspace(0.0, 1.0, n_points + 1)
    curves = np.stack([of_run.at(wanted) for of_run in courses])
    everywhere = np.isfinite(curves).all(0)
    curves = curves[:, everywhere]
    return wanted[everywhere], curves.mean(0), curves
