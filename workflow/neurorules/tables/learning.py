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
NEEDS = ("history",)
COMPARISON_KEYS = ()


def table(model: ScoredModel, recording: xr.Dataset | None) -> pd.DataFrame:
    """One row per seed x checkpoint: update, accuracy on the test trials, and the task loss of that update's batch.

    Rows also have the fraction of correct test trials and the guessing levels.

    The last checkpoint comes after the last update and has the loss of that update.
    """
    import pandas as pd

    from neurorules.tasks.base.guessing import guessing

    guess = guessing(model.task).columns()
    tables = []
    for seed, run in model.runs.items():
        update = run["checkpoint"].values
        loss = run["task_loss"].values[np.minimum(update, run.sizes["update"] - 1)]
        columns = {"seed": seed, "update": update, "accuracy": run["accuracy"].values, "task_loss": loss}
        activity = model.activity(seed, None)
        correct = []
        for index in range(len(update)):
            activity.all_steps_at(index)
            correct.append(activity.fraction_correct(index))
        columns |= {"fraction_correct": correct, **guess}
        tables.append(pd.DataFrame({**model.labels, **columns}))
    return pd.concat(tables, ignore_index=True)
