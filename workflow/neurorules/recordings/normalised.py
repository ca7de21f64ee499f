"""Rates that are already normalised in a file: z-scored (in SD of each neuron), or soft-normalised.

Soft-normalised rates are divided by a scale of each neuron plus a constant, such as its range plus 5 spikes/s
(Churchland et al. 2012). Both may be negative, and a recording's rates are not. So each neuron's lowest value is
subtracted and kept as `baseline(neuron)`; for soft-normalised rates, only where it is negative. Distances that centre
their data, as all of ours do, stay the same, and adding the baseline restores the file's values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.session import SOFT_NORMALISED, SPIKES_PER_S, Z_SCORE

if TYPE_CHECKING:
    import xarray as xr

BASELINE = "baseline"
WORDS = {Z_SCORE: "z-scored", SOFT_NORMALISED: "soft-normalised"}


def normalisation(recording: xr.Dataset) -> str:
    """How the rates are normalised, in a word; "" for rates in spikes/s."""
    units = str(recording["rates"].attrs.get("units", SPIKES_PER_S))
    return WORDS.get(units, "")


def with_baseline(recording: xr.Dataset) -> xr.Dataset:
    """A normalised recording with each neuron's lowest value subtracted from averages and single trials.

    Args:
        recording: rates(condition, time, neuron), with or without trial_rates(trial, time) and trial_neuron(trial).

    Returns:
        The same recording with values of 0 or more, and `baseline(neuron)`.
    """
    rates, units = recording["rates"].values, str(recording["rates"].attrs["units"])
    least = rates.min(axis=(0, 1))
    values = {}
    if "trial_rates" in recording:
        single, neuron = recording["trial_rates"].values, recording["trial_neuron"].values
        np.minimum.at(least, neuron, single.min(axis=1).astype(np.float64))
    least = least if units == Z_SCORE else np.minimum(least, 0.0)
    if "trial_rates" in recording:
        values["trial_rates"] = np.maximum(single - least[neuron][:, None].astype(single.dtype), 0)
    values["rates"] = np.maximum(rates - least, 0)
    changed = recording.assign({name: recording[name].copy(data=of) for name, of in values.items()})
    kind = units if units == Z_SCORE else "negative value"
    what = f"taken off the rates of each neuron: its least {kind}, of averages and single trials"
    changed[BASELINE] = ("neuron", least, {"units": units, "meaning": what})
    return changed


def refuse_normalised(recording: xr.Dataset, what: str) -> None:
    """Refuse a normalised recording where spikes are needed.

    Args:
        recording: any recording.
        what: what needs rates in spikes/s, as the subject of a sentence.

    Raises:
        InputError: its rates are z-scored or soft-normalised.
    """
    if how := normalisation(recording):
        raise InputError(
            f"{what} needs rates in spikes/s. Those of {recording.attrs.get('title', 'this recording')} are {how}, "
            "so the numbers of spikes are unknown.",
            key="rates.units",
            value=recording["rates"].attrs["units"],
            remedy="Remove the recording from the figure, or provide its spikes.",
        )
