"""Distances between averages over k trials of the same recording (Table 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.options import Options

SUBJECT = "recording"
NEEDS_RECORDING = True
COMPARISON_KEYS = ("trial_averaging_counts", "trial_averaging_repeats")
NEEDS_TRIALS = True

DRAWS_SEED = 2025


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording without single trials, or with too few.

    Raises:
        InputError: the recording was read without single trials, or no neuron has enough trials.
    """
    from neurorules.errors import InputError
    from neurorules.similarity.baselines import trials_of_neurons

    name, counts = recording.attrs["name"], options.trial_averaging_counts
    if "trial_rates" not in recording:
        raise InputError(
            f"The recording {name} has no single trials to average.",
            key=f"recordings.{name}.options.keep_trials",
            remedy="Set keep_trials to true if the source has them, or remove the recording from the figure.",
        )
    if trials_of_neurons(recording).max() < 2 * min(counts):
        raise InputError(
            f"No neuron of {name} has {2 * min(counts)} trials in every condition.",
            key="comparison.trial_averaging_counts",
            value=list(counts),
            remedy="Average fewer trials, or remove the recording from the figure.",
        )


def table(recording: xr.Dataset, labels: Mapping[str, Any], options: Options) -> pd.DataFrame:
    """One row per number of averaged trials x repeat, with the number of neurons that have enough trials.

    Raises:
        InputError: the recording was read without single trials, or no neuron has enough trials.
    """
    import pandas as pd

    from neurorules.similarity.baselines import trial_averaging

    check(recording, options)
    counts, repeats = options.trial_averaging_counts, options.trial_averaging_repeats
    found = trial_averaging(recording, counts, repeats, DRAWS_SEED)
    tables = [
        pd.DataFrame(
            {
                **labels,
                "trials": k,
                "neurons": averages.n_neurons,
                "repeat": np.arange(len(averages.distances)),
                "distance": averages.distances,
            }
        )
        for k, averages in found.items()
        if len(averages.distances)
    ]
    return pd.concat(tables, ignore_index=True)
