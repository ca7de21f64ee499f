"""Single trials of a recording in the form of the contract: ragged, one trial of one neuron per row.

Files may have other forms: labels of any numeric type, dimensions in any order and with any names, or neurons that were
recorded together in one array (trial, time, neuron).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

RATES, NEURON, CONDITION = "trial_rates", "trial_neuron", "trial_condition"
WANTED = (
    "Write trial_rates(trial, time) with trial_neuron(trial) and trial_condition(trial), or, for neurons recorded "
    "together, trial_rates(trial, time, neuron) with trial_condition(trial)."
)


def with_ragged_trials(recording: xr.Dataset, file: str | Path) -> xr.Dataset:
    """The recording with trial_rates(trial, time), and trial labels as int64.

    If neurons were recorded together, a neuron with NaN at all times of a trial counts as not recorded in this trial.

    Args:
        recording: with single trials or without; dimensions time and neuron.
        file: shown in errors.

    Raises:
        InputError: the trials have an unknown form or lack labels, or labels are not whole numbers.
    """

    def refuse(key: str, value: Any) -> InputError:
        return InputError("The single trials have an unknown form.", file=file, key=key, value=value, remedy=WANTED)

    if not any(name in recording.variables for name in (RATES, NEURON, CONDITION)):
        return recording
    if RATES not in recording.variables:
        given = [name for name in (NEURON, CONDITION) if name in recording.variables]
        raise refuse(given[0], "trial_rates is missing")
    rates = recording[RATES]
    trial = [dimension for dimension in rates.dims if dimension not in ("time", "neuron")]
    if "time" not in rates.dims or len(trial) != 1 or trial == ["condition"]:
        raise refuse(RATES, rates.dims)
    if rates.dtype.kind not in "iuf":
        raise refuse(RATES, str(rates.dtype))
    together = "neuron" in rates.dims
    labels = [CONDITION] if together else [NEURON, CONDITION]
    if together and NEURON in recording.variables:
        raise refuse(NEURON, "every row of trial_rates has all neurons already")
    whole = {}
    for name in labels:
        if name not in recording.variables or recording[name].dims != tuple(trial):
            raise refuse(name, recording[name].dims if name in recording.variables else "it is missing")
        whole[name] = whole_numbers(recording[name].values, name, file)
    if rates.dims == ("trial", "time"):
        return recording.assign({name: ("trial", values, recording[name].attrs) for name, values in whole.items()})
    values = rates.transpose("neuron", *trial, "time", missing_dims="ignore").values
    if together:
        n_neurons, n_trials = values.shape[:2]
        values = values.reshape(-1, values.shape[-1])
        whole = {
            NEURON: np.repeat(np.arange(n_neurons), n_trials),
            CONDITION: np.tile(whole[CONDITION], n_neurons),
        }
        recorded = ~np.isnan(values).all(axis=1)
        values, whole = values[recorded], {name: of_trials[recorded] for name, of_trials in whole.items()}
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    # The dimension now has another length or name. Other data of single trials are not used.
    return recording.drop_dims(trial).assign(
        {RATES: (("trial", "time"), values, rates.attrs), **{name: ("trial", of) for name, of in whole.items()}}
    )


def whole_numbers(values: NDArray[Any], key: str, file: str | Path) -> NDArray[Any]:
    """Numbers in a file that are used as indices, as int64, from any numeric type.

    Raises:
        InputError: a value is missing, not whole, or not a number.
    """
    wrong: Any = None
    if values.dtype.kind not in "iuf":
        wrong = str(values.dtype)
    elif values.dtype.kind == "f" and len(bad := values[~(np.isfinite(values) & (values == np.rint(values)))]):
        wrong = float(bad[0])
    elif len(big := values[np.abs(values.astype(np.float64)) > 2**53]):
        wrong = big[0].item()
    if wrong is not None:
        raise InputError(
            "Labels of trials must be whole numbers, counted from 0.",
            file=file,
            key=key,
            value=wrong,
            remedy="Number neurons and conditions in the order of the recording; -1 marks a trial without a condition.",
        )
    whole: NDArray[Any] = values.astype(np.int64)
    return whole


def fault_of_trials(recording: xr.Dataset) -> tuple[str, str, Any] | None:
    """Key, problem and value of the first error of single trials in the contract's form; None if there is none."""
    if RATES not in recording.variables:
        return None
    for name, dimensions in ((RATES, ("trial", "time")), (NEURON, ("trial",)), (CONDITION, ("trial",))):
        if name not in recording.variables or recording[name].dims != dimensions:
            found = recording[name].dims if name in recording.variables else None
            return name, f"Single trials need {name}({', '.join(dimensions)}).", found
    for name, of, least in ((NEURON, "neuron", 0), (CONDITION, "condition", -1)):
        labels = recording[name].values
        if labels.dtype != np.int64:
            return name, "Labels of trials must be int64.", str(labels.dtype)
        outside = labels[(labels < least) | (labels >= recording.sizes[of])]
        if len(outside):
            n = recording.sizes[of]
            return (
                name,
                f"A trial belongs to a {of} that the recording does not have (0 to {n - 1}).",
                int(outside[0]),
            )
    rates = recording[RATES].values
    if not np.isfinite(rates).all():
        return RATES, "Values must be finite; there are NaN or infinite ones.", int((~np.isfinite(rates)).sum())
    if (rates < 0).any():
        return RATES, "Firing rates must not be negative.", float(rates.min())
    if rates.size and not np.ptp(rates) > 0:
        return RATES, "The single trials never change: there is nothing to compare.", float(rates.flat[0])
    return None
