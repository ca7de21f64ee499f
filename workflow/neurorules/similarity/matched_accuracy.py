"""Distances at matched accuracy: curves are read at common accuracies, not at common updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def at_accuracies(accuracy: np.ndarray, distance: np.ndarray, wanted: np.ndarray) -> np.ndarray:
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
    return np.interp(wanted, best[new_best], distance[new_best], left=np.nan, right=np.nan)


def mean_curve(runs: Sequence[pd.DataFrame], n_points: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Mean over runs of distance against accuracy.

    Args:
        runs: tables with columns update, accuracy, distance.
        n_points: accuracies between 0 and 1.

    Returns:
        Accuracies and mean distances where every run has been; empty where there is no such range.
    """
    wanted = np.linspace(0.0, 1.0, n_points + 1)
    ordered = [run.sort_values("update") for run in runs]
    curves = np.stack([at_accuracies(r["accuracy"].to_numpy(), r["distance"].to_numpy(), wanted) for r in ordered])
    everywhere = np.isfinite(curves).all(0)
    return wanted[everywhere], curves[:, everywhere].mean(0)
