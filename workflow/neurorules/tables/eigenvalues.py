"""Eigenvalues of the recurrent weights before and after training (Figure 8A)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tasks.base.task import Task

OF = "model"
NEEDS_RECORDING = False
OPTIONS = ()


def table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Mapping[str, Any],
    task: Task,
    recording: xr.Dataset | None,
) -> pd.DataFrame:
    """One row per seed x moment x eigenvalue; moment in {initial, trained}."""
    import pandas as pd

    from neurorules.dynamics.eigenspectra import eigenvalues

    tables = []
    for seed, run in runs.items():
        for moment, index in (("initial", 0), ("trained", run.sizes["checkpoint"] - 1)):
            values = eigenvalues(run["recurrent"].values[index])
            columns = {
                "seed": seed,
                "update": int(run["checkpoint"].values[index]),
                "moment": moment,
                "index": np.arange(len(values)),
                "real": values.real,
                "imaginary": values.imag,
            }
            tables.append(pd.DataFrame({**labels, **columns}))
    return pd.concat(tables, ignore_index=True)
