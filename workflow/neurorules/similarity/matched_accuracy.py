"""Distances at matched accuracy: runs are compared at equal accuracy, not at equal numbers of updates.

Accuracy sometimes falls during training, and more checkpoints show more of these falls. The first checkpoint that
reaches an accuracy comes earlier if there are more checkpoints. So a run is read from the best-fitting monotonic curve
instead. This converges as checkpoints get denser, and no longer depends on their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Checkpoints this close in the logarithm of updates are averaged: a single noisy one must not set the accuracy that a
# run reached, and extremes are likelier with more checkpoints. The last such bin is the last tenth of training.
BIN = 0.1

# A checkpoint this close to an accuracy counts as having it, if a network is taken and not an interpolated value.
NEAR = 0.05

# Averages of equal accuracies differ by rounding. Values this close to a level count as equal to it.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Course:
    """The course of a run, as a curve over its accuracy.

    Attributes:
        accuracy: (point,) strictly ascending.
        value: (point,) the value there, such as a distance to the recording.
    """

    accuracy: NDArray[Any]
    value: NDArray[Any]

    @property
    def start(self) -> float:
        """The accuracy at the start of the run."""
        return float(self.accuracy[0])

    @property
    def best(self) -> float:
        """The highest accuracy that the run reached and kept."""
        return float(self.accuracy[-1])

    def passed(self, level: Any) -> Any:
        """Whether the run started at or below an accuracy, or several, and reached it."""
        return (self.start <= np.asarray(level) + ROUNDING) & (self.best >= np.asarray(level) - ROUNDING)

    def at(self, wanted: Any) -> NDArray[Any]:
        """Values at accuracies, in the same shape; NaN for accuracies outside the run's range."""
        return np.where(self.passed(wanted), np.interp(wanted, self.accuracy, self.value), np.nan)


def course(update: NDArray[Any], accuracy: NDArray[Any], value: NDArray[Any]) -> Course:
    """The monotonic course of a run: weighted isotonic regression of accuracy on the logarithm of updates.

    A checkpoint's weight is the interval of log(1 + update) that it represents, halfway to each neighbour. Where
    accuracy falls, it is pooled with earlier checkpoints until it rises (pool adjacent violators, Barlow et al. 1972);
    the value is averaged over the same checkpoints with the same weights. In between, both are linear in log update. A
    run that reaches an accuracy but then loses it for long does not count as having reached it.

    Args:
        update: (checkpoint,) ascending.
        accuracy, value: (checkpoint,) in order of updates.
    """
    points = _binned(np.log1p(update), np.stack([accuracy, value], axis=1).astype(float))
    pooled: list[tuple[float, NDArray[Any]]] = []
    for weight, of_point in points:
        while pooled and pooled[-1][1][0] >= of_point[0]:
            before, of_before = pooled.pop()
            of_point = of_before + (of_point - of_before) * (weight / (before + weight))  # exact for equal points
            weight += before
        pooled.append((weight, of_point))
    accuracies, values = np.array([of_point for _, of_point in pooled]).T
    return Course(accuracies, values)


def _binned(time: NDArray[Any], rows: NDArray[Any]) -> list[tuple[float, NDArray[Any]]]:
    """Weights and means of non-empty bins of width `BIN`, counted from the last checkpoint, in order of time."""
    if len(time) == 1:
        return [(1.0, rows[0])]
    edges = np.concatenate([time[:1], (time[1:] + time[:-1]) / 2, time[-1:]])
    weights = np.diff(edges)
    bins = np.floor((time[-1] - time) / BIN + 1e-9)
    return [
        (
            float(weights[own].sum()),
            rows[own[0]] + np.average(rows[own] - rows[own[0]], axis=0, weights=weights[own]),  # exact for equal rows
        )
        for own in (np.flatnonzero(bins == number) for number in np.unique(bins)[::-1])
    ]


def common_level(courses: Iterable[Course]) -> float:
    """The highest accuracy that all runs reach, the lowest of their best accuracies."""
    return min(of_run.best for of_run in courses)


def common_start(courses: Iterable[Course]) -> float:
    """The lowest accuracy that all runs cover, the highest of their first accuracies.

    It is above `common_level` if one run starts above another run's best.
    """
    return max(of_run.start for of_run in courses)


def checkpoint_at(update: NDArray[Any], accuracy: NDArray[Any], level: float) -> int:
    """Index of the checkpoint at which a run has an accuracy, or the nearest to it that it has.

    Of the checkpoints within `NEAR` of that accuracy, or else nearest to it, this is the one closest in log updates to
    the point at which the run's course reaches it.

    Args:
        update, accuracy: (checkpoint,) in order of updates.
        level: an accuracy; the run need not reach it.
    """
    time = np.log1p(update)
    reached = course(update, accuracy, time)
    level = float(np.clip(level, reached.start, reached.best))
    off = np.abs(accuracy - level)
    there = off <= max(NEAR, off.min()) + ROUNDING
    return int(np.argmin(np.where(there, np.abs(time - reached.at(level)), np.inf)))


def mean_curve(courses: Sequence[Course], n_points: int = 100) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean over runs of the distance as a function of accuracy.

    Args:
        courses: of the runs.
        n_points: intervals between accuracy 0 and 1.

    Returns:
        Accuracies that every run covers, (n,); mean distances there, (n,); and each run's distances, (run, n). n is 0
        if there is no such accuracy.
    """
    wanted = np.linspace(0.0, 1.0, n_points + 1)
    curves = np.stack([of_run.at(wanted) for of_run in courses])
    everywhere = np.isfinite(curves).all(0)
    curves = curves[:, everywhere]
    return wanted[everywhere], curves.mean(0), curves
