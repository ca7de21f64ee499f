"""A synthetic session of Hatsopoulos 2007: center-out reaches, as the published averages and as the file on Dryad."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io.atomic import whole_file
from neurorules.options import Options
from neurorules.recordings.locate import download_paths
from neurorules.recordings.readers import hatsopoulos2007 as reader
from neurorules.recordings.synthetic.base.matlab import MARK, mark_mat73, put_cell, put_matrix
from neurorules.recordings.synthetic.base.signals import bump, mixed_rates, rise

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULTS = {"neurons": 40, "trials_per_condition": 12}

_TRIAL_S = 3.0  # from one movement onset to the next
_FIRST_ONSET_S = 2.0
_MOVEMENT_S = 0.5
_REACH_M = 0.08
_CENTRE_M = (0.0, 0.25)  # from the shoulder
_ARM_M = (0.17, 0.20)  # upper arm, forearm with hand
_SAMPLE_S = 0.002


def write(source: str, folder: Path, seed: int, options: Options) -> list[Path]:
    """Write the one file of the source."""
    (file,) = download_paths("hatsopoulos2007", source, folder)
    if source == "dryad":
        with whole_file(file) as partial:
            _write_session(partial, seed, options)
    else:
        _write_processed(file, seed, options)
    return [file]


def _reach_latents(t: NDArray[Any], angle: float) -> NDArray[Any]:
    """Latents (latent, time) at `t` s from movement onset for a reach to `angle` (rad).

    Preparation and movement are tuned to direction in separate planes; the movement's plane rotates.
    """
    prepared = 0.8 * rise(t, -0.55, 0.06) * (1 - rise(t, -0.02, 0.05))
    moving = 1.5 * bump(t, 0.08, 0.16)
    turn = 2 * np.pi * 1.6 * t
    return np.stack(
        [
            1.6 * bump(t, -0.03, 0.10),
            0.8 * bump(t, 0.22, 0.15),
            prepared * np.cos(angle),
            prepared * np.sin(angle),
            moving * np.cos(angle + turn),
            moving * np.sin(angle + turn),
            0.6 * rise(t, 0.25, 0.06) * np.cos(angle) * (t < 1.2),
            0.6 * rise(t, 0.25, 0.06) * np.sin(angle) * (t < 1.2),
        ]
    )


def _minimum_jerk(t: NDArray[Any]) -> NDArray[Any]:
    """Share of the distance covered `t` s after the start of a movement of _MOVEMENT_S (Flash & Hogan 1985)."""
    s = np.clip(t / _MOVEMENT_S, 0, 1)
    return 10 * s**3 - 15 * s**4 + 6 * s**5


def _joint_angles(x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Shoulder and elbow angle (rad) of a planar arm with two links and the hand at (x, y) from the shoulder."""
    upper, fore = _ARM_M
    elbow = np.arccos((x**2 + y**2 - upper**2 - fore**2) / (2 * upper * fore))
    shoulder = np.arctan2(y, x) - np.arctan2(fore * np.sin(elbow), upper + fore * np.cos(elbow))
    return shoulder, elbow


def _write_session(path: Path, seed: int, options: Options) -> None:
    """Write a session like the MATLAB 7.3 file on Dryad: spike times, events, kinematics."""
    import h5py

    rng = np.random.default_rng([seed, 2007, 0])
    angles = np.deg2rad(45.0 * np.arange(8))
    target = rng.permutation(np.repeat(np.arange(8), options.trials_per_condition))
    # event times on the sampling grid of the kinematics
    onset = np.round((_FIRST_ONSET_S + _TRIAL_S * np.arange(len(target))) / _SAMPLE_S) * _SAMPLE_S
    instruction = onset - rng.uniform(0.7, 0.9, size=len(target))
    go = onset - rng.uniform(0.25, 0.4, size=len(target))
    duration = _FIRST_ONSET_S + _TRIAL_S * len(target)

    t = np.round(np.arange(0, duration, _SAMPLE_S), 3)
    x, y = np.zeros_like(t), np.zeros_like(t)
    for event, c in zip(onset, target, strict=True):
        # out to the target, and back to the centre 1.2 s later
        way = _REACH_M * (_minimum_jerk(t - event) - _minimum_jerk(t - event - 1.2))
        x += way * np.cos(angles[c])
        y += way * np.sin(angles[c])
    shoulder, elbow = _joint_angles(_CENTRE_M[0] + x, _CENTRE_M[1] + y)

    # spikes: Poisson counts in 1 ms bins, each spike at a random time within its bin
    bins = np.arange(-1.4, 1.6, 0.001)
    latents = np.stack([_reach_latents(bins, angle) for angle in angles], axis=1)
    spikes = []
    for neuron in range(options.neurons):
        own = np.random.default_rng([seed, 2007, 1 + neuron])
        counts = own.poisson(mixed_rates(latents, own)[target] * 0.001)
        trial, within = np.nonzero(counts)
        times = onset[trial] + bins[within] + own.uniform(-0.0005, 0.0005, size=len(trial))
        spikes.append(np.sort(times))

    with h5py.File(path, "w", userblock_size=512) as file:
        file.attrs["synthetic"] = MARK
        references = file.create_group("#refs#", track_times=False)

        # channels have none, one or two units, as with sorted units of an array
        channels: list[Any] = []
        left = list(spikes)
        while left:
            n = len(channels) % 3
            channels.append([left.pop(0) for _ in range(min(n, len(left)))])
        cells = [put_cell(references, [put_matrix(references, u[:, None]) for u in c]) for c in channels]
        put_cell(references, cells, name="/spikes", column=True)
        events = {"instr_cell": instruction, "go_cell": go, "stmv_cell": onset, "endmv_cell": onset + _MOVEMENT_S}
        for name, times in events.items():
            put_cell(
                references, [put_matrix(references, times[target == c][:, None]) for c in range(8)], name=f"/{name}"
            )
        for name, values in (("x", x), ("y", y), ("th1", shoulder), ("th2", elbow)):
            put_matrix(references, np.stack([t, values], axis=1), name=f"/{name}")
    mark_mat73(path)


def _write_processed(path: Path, seed: int, options: Options) -> None:
    """Write condition averages of the same session, as in the published dict."""
    with tempfile.TemporaryDirectory() as folder:
        session = Path(folder) / "session.mat"
        _write_session(session, seed, options)
        recording = reader.read([session], {"source": "dryad"})
    content: dict[str, Any] = {"firing_rate": np.ascontiguousarray(recording["rates"].values.transpose(2, 1, 0))}
    for name, (key, _) in reader.KINEMATICS.items():
        content[key] = recording[name].values
    for axis in "xy":
        speed = np.gradient(recording[f"hand_{axis}"].values, axis=1)
        content[f"{axis}handspeed"] = speed / np.abs(speed).max()
    for statistic in ("mean", "median"):
        content[f"time_startmovement_to_endmovement_{statistic}"] = np.full(8, 1000 * _MOVEMENT_S)
    content["synthetic"] = MARK
    with whole_file(path) as partial, open(partial, "wb") as handle:
        np.save(handle, np.array(content), allow_pickle=True)
