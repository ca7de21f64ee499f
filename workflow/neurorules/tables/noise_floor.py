"""Neuron-split noise floor, and what trained and untrained networks are compared with it (Figure 5, Table 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.tasks.base.task import Task

OF = "model"
NEEDS_RECORDING = True
OPTIONS = ("noise_floor_repeats",)

# The splits of neurons are the same for every model of a recording, so that models are compared on equal terms.
SPLIT_SEED = 2025


def table(
    runs: Mapping[int, xr.Dataset],
    labels: Mapping[str, Any],
    options: Mapping[str, Any],
    task: Task,
    recording: xr.Dataset,
) -> pd.DataFrame:
    """One row per quantity x seed x repeat; quantity in {floor, untrained, trained}.

    `trained` is the last checkpoint, `untrained` the network at update 0; the floor has no seed and stands as seed -1.
    """
    import pandas as pd

    from neurorules.runs.evaluate import ModelActivity
    from neurorules.similarity.noise_floor import floor_distances, group_size, model_distances, neuron_splits

    rates = recording["rates"].values
    n_neurons, repeats = rates.shape[-1], options["comparison"]["noise_floor_repeats"]
    size = group_size(n_neurons, options["network"]["units"])
    splits = neuron_splits(n_neurons, size, repeats, SPLIT_SEED)

    def rows(quantity: str, seed: int, accuracy: float, distances: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(
            {
                **labels,
                "quantity": quantity,
                "seed": seed,
                "accuracy": accuracy,
                "group_size": size,
                "repeat": np.arange(repeats),
                "distance": distances,
            }
        )

    tables = [rows("floor", -1, float("nan"), floor_distances(rates, splits))]
    for seed, run in runs.items():
        activity = ModelActivity(run, options, task, recording)
        for quantity, index in (("untrained", 0), ("trained", run.sizes["checkpoint"] - 1)):
            distances = model_distances(activity.at(index), rates, splits, SPLIT_SEED + 1)
            tables.append(rows(quantity, seed, float(run["accuracy"].values[index]), distances))
    return pd.concat(tables, ignore_index=True)
