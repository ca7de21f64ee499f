"""First demixed principal components of time and of condition, for the recording and trained networks (Figure 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = True
COMPARISON_KEYS = ()


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per quantity x seed x component x condition x time; quantity in {data, model}; the data's seed is -1.

    Networks are taken after training. The signs of their components are chosen to match the recording's.
    """
    import pandas as pd

    from neurorules.dynamics.dpca import align_signs, demixed_components
    from neurorules.recordings.conditions import labels_in_words

    time_ms = recording["time"].values
    labels = np.array(labels_in_words(recording), object)
    of_data = {name: parts[0] for name, parts in demixed_components(recording["rates"].values).items()}
    tables = []

    def add(quantity: str, seed: int, activity: NDArray[Any]) -> None:
        for name, parts in demixed_components(activity).items():
            projection = align_signs(of_data[name].projection, parts[0].projection)
            condition, time = np.meshgrid(np.arange(len(projection)), time_ms, indexing="ij")
            columns = {
                "quantity": quantity,
                "seed": seed,
                "component": f"{name} 1",
                "condition": condition.ravel(),
                "condition_labels": labels[condition.ravel()],
                "time_ms": time.ravel(),
                "projection": projection.ravel(),
                "explained_variance": parts[0].explained_variance,
            }
            tables.append(pd.DataFrame({**model.labels, **columns}))

    add("data", -1, recording["rates"].values)
    for seed, run in model.runs.items():
        add("model", seed, model.activity(seed, recording).at(run.sizes["checkpoint"] - 1))
    return pd.concat(tables, ignore_index=True)
