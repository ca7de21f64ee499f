"""Golub et al. 2018: macaque motor cortex in a brain-computer interface whose decoder was changed.

The published example session (monkey J, 2012-03-05) has single time steps of 45 ms before and after learning, grouped
by the direction from the cursor to the target. The decoder is a Kalman filter on ten factors of a factor analysis. Its
single-step velocity is linear in the spike counts u:

    v = W u + b = K (eta Sigma_z beta Sigma_u (u - mu_u) - d)

(mm/s; their Methods, equations 1 to 4). The perturbed decoder permutes the factors (eta), so it stays within the
space of the factors. Orthonormalised factors are z = D V^T beta Sigma_u (u - mu_u), where U D V^T is the loading
matrix.
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

STAGES = {"before": "beforeLearning", "after": "afterLearning"}
DECODERS = ("intuitive", "perturbed")
AXES = ("x", "y")

# Largest difference from the file's own velocities that rounding explains: it stores the decoder to nine digits.
TOLERANCE_MM_S = 1e-5


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read the session as a recording whose conditions are the directions from cursor to target.

    Args:
        raw: the file of the session.
        options: unused.

    Returns:
        rates(condition, time, neuron), means before learning in a single bin of 45 ms, labelled by `angle_deg`. Besides
        these, all samples of both stages:

        sample_counts(sample, neuron), spikes in a time step of 45 ms; sample_stage(sample), `before` or `after`
        learning; sample_angle_deg(sample), the condition's label; sample_direction(sample, axis), unit vector from
        cursor to target

        and the decoders: decoder_weights(decoder, axis, neuron) and decoder_offset(decoder, axis), which turn counts
        into velocity in mm/s; factor_weights(factor, neuron), count_mean(neuron), count_sd(neuron): orthonormalised
        factors are factor_weights (counts - count_mean), and count_mean and count_sd are those of the calibration.

    Raises:
        InputError: the file is damaged or of another type, or its velocities are not those of its decoders.
    """
    import xarray as xr

    (path,) = map(Path, raw)
    content = _load(path)
    try:
        samples = [_samples(content[name]["clouds"], stage) for stage, name in STAGES.items()]
        mappings = {name: content["expParams"][f"{name}Mapping"] for name in DECODERS}
        width_ms = 1000.0 * float(mappings["intuitive"]["dt"])
        decoders = {name: _decoder(of) for name, of in mappings.items()}
        factors = _factor_weights(mappings["intuitive"])
        mean, sd = np.asarray(mappings["intuitive"]["mu_u"], float), 1.0 / np.diag(mappings["intuitive"]["Sigma_u"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError) as error:
        raise _other_kind(path, f"it lacks a part of the session ({type(error).__name__}: {error})") from error
    joined = {name: np.concatenate([part[name] for part in samples]) for name in samples[0]}
    _check(path, joined, decoders, factors, mean, width_ms / 1000.0)

    angles = np.unique(joined["angle"])
    before = joined["stage"] == "before"
    counts = joined["counts"]
    missing = [float(a) for a in angles for s in STAGES if not ((joined["angle"] == a) & (joined["stage"] == s)).any()]
    if missing:
        raise _other_kind(path, f"a direction has no samples in one of the stages ({missing[0]:g} degrees)")
    rates = np.stack([counts[before & (joined["angle"] == angle)].mean(0) for angle in angles]) * (1000.0 / width_ms)
    return xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), rates[:, None, :], {"units": "spikes/s"}),
            "sample_counts": (("sample", "neuron"), counts.astype(np.int64), {"units": "spikes"}),
            "sample_stage": (("sample",), joined["stage"]),
            "sample_angle_deg": (("sample",), joined["angle"], {"units": "degree"}),
            "sample_direction": (("sample", "axis"), joined["direction"]),
            "decoder_weights": (
                ("decoder", "axis", "neuron"),
                np.stack([weights for weights, _ in decoders.values()]),
                {"units": "mm/s per spike"},
            ),
            "decoder_offset": (
                ("decoder", "axis"),
                np.stack([offset for _, offset in decoders.values()]),
                {"units": "mm/s"},
            ),
            "factor_weights": (("factor", "neuron"), factors),
            "count_mean": (("neuron",), mean, {"units": "spikes"}),
            "count_sd": (("neuron",), sd, {"units": "spikes"}),
        },
        coords={
            "condition": np.arange(len(angles)),
            "time": ("time", np.zeros(1), {"units": "ms"}),
            "neuron": [f"unit{number:03d}" for number in range(1, counts.shape[1] + 1)],
            "angle_deg": ("condition", angles, {"units": "degree"}),
            "decoder": list(DECODERS),
            "axis": list(AXES),
        },
        attrs={
            "synthetic": int("synthetic" in content),
            "aligned_to": "a time step of a cursor movement",
            "bin_width_ms": width_ms,
            "time_in_bin": EDGE,
            "left_out": "[]",
        },
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read ({error.strerror}).",
            file=path,
            remedy="Put the file there; it must be readable.",
        ) from error
    reading(path)
    try:
        return load_mat(content, simplify_cells=True)
    except MatlabError as error:
        raise _other_kind(path, error.reason) from error


def _samples(clouds: Mapping[str, Any], stage: str) -> dict[str, NDArray[Any]]:
    """All samples of a stage, in the file's order, as arrays (sample, ...)."""
    parts = list(clouds["spikes"])
    n = [np.asarray(part).shape[1] for part in parts]
    stacked = {
        "counts": clouds["spikes"],
        "direction": clouds["cursorToTargetDirection"],
        "factors": clouds["factorActivity"],
        **{f"velocity_{name}": clouds[f"vraw_{name}"] for name in DECODERS},
    }
    arrays = {name: np.concatenate([np.asarray(p, float).T for p in values]) for name, values in stacked.items()}
    progress = {f"progress_{name}": clouds[f"{name}Progress"] for name in DECODERS}
    arrays |= {
        name: np.concatenate([np.asarray(p, float).ravel() for p in values]) for name, values in progress.items()
    }
    angles = np.asarray(clouds["angles"], float).ravel()
    if not (len(angles) == len(n) and {len(of) for of in arrays.values()} == {sum(n)}):
        raise ValueError("clouds of different lengths")
    return {**arrays, "angle": np.repeat(angles, n), "stage": np.full(sum(n), stage)}


def _decoder(of: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """W (axis, neuron) and b (axis,) of a decoder, from the parts of its Kalman filter."""
    gain, order = np.asarray(of["K"], float), np.asarray(of["eta"], float)
    weights = gain @ order @ np.asarray(of["Sigma_z"], float) @ np.asarray(of["beta"], float) @ of["Sigma_u"]
    offset = -weights @ np.asarray(of["mu_u"], float) - gain @ np.asarray(of["d"], float)
    return weights, offset


def _factor_weights(of: Mapping[str, Any]) -> NDArray[Any]:
    """(factor, neuron), from counts minus their means to orthonormalised factors."""
    weights: NDArray[Any] = np.asarray(of["D"], float) @ np.asarray(of["V"], float).T @ of["beta"] @ of["Sigma_u"]
    return weights


def _check(
    path: Path,
    samples: Mapping[str, NDArray[Any]],
    decoders: Mapping[str, tuple[NDArray[Any], NDArray[Any]]],
    factors: NDArray[Any],
    mean: NDArray[Any],
    width_s: float,
) -> None:
    """Check that the decoders turn the file's counts into its own factors, velocities and progress."""
    counts = samples["counts"]
    if not np.array_equal(counts, np.rint(counts)) or (counts < 0).any():
        raise _other_kind(path, "its spikes are not counts")
    if factors.shape[1] != counts.shape[1]:
        raise _other_kind(path, f"it has {counts.shape[1]} units, but its decoder has {factors.shape[1]}")
    expected = {"factors": (counts - mean) @ factors.T}
    for name, (weights, offset) in decoders.items():
        velocity = counts @ weights.T + offset
        expected[f"velocity_{name}"] = velocity
        expected[f"progress_{name}"] = width_s * (velocity * samples["direction"]).sum(1)
    for name, values in expected.items():
        apart = np.abs(values - samples[name]).max() if values.shape == samples[name].shape else np.inf
        if not apart < TOLERANCE_MM_S:
            raise _other_kind(path, f"its decoder does not give its own {name} from its spikes (off by {apart:.3g})")


def _other_kind(path: Path, why: str) -> InputError:
    return InputError(
        f"This is not a session of Golub et al. 2018: {why}.",
        file=path,
        remedy="Put an unaltered copy in its place.",
    )
