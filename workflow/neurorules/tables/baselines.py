"""Baselines for distances to a recording, computed from the recording alone.

They are the cross-condition average, for all neurons and for half of them; ceilings from neuron splits and trial
splits, for halves and extrapolated to the whole recording; and the dimensionality.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.similarity.extrapolation import Extrapolated

SUBJECT = "recording"
NEEDS_RECORDING = True
COMPARISON_KEYS = ("measures", "noise_floor_repeats", "trial_averaging_repeats")

SPLIT_SEED = 2025


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording that a measure cannot be computed for.

    Raises:
        InputError: raised by a measure.
    """
    from neurorules.similarity.measures.base.measure import check_measures

    check_measures(options.measures, recording["rates"].values, options)


def table(recording: xr.Dataset, labels: Mapping[str, Any], options: Options) -> pd.DataFrame:
    """One row per measure and quantity.

    Every measure has cross_condition_average, over all neurons. The Procrustes distance also has
    cross_condition_average_half, neuron_split_half and, with single trials, trial_split_half, each with the number of
    neurons or trials in a half. *_whole is extrapolated to the number of neurons or trials recorded, and *_exponent is
    the exponent of the fit, see `similarity/extrapolation.py`. participation_ratio belongs to no measure.
    """
    import pandas as pd

    from neurorules.similarity.baselines import cross_condition_average, participation_ratio
    from neurorules.similarity.measures.base.measure import load_distance

    rates = recording["rates"].values
    n_neurons = rates.shape[-1]
    rows = [
        _row(
            measure,
            "cross_condition_average",
            load_distance(measure, options)(cross_condition_average(rates), rates),
            n_neurons,
        )
        for measure in options.measures
    ]
    rows += _ceilings(recording, rates, options) if "procrustes" in options.measures else []
    rows.append(_row("none", "participation_ratio", participation_ratio(rates), n_neurons))
    return pd.DataFrame([{**labels, **row} for row in rows])


def _row(measure: str, quantity: str, value: float, size: int) -> dict[str, Any]:
    return {"measure": measure, "quantity": quantity, "value": value, "group_size": size}


def _ceilings(recording: xr.Dataset, rates: NDArray[Any], options: Options) -> list[dict[str, Any]]:
    """Ceilings in Procrustes distance. Neuron splits need at least two neurons, trial splits need single trials."""
    from neurorules.similarity.extrapolation import neuron_split, trial_split
    from neurorules.similarity.noise_floor import average_distances, group_size, neuron_splits

    rows, repeats, n_neurons = [], options.noise_floor_repeats, rates.shape[-1]
    found: dict[str, Extrapolated | None] = {}
    if n_neurons > 1:
        half = group_size(n_neurons)
        average = average_distances(rates, neuron_splits(n_neurons, half, repeats, SPLIT_SEED)).mean()
        rows.append(_row("procrustes", "cross_condition_average_half", float(average), half))
        found["neuron_split"] = neuron_split(rates, repeats, SPLIT_SEED)
    if "trial_rates" in recording:
        found["trial_split"] = trial_split(recording, options.trial_averaging_repeats, SPLIT_SEED)
    for name, split in found.items():
        if split is not None:
            rows.append(_row("procrustes", f"{name}_half", split.half, split.size))
            rows.append(_row("procrustes", f"{name}_whole", split.whole, split.total))
            rows.append(_row("none", f"{name}_exponent", split.exponent, split.size))
    return rows
