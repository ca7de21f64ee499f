"""Rates that are already z-scored in a file: in SD of each neuron, so some are negative.

A recording's rates are not negative. Each neuron's lowest value is subtracted and kept as `baseline(neuron)`. Distances
that centre their data, as all of ours do, stay the same, and adding the baseline restores the file's values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.session import Z_SCORE

if TYPE_CHECKING:
    import xarray as xr

BASELINE = "baseline"


def is_z_scored(recording: xr.Dataset) -> bool:
    """Whether rates are in SD of each neuron instead of spikes/s."""
    return str(recording["rates"].attrs.get("units")) == Z_SCORE


def with_baseline(recording: xr.Dataset) -> xr.Dataset:
    """A z-scored recording with each neuron's lowest value subtracted from averages and single trials.

    Args:
        recording: rates(condition, time, neuron), with or without trial_rates(trial, time) and trial_neuron(trial).

    Returns:
        The same recording with values of 0 or more, and `baseline(neuron)`.
    """
    rates = recording["rates"].values
    least = rates.min(axis=(0, 1))
    values = {}
    if "trial_rates" in recording:
        single, neuron = recording["trial_rates"].values, recording["trial_neuron"].values
        np.minimum.at(least, neuron, single.min(axis=1).astype(np.float64))
        values["trial_rates"] = np.maximum(single - least[neuron][:, None].astype(single.dtype), 0)
    values["rates"] = np.maximum(rates - least, 0)
    changed = recording.assign({name: recording[name].copy(data=of) for name, of in values.items()})
    what = "taken off the rates of each neuron: its least z-score, of averages and single trials"
    changed[BASELINE] = ("neuron", least, {"units": Z_SCORE, "meaning": what})
    return changed


def refuse_z_scores(recording: xr.Dataset, what: str) -> None:
    """Refuse a z-scored recording where spikes are needed.

    Args:
        recording: any recording.
        what: what needs rates in spikes/s, as the subject of a sentence.

    Raises:
        InputError: its rates are z-scored.
    """
    if is_z_scored(recording):
        raise InputError(
            f"{what} needs rates in spikes/s. Those of {recording.attrs.get('title', 'this recording')} are z-scored, "
            "so the numbers of spikes are unknown.",
            key="rates.units",
            value=Z_SCORE,
            remedy="Remove the recording from the figure, or provide its spikes.",
        )
