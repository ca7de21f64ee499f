"""Distances at matched accuracy: curves are read at common accuracies, not at common updates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def common_level(accuracies: Iterable[NDArray[Any]]) -> float:
    """The highest accuracy that all runs reach: the lowest of their best accuracies.

    Args:
        accuracies: for each run (checkpoint,).
    """
    return float(min(accuracy.max() for accuracy in accuracies))


def common_start(accuracies: Iterable[NDArray[Any]]) -> float:
    """The accuracy from which on all runs have one: the highest of their first accuracies.

    It is above `common_level` where one run starts where another never comes.

    Args:
        accuracies: for each run (checkpoint,) in order of updates.
    """
    return float(max(accuracy[0] for accuracy in accuracies))


def first_reaching(accuracy: NDArray[Any], level: float) -> int:
    """Index of the first checkpoint at which a run has at least an accuracy, which it does reach.

    Args:
        accuracy: (checkpoint,) in order of updates.
        level: at most the run's best accuracy.
    """
    return int(np.argmax(accuracy >= level))


def nearest(accuracy: NDArray[Any], level: float) -> int:
    """Index of the checkpoint, the first of several, whose accuracy is closest to a level.

    Args:
        accuracy: (checkpoint,) in order of updates.
        level: an accuracy, which the run need not reach.
    """
    return int(np.argmin(np.abs(accuracy - level)))


def at_accuracies(accuracy: NDArray[Any], distance: NDArray[Any], wanted: NDArray[Any]) -> NDArray[Any]:
    """Distance at given accuracies, interpolated between the checkpoints that first reach them.

    Accuracy may fall back during training, so that a curve is not a function of it. Each accuracy is read where the run
    first reaches it: at checkpoints that set a new best accuracy, in order of updates.

    Args:
        accuracy, distance: (checkpoint,) in order of updates.
        wanted: (n,) accuracies.

    Returns:
        (n,) distances, NaN outside the range of accuracies that the run went through.
    """
    best = np.maximum.accumulate(accuracy)
    new_best = np.concatenate([[True], best[1:] > best[:-1]])
    values: NDArray[Any] = np.interp(wanted, best[new_best], distance[new_best], left=np.nan, right=np.nan)
    return values


def mean_curve(
    runs: Sequence[tuple[NDArray[Any], NDArray[Any]]], n_points: int = 100
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean over runs of distance against accuracy.

    Args:
        runs: accuracy and distance of each run, (checkpoint,) in order of updates.
        n_points: intervals between accuracy 0 and 1.

    Returns:
        Accuracies at which every run has been, (n,); mean distances there, (n,); and each run's distances, (run, n). n
        is 0 where there is no such accuracy.
    """
    wanted = np.linspace(0.0, 1.0, n_points + 1)
    curves = np.stack([at_accuracies(accuracy, distance, wanted) for accuracy, distance in runs])
    everywhere = np.isfinite(curves).all(0)
    curves = curves[:, everywhere]
    return wanted[everywhere], curves.mean(0), curves
