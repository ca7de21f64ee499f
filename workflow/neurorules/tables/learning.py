"""Accuracy and loss over training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.options import Options
    from neurorules.tasks.base.task import Task

SUBJECT = "model"
NEEDS_RECORDING = False
COMPARISON_KEYS = ()


def table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Options,
    task: Task,
    recording: xr.Dataset | None,
) -> pd.DataFrame:
    """One row per seed x checkpoint: update, accuracy on the test trials, and the task loss of that update's batch.

    The last checkpoint comes after the last update and has the loss of that one.
    """
    import pandas as pd

    tables = []
    for seed, run in runs.items():
        update = run["checkpoint"].values
        loss = run["task_loss"].values[np.minimum(update, run.sizes["update"] - 1)]
        columns = {"seed": seed, "update": update, "accuracy": run["accuracy"].values, "task_loss": loss}
        tables.append(pd.DataFrame({**labels, **columns}))
    return pd.concat(tables, ignore_index=True)
