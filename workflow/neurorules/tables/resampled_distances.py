"""Distances to the recording with resampled neurons and trials, for intervals over neurons, trials and seeds."""

from __future__ import annotations

from collections.abc import Mapping
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

# All models of a recording use the same resamples, so differences between models are over the same neurons.
RESAMPLE_SEED = 2025

# The `repeat` of rows with every neuron once.
ALL_NEURONS = -1


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x stage x accuracy x resample: Procrustes distance; stage in {untrained, trained, matched}.

    Untrained and trained are the first and the last checkpoint. Matched is each accuracy in
    `neuron_resample_accuracies` that the network passes, read from its ascending `course`. Resample -1 is the recording
    itself. If the recording has single trials, they are resampled together with the neurons.
    """
    import pandas as pd

    from neurorules.runs.run import stages_of
    from neurorules.similarity.matched_accuracy import course
    from neurorules.similarity.resampling import neuron_weights

    options, rates = model.options.comparison, recording["rates"].values
    n_neurons = rates.shape[-1]
    weights = neuron_weights(n_neurons, options.neuron_resamples, RESAMPLE_SEED)
    weights = np.concatenate([np.ones((1, n_neurons), weights.dtype), weights])

    networks, needed = [], {}
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        accuracy = run["accuracy"].values
        identity, last = np.eye(len(accuracy)), len(accuracy) - 1
        # A value interpolated from a curve is a weighted mean of its checkpoints.
        ends = {"untrained": 0, "trained": last}
        stages = [(stage, float(accuracy[ends[stage]]), identity[ends[stage]]) for stage in stages_of(run)]
        for level in options.neuron_resample_accuracies:
            shares = np.array([course(run["checkpoint"].values, accuracy, only).at(level) for only in identity])
            if np.isfinite(shares).all():
                stages.append(("matched", level, shares))
        networks.append((seed, stages))
        for index in range(last + 1):
            if any(shares[index] for _, _, shares in stages):
                needed[seed, index] = activity.at(index)

    distances = _distances(needed, recording, weights)
    tables = []
    for seed, stages in networks:
        for stage, level, shares in stages:
            tables.append(
                pd.DataFrame(
                    {
                        **model.labels,
                        "seed": seed,
                        "stage": stage,
                        "accuracy": level,
                        "neurons": n_neurons,
                        "trials_resampled": int("trial_rates" in recording),
                        "repeat": np.arange(len(weights)) + ALL_NEURONS,
                        "distance": sum(shares[at] * of_it for (of, at), of_it in distances.items() if of == seed),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def _distances(
    activities: Mapping[tuple[int, int], NDArray[Any]], recording: xr.Dataset, weights: NDArray[Any]
) -> dict[tuple[int, int], NDArray[Any]]:
    """(1 + resample,) distances for each activity, starting with the recording itself.

    Args:
        activities: (condition, time, unit) by seed and checkpoint.
        recording: a recording with or without single trials.
        weights: (1 + resample, neuron), how often each neuron is drawn.
    """
    from neurorules.similarity.resampling import resampled_averages, resampled_distances

    rates = recording["rates"].values
    if "trial_rates" not in recording:
        return {key: resampled_distances(activity, rates, weights) for key, activity in activities.items()}
    found = {key: list(resampled_distances(activity, rates, weights[:1])) for key, activity in activities.items()}
    # Each draw of trials is shared by all networks.
    draws = resampled_averages(recording, len(weights) - 1, RESAMPLE_SEED)
    for drawn, weight in zip(draws, weights[1:], strict=True):
        for key, activity in activities.items():
            found[key] += list(resampled_distances(activity, drawn, weight[None]))
    return {key: np.array(values) for key, values in found.items()}
