"""The task loss over training, of every update, averaged over bins."""

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
    """One row per seed x bin: the last of its updates, counted from 1, and the mean task loss over the bin.

    Bins are as equal as they can be: N_BINS of them, or one per update where there are fewer updates.
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
