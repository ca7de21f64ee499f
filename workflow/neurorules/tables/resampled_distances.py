"""Distances to the recording with its neurons drawn again, from which intervals over neurons and seeds are made."""

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
COMPARISON_KEYS = ("neuron_resamples", "neuron_resample_accuracies")

# The resamples are the same for every model of a recording: differences between models are over the same neurons.
RESAMPLE_SEED = 2025

# The number of the row that has every neuron once.
ALL_NEURONS = -1


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x stage x accuracy x resample: Procrustes distance; stage in {untrained, trained, matched}.

    Untrained and trained are the first and the last checkpoint. Matched is at each accuracy of
    `neuron_resample_accuracies` that the network goes through, read from its ascending course (`course`). Resample -1
    is the recording itself.
    """
    import pandas as pd

    from neurorules.runs.evaluate import ModelActivity
    from neurorules.runs.run import stages_of
    from neurorules.similarity.matched_accuracy import course
    from neurorules.similarity.resampling import neuron_weights, resampled_distances

    options, rates = model.options.comparison, recording["rates"].values
    n_neurons = rates.shape[-1]
    weights = neuron_weights(n_neurons, options.neuron_resamples, RESAMPLE_SEED)
    weights = np.concatenate([np.ones((1, n_neurons), weights.dtype), weights])

    tables = []
    for seed, run in model.runs.items():
        activity = ModelActivity(run, model.options, model.task, recording)
        accuracy = run["accuracy"].values
        identity, last = np.eye(len(accuracy)), len(accuracy) - 1
        # What is read off a curve is a weighted mean of its checkpoints.
        ends = {"untrained": 0, "trained": last}
        stages = [(stage, float(accuracy[ends[stage]]), identity[ends[stage]]) for stage in stages_of(run)]
        for level in options.neuron_resample_accuracies:
            shares = np.array([course(run["checkpoint"].values, accuracy, only).at(level) for only in identity])
            if np.isfinite(shares).all():
                stages.append(("matched", level, shares))
        at_checkpoint: dict[int, NDArray[Any]] = {
            index: resampled_distances(activity.at(index), rates, weights)
            for index in range(last + 1)
            if any(shares[index] for _, _, shares in stages)
        }
        for stage, level, shares in stages:
            tables.append(
                pd.DataFrame(
                    {
                        **model.labels,
                        "seed": seed,
                        "stage": stage,
                        "accuracy": level,
                        "neurons": n_neurons,
                        "repeat": np.arange(len(weights)) + ALL_NEURONS,
                        "distance": sum(shares[index] * of_it for index, of_it in at_checkpoint.items()),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)
