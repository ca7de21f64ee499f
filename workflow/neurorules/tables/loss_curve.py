"""The task loss of all updates over training, averaged in bins."""

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

N_BINS = 200


def table(model: ScoredModel, recording: xr.Dataset | None) -> pd.DataFrame:
    """One row per seed x bin: the bin's last update, counted from 1, and its mean task loss.

    There are N_BINS bins of nearly equal size, or one per update if there are fewer updates.
    """
    import pandas as pd

    tables = []
    for seed, run in model.runs.items():
        bins = np.array_split(run["task_loss"].values, min(N_BINS, run.sizes["update"]))
        columns = {
            "seed": seed,
            "update": np.cumsum([len(one) for one in bins]),
            "task_loss": [one.mean() for one in bins],
            "updates": run.sizes["update"],
        }
        tables.append(pd.DataFrame({**model.labels, **columns}))
    return pd.concat(tables, ignore_index=True)
