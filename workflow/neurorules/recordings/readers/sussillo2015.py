"""Sussillo, Churchland, Kaufman & Shenoy 2015: macaque motor cortex and arm muscles in 27 reaches through mazes.

The files are not public. Each contains one array of condition averages, named like the file (MATLAB 7.2 or earlier):
the neurons' rates, the EMG, the plan inputs derived from preparatory activity, the envelope of the go cue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io.confined import reading
from neurorules.recordings.bins import EDGE
from neurorules.recordings.formats.matlab import MatlabError, load_mat

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

NOT_SIMULTANEOUS = "The files have averages over trials only."
BIN_MS = 10
STORED_MS = np.arange(-1550.0, 401.0, BIN_MS)  # relative to movement onset
FIRST_KEPT_MS = -1450.0  # as in the published analysis: T 186 in the paper
EMG_MS = np.arange(-250.0, 401.0, BIN_MS)
N_MUSCLES = 7
N_PLAN_INPUTS = 15
STEADY_BIN = 100  # of the stored bins, at -550 ms, when the plan inputs are steady
N_ENVELOPE = 36  # -260 to 90 ms
ENVELOPE = slice(4, -5)  # the rest is near zero

# file -> its array's shape in MATLAB's order; None: any length
RATES, EMG, PLAN, GO = "neuralforRNN_Sussillo2015", "EMGforRNN_Sussillo2015", "planinputforRNN", "goEnvelope"
SHAPES: dict[str, tuple[int | None, ...]] = {
    RATES: (None, len(STORED_MS), None),  # neuron, time, condition
    EMG: (N_MUSCLES, len(EMG_MS), None),
    PLAN: (N_PLAN_INPUTS, len(STORED_MS), None),
    GO: (N_ENVELOPE,),
}


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read the session as a recording of the conditions in the files (27 in the published one).

    Neither the files nor the published code state units. The published code calls the neurons' values neural activity
    and compares them unchanged. They are taken as rates in spikes/s; distances that centre and normalize them do not
    depend on this. EMG is in the units of its file.

    Args:
        raw: the four files, in any order.
        options: unused.

    Returns:
        rates(condition, time, neuron) every 10 ms from -1450 to 400 ms around movement onset, with neurons `unit001`
        and so on in file order; emg(condition, emg_time, muscle) from -250 to 400 ms; plan_input(condition,
        plan_input_channel), the values at -550 ms divided by their largest absolute value over conditions and channels;
        go_envelope(envelope_step), every 10 ms from -220 to 40 ms.

    Raises:
        InputError: a file is missing, truncated or of another type, its array has the wrong shape, the files differ in
            the number of conditions, a used value is not finite, or a rate is negative.
    """
    import xarray as xr

    paths = _by_name(raw)
    arrays: dict[str, NDArray[Any]] = {}
    marks = []
    for name, shape in SHAPES.items():
        arrays[name], synthetic = _load(paths[name], name, shape)
        marks.append(synthetic)
    n_conditions = arrays[RATES].shape[-1]
    for name in (EMG, PLAN):
        if arrays[name].shape[-1] != n_conditions:
            raise _other_kind(
                paths[name], f"it has {arrays[name].shape[-1]} conditions, {paths[RATES].name} has {n_conditions}", name
            )

    kept = STORED_MS >= FIRST_KEPT_MS
    rates = arrays[RATES][:, kept].transpose(2, 1, 0)
    emg = arrays[EMG].transpose(2, 1, 0)
    plan = arrays[PLAN][:, STEADY_BIN].T
    envelope = arrays[GO][ENVELOPE]
    for name, values in ((RATES, rates), (EMG, emg), (PLAN, plan), (GO, envelope)):
        if not np.isfinite(values).all():
            raise _wrong_value(paths[name], "A value is not finite.", name, values[~np.isfinite(values)][0])
    if (rates < 0).any():
        raise _wrong_value(paths[RATES], "Firing rates must not be negative.", RATES, rates.min())
    largest = np.abs(plan).max()
    if largest == 0:
        raise _wrong_value(paths[PLAN], "The plan inputs are zero in all conditions.", PLAN, largest)

    return xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), np.ascontiguousarray(rates), {"units": "spikes/s"}),
            "emg": (("condition", "emg_time", "muscle"), np.ascontiguousarray(emg), {"units": "as in the file"}),
            "plan_input": (
                ("condition", "plan_input_channel"),
                np.ascontiguousarray(plan / largest),
                {"units": "1", "meaning": "steady value, largest absolute value 1"},
            ),
            "go_envelope": (("envelope_step",), envelope, {"units": "1", "meaning": "every 10 ms from -220 to 40 ms"}),
        },
        coords={
            "condition": np.arange(n_conditions),
            "time": ("time", STORED_MS[kept], {"units": "ms"}),
            "neuron": [f"unit{i:03d}" for i in range(1, rates.shape[2] + 1)],
            "emg_time": ("emg_time", EMG_MS, {"units": "ms"}),
        },
        attrs={
            "synthetic": int(any(marks)),
            "aligned_to": "movement onset",
            "bin_width_ms": BIN_MS,
            "time_in_bin": EDGE,  # a rate is sampled at the time itself
            "left_out": "[]",
        },
    )


def _by_name(raw: Sequence[Path]) -> dict[str, Path]:
    """The files by the name of their array, which is the file's name without `.mat`."""
    paths = {Path(path).name: Path(path) for path in raw}
    if len(raw) != len(SHAPES) or set(paths) != {f"{name}.mat" for name in SHAPES}:
        raise InputError(
            "The raw files are not the four files of the recording.",
            key="raw",
            value=[str(path) for path in raw],
            remedy=f"Provide {', '.join(f'{name}.mat' for name in SHAPES)}.",
        )
    return {name: paths[f"{name}.mat"] for name in SHAPES}


def _other_kind(path: Path, why: str, key: str) -> InputError:
    return InputError(
        f"This file does not match its name in Sussillo et al. 2015: {why}.",
        file=path,
        key=key,
        remedy="Put an unaltered copy in its place, saved by MATLAB as version 7 or earlier.",
    )


def _wrong_value(path: Path, problem: str, key: str, value: Any) -> InputError:
    return InputError(
        problem, file=path, key=key, value=float(value), remedy="Put an unaltered copy of the file in its place."
    )


def _load(path: Path, name: str, shape: tuple[int | None, ...]) -> tuple[NDArray[Any], bool]:
    """The array `name` of a file as float64, and whether the file is synthetic."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read ({error.strerror}).",
            file=path,
            key="recordings.sussillo2015.path",
            remedy="Put the file there, or set this key to its folder; the file must be readable.",
        ) from error
    reading(path)
    try:
        loaded = load_mat(content)
    except MatlabError as error:
        raise _other_kind(path, error.reason, name) from error
    if name not in loaded:
        found = ", ".join(key for key in loaded if not key.startswith("__")) or "nothing"
        raise _other_kind(path, f"it has no variable with the file's name, but {found}", name)
    array = np.asarray(loaded[name])
    if array.dtype.kind not in "fiu":
        raise _other_kind(path, "the variable does not contain real numbers", name)
    if array.ndim != len(shape):  # MATLAB has no vectors, only matrices with one row or column
        array = array.squeeze()
    if array.ndim != len(shape) or any(n not in (None, m) or m == 0 for n, m in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise _other_kind(path, f"the shape is {array.shape}, not ({wanted})", name)
    return array.astype(np.float64), "synthetic" in loaded
