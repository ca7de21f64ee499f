"""Rates that a file has z-scored already: in SD of each neuron, and so negative too.

A recording's rates are not negative. Each neuron's least value is taken off and kept as `baseline(neuron)`: distances
that centre, as all of ours do, stay what they are, and adding it gives the file's values again.
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
    """Whether rates are in SD of each neuron rather than in spikes/s."""
    return str(recording["rates"].attrs.get("units")) == Z_SCORE


def with_baseline(recording: xr.Dataset) -> xr.Dataset:
    """A z-scored recording with each neuron's least value taken off averages and single trials.

    Args:
        recording: rates(condition, time, neuron), and trial_rates(trial, time) with trial_neuron(trial) or not.

    Returns:
        the same, its values 0 or more, with `baseline(neuron)`.
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
    """Refuse a recording of z-scores for what needs spikes.

    Args:
        recording: any.
        what: that needs rates in spikes/s, as the subject of a sentence.

    Raises:
        InputError: its rates are z-scored.
    """
    if is_z_scored(recording):
        raise InputError(
            f"{what} needs rates in spikes/s. Those of {recording.attrs.get('title', 'this recording')} are z-scored, "
            "from which the number of spikes is not known.",
            key="rates.units",
            value=Z_SCORE,
            remedy="Take the recording out of the figure's, or give its spikes.",
        )
