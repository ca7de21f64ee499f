"""Neuron-split noise floor, and distances of trained and untrained networks to compare with it (Figure 5, Table 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
NEEDS_RECORDING = True
COMPARISON_KEYS = ("noise_floor_repeats",)

# All models of a recording use the same splits of neurons, so that they can be compared.
SPLIT_SEED = 2025


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording whose neurons cannot be split.

    Raises:
        InputError: there are fewer than two neurons, or a group has no neuron with a changing rate.
    """
    from neurorules.errors import InputError
    from neurorules.similarity.noise_floor import group_size, neuron_splits, silent_splits

    rates, repeats = recording["rates"].values, options.comparison.noise_floor_repeats
    n_neurons = rates.shape[-1]
    if n_neurons < 2:
        raise InputError(
            "A noise floor needs at least 2 neurons, one for each half of the recording. "
            f"{recording.attrs['name']} has {n_neurons}.",
            key="neuron",
            value=n_neurons,
            remedy="Use a recording with more neurons, or remove fig5 and table3 from use_figures.",
        )
    splits = neuron_splits(n_neurons, group_size(n_neurons, options.network["units"]), repeats, SPLIT_SEED)
    silent = silent_splits(rates, splits)
    if silent:
        changing = int((np.ptp(rates, axis=(0, 1)) > 0).sum())
        raise InputError(
            f"A noise floor needs neurons with changing rates in both groups. In {silent} of {repeats} splits of "
            f"{recording.attrs['name']}, a group of {splits.shape[-1]} has none: {changing} of {n_neurons} neurons "
            "change their rate.",
            key="rates",
            value=changing,
            remedy="Leave out silent neurons, or remove fig5 and table3 from use_figures.",
        )


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per quantity x stage x seed x repeat; stage in {untrained, trained}.

    Quantities are floor; cross_condition_average, which replaces the rates of the second group; model; model_shuffled,
    with a random permutation of conditions for each repeat, in which none keeps its place; and, for reaches,
    model_rotated, with conditions rotated by 180 degrees. The first two are about the recording alone: their seed is -1
    and their stage is empty.

    Raises:
        InputError: the recording's neurons cannot be split, see `check`.
    """
    import pandas as pd

    from neurorules.runs.run import checkpoint_index, stages_of
    from neurorules.similarity.conditions import derangements, opposite_conditions
    from neurorules.similarity.noise_floor import (
        average_distances,
        floor_distances,
        group_size,
        model_distances,
        neuron_splits,
    )
    from neurorules.tasks.base.guessing import guessing

    guess = guessing(model.task).columns()
    check(recording, model.options)
    rates = recording["rates"].values
    n_neurons, repeats = rates.shape[-1], model.options.comparison.noise_floor_repeats
    size = group_size(n_neurons, model.options.network["units"])
    splits = neuron_splits(n_neurons, size, repeats, SPLIT_SEED)
    opposite = opposite_conditions(recording)
    orders = {
        "model": None,
        "model_shuffled": derangements(len(rates), repeats),
        "model_rotated": np.empty((0, len(rates)), int) if opposite is None else opposite[None],
    }

    def rows(
        quantity: str, stage: str, seed: int, accuracy: float, correct: float, distances: NDArray[Any]
    ) -> pd.DataFrame:
        return pd.DataFrame(
            {
                **model.labels,
                "quantity": quantity,
                "stage": stage,
                "seed": seed,
                "accuracy": accuracy,
                "fraction_correct": correct,
                **guess,
                "group_size": size,
                "repeat": np.arange(repeats),
                "distance": distances,
            }
        )

    nan = float("nan")
    tables = [
        rows("floor", "", -1, nan, nan, floor_distances(rates, splits)),
        rows("cross_condition_average", "", -1, nan, nan, average_distances(rates, splits)),
    ]
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        for stage in stages_of(run):
            index = checkpoint_index(run, stage)
            at_stage, accuracy = activity.at(index), float(run["accuracy"].values[index])
            correct = activity.fraction_correct(index)
            for quantity, order in orders.items():
                if order is None or len(order):
                    distances = model_distances(at_stage, rates, splits, SPLIT_SEED + 1, order)
                    tables.append(rows(quantity, stage, seed, accuracy, correct, distances))
    return pd.concat(tables, ignore_index=True)
