"""Hatsopoulos 2007 (Suresh et al. 2020): macaque primary motor cortex in center-out reaches to 8 targets.

There are two sources of the same session: `processed` has the condition averages that the papers' authors published;
`dryad` has spike times, events and kinematics (MATLAB 7.3), from which the same averages are computed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.bins import EDGE
from neurorules.recordings.formats import safe_pickle
from neurorules.recordings.formats.matlab import MatlabError
from neurorules.recordings.formats.matlab73 import cell_entries, cells, is_cell, matrix, open_mat73, vector

if TYPE_CHECKING:
    import h5py
    import xarray as xr
    from numpy.typing import NDArray

SUFFIX = {"processed": ".npy", "dryad": ".mat"}

N_TARGETS = 8
TIME_MS = np.arange(-800.0, 401.0, 10.0)  # relative to movement onset
SMOOTHING_MS = 25  # SD of the Gaussian
PAD_MS = 4 * SMOOTHING_MS  # the kernel is truncated at 4 SD, so this much is read on each side of the window

# name in the recording -> name in the processed file, name in the Dryad file
KINEMATICS = {
    "shoulder_angle": ("shoulderangle", "th1"),
    "elbow_angle": ("elbowangle", "th2"),
    "hand_x": ("xhandposition", "x"),
    "hand_y": ("yhandposition", "y"),
}


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read the session as a recording of 8 conditions, target angles 0, 45 .. 315 degrees.

    Args:
        raw: one raw file.
        options: `source`: "processed" (default) or "dryad"; `keep_trials` (default False) also keeps single trials,
            which only `dryad` has.

    Returns:
        rates(condition, time, neuron) in spikes/s, averaged over trials, every 10 ms from -800 to 400 ms around
        movement onset, smoothed with a Gaussian of SD 25 ms; shoulder_angle, elbow_angle, hand_x, hand_y(condition,
        time), averaged over trials, minus the value at -800 ms, divided by the largest absolute value over conditions
        and times. Neurons are called `unit001` in file order (processed), or for example `ch012u2` for the second unit
        in the twelfth entry of `spikes` (dryad). A trial whose window is not covered by the kinematics is left out of
        everything and listed in attrs["trials_left_out"].

    Raises:
        InputError: the file is missing, truncated or of another type, or an option is invalid.
    """
    source = options.get("source", "processed")
    if source not in SUFFIX:
        raise InputError(
            "Unknown source of the recording hatsopoulos2007.",
            key="source",
            value=source,
            remedy=f"Use one of: {', '.join(SUFFIX)}.",
        )
    if len(raw) != 1:
        raise InputError(
            "Exactly one raw file is needed.",
            key="raw",
            value=[str(path) for path in raw],
            remedy=f"Provide the {SUFFIX[source]} file of the source {source}.",
        )
    path = Path(raw[0])
    if path.suffix != SUFFIX[source]:
        raise InputError(
            f"The source {source} needs a {SUFFIX[source]} file.",
            file=path,
            key="source",
            value=source,
            remedy=f"Provide that file, or set source to {' or '.join(s for s in SUFFIX if s != source)}.",
        )
    keep_trials = bool(options.get("keep_trials", False))
    if keep_trials and source == "processed":
        raise InputError(
            "The processed file contains averages only, no single trials.",
            file=path,
            key="keep_trials",
            value=True,
            remedy="Set keep_trials to false, or source to dryad.",
        )
    if source == "processed":
        return _read_processed(path)
    try:
        return _read_dryad(path, keep_trials)
    except MatlabError as error:
        raise _other_kind(path, error.reason, error.variable or "source") from error


def _dataset(
    rates: NDArray[Any], neurons: list[str], kinematics: Mapping[str, NDArray[Any]], synthetic: bool
) -> xr.Dataset:
    import xarray as xr

    recording = xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates, {"units": "spikes/s"})},
        coords={
            "condition": np.arange(N_TARGETS),
            "time": ("time", TIME_MS, {"units": "ms"}),
            "neuron": neurons,
            "angle_deg": ("condition", 45.0 * np.arange(N_TARGETS), {"units": "degree"}),
        },
        attrs={
            "synthetic": int(synthetic),
            "aligned_to": "movement onset",
            "bin_width_ms": 10,
            "time_in_bin": EDGE,  # a rate is sampled at the time itself
            "smoothing_sd_ms": SMOOTHING_MS,
            "left_out": "[]",
        },
    )
    for name, values in kinematics.items():
        recording[name] = (
            ("condition", "time"),
            values,
            {"units": "1", "meaning": "change from -800 ms, largest absolute value 1"},
        )
    return recording


def _other_kind(path: Path, why: str, key: str) -> InputError:
    return InputError(
        f"The file does not match its source: {why}.",
        file=path,
        key=key,
        remedy="Delete it and run the same command again to download it.",
    )


def _read_processed(path: Path) -> xr.Dataset:
    content = safe_pickle.load(path)

    def array(key: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        value = content.get(key)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            raise _other_kind(path, "there is no numeric array with this name", key)
        if value.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, value.shape, strict=True)):
            raise _other_kind(path, f"the array has shape {value.shape}", key)
        return np.ascontiguousarray(value, dtype=np.float64)

    rates = array("firing_rate", (None, len(TIME_MS), N_TARGETS)).transpose(2, 1, 0)
    return _dataset(
        np.ascontiguousarray(rates),
        [f"unit{i:03d}" for i in range(1, rates.shape[2] + 1)],
        {name: array(key, (N_TARGETS, len(TIME_MS))) for name, (key, _) in KINEMATICS.items()},
        "synthetic" in content,
    )


def _read_dryad(path: Path, keep_trials: bool) -> xr.Dataset:
    spikes, onsets, samples, synthetic = _load_dryad(path)
    if not spikes:
        raise MatlabError("no unit has a spike time", "spikes")

    trials_left_out = []
    kept = []
    start_s, stop_s = (TIME_MS[0] - PAD_MS) / 1000, (TIME_MS[-1] + PAD_MS) / 1000
    for condition, times in enumerate(onsets):
        covered = np.isfinite(times)
        for values in samples.values():
            covered &= (times + start_s >= values[0, 0]) & (times + stop_s <= values[-1, 0])
        if not covered.all():
            trials_left_out.append({"angle_deg": 45 * condition, "trials": int((~covered).sum())})
        if not covered.any():
            raise MatlabError(f"no usable trial for the target at {45 * condition} degrees", "stmv_cell")
        kept.append(times[covered])
    condition_of = np.repeat(np.arange(N_TARGETS), [len(times) for times in kept])
    onset = np.concatenate(kept)

    trial_rates = np.empty((len(spikes) * len(onset), len(TIME_MS)), dtype=np.float32) if keep_trials else None
    rates = np.empty((N_TARGETS, len(TIME_MS), len(spikes)))
    for neuron, times in enumerate(spikes.values()):
        counts = _counts(times, onset)
        for condition in range(N_TARGETS):
            rates[condition, :, neuron] = _smooth(counts[condition_of == condition].mean(axis=0))
        if trial_rates is not None:
            trial_rates[neuron * len(onset) : (neuron + 1) * len(onset)] = _smooth(counts)

    kinematics = {}
    grid_s = TIME_MS / 1000
    for name, values in samples.items():
        traces = np.array([np.interp(t + grid_s, values[:, 0], values[:, 1]) for t in onset])
        mean = np.array([traces[condition_of == condition].mean(axis=0) for condition in range(N_TARGETS)])
        mean -= mean[:, :1]
        largest = np.abs(mean).max()
        if not 0 < largest < np.inf:
            raise MatlabError("the variable is constant, or has infinite values", KINEMATICS[name][1])
        kinematics[name] = mean / largest

    recording = _dataset(rates, list(spikes), kinematics, synthetic)
    recording.attrs["trials_left_out"] = json.dumps(trials_left_out)
    if trial_rates is not None:
        recording["trial_rates"] = (("trial", "time"), trial_rates, {"units": "spikes/s"})
        recording["trial_neuron"] = ("trial", np.repeat(np.arange(len(spikes)), len(onset)))
        recording["trial_condition"] = ("trial", np.tile(condition_of, len(spikes)))
    return recording


def _counts(times: NDArray[Any], onset: NDArray[Any]) -> NDArray[Any]:
    """Spikes in 1 ms bins centred on whole ms around each onset: (trial, bin), padded window."""
    first, last = int(TIME_MS[0]) - PAD_MS, int(TIME_MS[-1]) + PAD_MS
    counts = np.zeros((len(onset), last - first + 1))
    for trial, event in enumerate(onset):
        begin, end = np.searchsorted(times, event + np.array([first - 1, last + 1]) / 1000)
        bins = np.floor((times[begin:end] - event) * 1000 + 0.5).astype(int) - first
        inside = bins[(bins >= 0) & (bins < counts.shape[1])]
        counts[trial] = np.bincount(inside, minlength=counts.shape[1])
    return counts


def _smooth(counts: NDArray[Any]) -> NDArray[Any]:
    """Counts per 1 ms bin (..., padded window), converted to spikes/s at TIME_MS."""
    from scipy.ndimage import gaussian_filter1d

    rate = gaussian_filter1d(counts * 1000.0, SMOOTHING_MS, axis=-1, truncate=PAD_MS / SMOOTHING_MS, mode="constant")
    at_times: NDArray[Any] = rate[..., PAD_MS : rate.shape[-1] - PAD_MS : int(TIME_MS[1] - TIME_MS[0])]
    return at_times


def _load_dryad(path: Path) -> tuple[dict[str, NDArray[Any]], list[NDArray[Any]], dict[str, NDArray[Any]], bool]:
    """Spike times by unit, onsets by target, kinematics (sample, [time, value]), all in s; synthetic or not."""
    with open_mat73(path) as file:
        spikes = _spike_times(file)
        onsets = [vector(cell, "stmv_cell") for cell in cells(file, "stmv_cell")]
        if len(onsets) != N_TARGETS:
            raise MatlabError(f"{len(onsets)} targets instead of {N_TARGETS}", "stmv_cell")
        samples = {name: _samples(file, key) for name, (_, key) in KINEMATICS.items()}
        return spikes, onsets, samples, bool(file.attrs.get("synthetic", 0))


def _spike_times(file: h5py.File) -> dict[str, NDArray[Any]]:
    """Sorted spike times in s, by unit. A channel's cell is empty, or has one unit's times or a cell of several."""
    found: dict[str, NDArray[Any]] = {}
    for channel, item in enumerate(cells(file, "spikes"), start=1):
        units = cell_entries(file, item, "spikes") if is_cell(item) else [item]
        for number, unit in enumerate(units, start=1):
            times = vector(unit, "spikes")
            if not np.isfinite(times).all():
                raise MatlabError("a spike time is not finite", "spikes")
            if len(times):
                found[f"ch{channel:03d}u{number}"] = np.sort(times)
    return found


def _samples(file: h5py.File, key: str) -> NDArray[Any]:
    """A kinematic variable, (sample, [time in s, value]), without samples that are not finite."""
    values: NDArray[Any] = matrix(file, key)
    if values.ndim != 2 or values.shape[1] != 2:
        raise MatlabError(f"a matrix of times and values is expected, not shape {values.shape}", key)
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) < 2 or (np.diff(values[:, 0]) <= 0).any():
        raise MatlabError("its times must increase", key)
    return values
