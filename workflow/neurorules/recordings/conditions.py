"""Conditions of a recording: their labels, and the order that follows from the labels, not from the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io.identity import canonical_json
from neurorules.recordings.single_trials import CONDITION

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

NAME = "condition_name"


def label_names(recording: xr.Dataset) -> list[str]:
    """Coordinates that label the conditions, in order; the conditions' own names come first."""
    coordinates = recording.coords.items()
    names = [str(name) for name, values in coordinates if values.dims == ("condition",) and name != "condition"]
    return sorted(names, key=lambda name: name != NAME)


def labels_in_words(recording: xr.Dataset) -> list[str]:
    """Labels of each condition by name, as JSON: {"context": 1, "motion_coherence": -0.5}; {} without labels.

    Numbers have four digits, more than any label needs, so they are the same on every machine.
    """
    names = label_names(recording)
    columns = {name: [_plain(value) for value in recording[name].values.tolist()] for name in names}
    return [
        canonical_json({name: columns[name][number] for name in names})
        for number in range(recording.sizes["condition"])
    ]


def _plain(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value if isinstance(value, int) else str(value)


def in_label_order(recording: xr.Dataset) -> xr.Dataset:
    """The recording with its conditions sorted by their labels: by the first label, then by the second, and so on.

    Numbers ascend, text is alphabetical. Conditions without labels keep their order.
    """
    labels = [_sortable(recording[name].values) for name in label_names(recording)]
    if not labels:
        return recording
    return with_conditions(recording, np.lexsort(labels[::-1]))


def with_conditions(recording: xr.Dataset, chosen: Sequence[int] | NDArray[Any]) -> xr.Dataset:
    """The recording with only these conditions, in this order, numbered from 0.

    Single trials of other conditions stay, as trials without a condition.
    """
    n_conditions, chosen = recording.sizes["condition"], np.asarray(chosen, np.int64)
    if np.array_equal(chosen, np.arange(n_conditions)):
        return recording
    ordered = recording.isel(condition=chosen).assign_coords(condition=np.arange(len(chosen)))
    if CONDITION in recording:
        number = np.full(n_conditions + 1, -1, np.int64)  # the last entry is for trials without a condition, -1
        number[chosen] = np.arange(len(chosen))
        ordered[CONDITION] = recording[CONDITION].copy(data=number[recording[CONDITION].values])
    return ordered


def _sortable(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype.kind in "iufb" else np.array([str(value) for value in values.tolist()])
