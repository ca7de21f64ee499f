"""Neuron-split noise floor, and what trained and untrained networks are compared with it (Figure 5, Table 3)."""

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
COMPARISON_KEYS = ("noise_floor_repeats",)

# The splits of neurons are the same for every model of a recording, so that models are compared on equal terms.
SPLIT_SEED = 2025


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per quantity x stage x seed x repeat; quantity in {floor, model}, stage in {untrained, trained}.

    The floor is about the recording alone: its seed is -1 and its stage empty.
    """
    import pandas as pd

    from neurorules.runs.evaluate import ModelActivity
    from neurorules.runs.run import STAGES, checkpoint_index
    from neurorules.similarity.noise_floor import floor_distances, group_size, model_distances, neuron_splits

    rates = recording["rates"].values
    n_neurons, repeats = rates.shape[-1], model.options.comparison.noise_floor_repeats
    size = group_size(n_neurons, model.options.network["units"])
    splits = neuron_splits(n_neurons, size, repeats, SPLIT_SEED)

    def rows(quantity: str, stage: str, seed: int, accuracy: float, distances: NDArray[Any]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                **model.labels,
                "quantity": quantity,
                "stage": stage,
                "seed": seed,
                "accuracy": accuracy,
                "group_size": size,
                "repeat": np.arange(repeats),
                "distance": distances,
            }
        )

    tables = [rows("floor", "", -1, float("nan"), floor_distances(rates, splits))]
    for seed, run in model.runs.items():
        activity = ModelActivity(run, model.options, model.task, recording)
        for stage in STAGES:
            index = checkpoint_index(run, stage)
            distances = model_distances(activity.at(index), rates, splits, SPLIT_SEED + 1)
            tables.append(rows("model", stage, seed, float(run["accuracy"].values[index]), distances))
    return pd.concat(tables, ignore_index=True)
