"""Distances to the recording over training, for every combination of defensible analysis choices.

The choices are the model step aligned with movement onset, the measure of similarity, and whether to use all neurons or
random halves of them against the same number of units, as in the noise floor. A claim that holds for only one choice
is a claim about that choice (Steegen et al. 2016; Simonsohn et al. 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import xarray as xr

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
COSTLY = True
NEEDS_RECORDING = True
NEEDS = ("steps",)
COMPARISON_KEYS = ("specification_measures", "specification_onset_steps", "specification_splits")

# All models of a recording use the same splits of neurons, so that they can be compared.
SPLIT_SEED = 2025
ALL, HALVES = "all", "halves"


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording that a measure cannot be computed for, or whose neurons cannot be halved.

    Raises:
        InputError: raised by a measure; or there are fewer than four neurons, as a single neuron has no shape.
    """
    from neurorules.errors import InputError
    from neurorules.similarity.measures.base.measure import check_measures

    check_measures(options.comparison.specification_measures, recording["rates"].values, options.comparison)
    if recording.sizes["neuron"] < 4:
        raise InputError(
            f"Distances to halves of the neurons need at least 4 neurons. {recording.attrs['name']} has "
            f"{recording.sizes['neuron']}.",
            key="neuron",
            value=recording.sizes["neuron"],
            remedy="Use a recording with more neurons, or remove multiverse from use_figures.",
        )


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x checkpoint x onset step x measure x population.

    Tasks without a movement onset have one alignment, and the onset step is empty. Distances to halves are means over
    `specification_splits` random halves of the neurons, each compared with the same number of random units.

    Raises:
        InputError: for one of the onset steps, the recording does not fit into the test trials.
    """
    import pandas as pd

    from neurorules.similarity.measures.base.measure import load_between
    from neurorules.similarity.noise_floor import group_size, neuron_splits
    from neurorules.similarity.samples import Samples
    from neurorules.tasks.base.guessing import guessing

    guess = guessing(model.task).columns()
    check(recording, model.options)
    comparison = model.options.comparison
    measures = {name: load_between(name, comparison) for name in comparison.specification_measures}
    rates = Samples(recording["rates"].values)
    n_neurons, n_units = rates.features, int(model.options.network["units"])
    size = group_size(n_neurons, n_units)
    neurons = neuron_splits(n_neurons, size, comparison.specification_splits, SPLIT_SEED)[:, 0]
    rng = np.random.default_rng(SPLIT_SEED + 1)
    units = np.stack([rng.permutation(n_units)[:size] for _ in neurons])
    halves = [rates.some(of_split) for of_split in neurons]
    rows = []
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        for index, update in enumerate(run["checkpoint"].values):
            all_steps = activity.all_steps_at(index)
            of_checkpoint = {
                **model.labels,
                "seed": seed,
                "update": int(update),
                "accuracy": float(run["accuracy"].values[index]),
                "fraction_correct": activity.fraction_correct(index),
                **guess,
            }
            for onset, window in _windows(model, recording, all_steps.shape[1]):
                at_onset = Samples(all_steps[:, window])
                drawn = [at_onset.some(of_split) for of_split in units]
                for measure, distance in measures.items():
                    choice = {**of_checkpoint, **onset, "measure": measure}
                    rows.append({**choice, "population": ALL, "distance": distance(at_onset, rates)})
                    of_halves = [distance(x, y) for x, y in zip(drawn, halves, strict=True)]
                    rows.append({**choice, "population": HALVES, "distance": float(np.mean(of_halves))})
    return pd.DataFrame(rows)


def _windows(model: ScoredModel, recording: xr.Dataset, n_steps: int) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """For each alignment, its columns and the steps aligned with the recording."""
    from neurorules.errors import InputError
    from neurorules.tasks.base.task import compared_steps

    window = compared_steps(model.task, recording, model.options.comparison)
    used = model.options.comparison.get("onset_step")
    if used is None:
        yield {"onset_step": float("nan"), "is_used": 1}, window
        return
    for step in sorted({int(used), *model.options.comparison.specification_onset_steps}):
        shifted = window + (step - int(used))
        if shifted[0] < 0 or shifted[-1] >= n_steps:
            raise InputError(
                f"With movement onset at step {step}, the recording does not fit into the test trials: it covers steps "
                f"{shifted[0]} to {shifted[-1]} of {n_steps}.",
                key=f"tasks.{model.labels['task']}.comparison.specification_onset_steps",
                value=step,
                remedy="Use onset steps at which the recording's times fit into the test trials.",
            )
        yield {"onset_step": step, "is_used": int(step == used)}, shifted
