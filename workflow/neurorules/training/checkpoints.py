"""The updates after which a run saves its parameters: dense at first, when accuracy changes most."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurorules.options import Options


def checkpoint_updates(n_updates: int, schedule: str, count: int) -> NDArray[Any]:
    """Updates after which parameters are saved, ascending, from 0 (untrained) to the last.

    Args:
        n_updates: number of updates in the training.
        schedule: `quadratic`: at updates n (k / (count - 1))^2; `published`: as in the published code, 115 in 1000
            updates.
        count: number of checkpoints for `quadratic`, or fewer if several round to the same update.
    """
    if schedule == "published":
        parts = [
            np.arange(6),
            np.linspace(25, 150, 20),
            np.array([50, 100, 150, 200]),
            np.linspace(200, min(700, n_updates), 40),
            np.linspace(700, min(1500, n_updates), 30),
            np.linspace(0, n_updates, 20),
        ]
        updates = np.rint(np.concatenate(parts))
    else:
        updates = np.rint(n_updates * np.linspace(0.0, 1.0, count) ** 2)
    updates = np.unique(updates.astype(np.int64))
    kept: NDArray[Any] = updates[updates <= n_updates]
    return kept


def phase_checkpoints(training: Options, starts: Sequence[int]) -> set[int]:
    """Updates after which parameters are saved if training has phases: the same schedule within each of them.

    Args:
        training: the options `updates`, `checkpoints` and `n_checkpoints`.
        starts: updates at which phases start, ascending, from 0. Those after the end of training are ignored.
    """
    bounds = [start for start in starts if start < training.updates] + [training.updates]
    return {
        start + int(update)
        for start, stop in pairwise(bounds)
        for update in checkpoint_updates(stop - start, training.checkpoints, training.n_checkpoints)
    }
