"""Accuracy and loss over training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = False
COMPARISON_KEYS = ()


def table(model: ScoredModel, recording: xr.Dataset | None) -> pd.DataFrame:
    """One row per seed x checkpoint: update, accuracy on the test trials, and the task loss of that update's batch.

    The last checkpoint comes after the last update and has the loss of that one.
    """
    import pandas as pd

    tables = []
    for seed, run in model.runs.items():
        update = run["checkpoint"].values
        loss = run["task_loss"].values[np.minimum(update, run.sizes["update"] - 1)]
        columns = {"seed": seed, "update": update, "accuracy": run["accuracy"].values, "task_loss": loss}
        tables.append(pd.DataFrame({**model.labels, **columns}))
    return pd.concat(tables, ignore_index=True)
