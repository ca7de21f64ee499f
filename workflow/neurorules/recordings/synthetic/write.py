"""Synthetic recordings in the raw formats of the real ones, for the demo and the tests.

A few latent signals of the kind found in the recorded area are mixed at random to neurons, rectified to rates,
and turned into Poisson spikes. No trained network has any part in it. Each neuron has its own generator, so that
neuron k is the same whatever the number of neurons; the same arguments give the same bytes.

The files lie as in `raw_dir` and are marked as synthetic inside, where the readers look.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.atomic import whole_file
from neurorules.recordings import sources

if TYPE_CHECKING:
    import numpy as np

MARK = "synthetic recording made by neurorules"

DEFAULTS: dict[str, dict[str, Any]] = {
    "mante2013": {"neurons": 40, "trials_per_condition": 8, "monkey": "ar"},
    "hatsopoulos2007": {"neurons": 40, "trials_per_condition": 12},
    "sussillo2015": {"neurons": 40, "trials_per_condition": 12},
}


def write(recording: str, source: str, folder: Path, seed: int, options: Mapping[str, Any]) -> list[Path]:
    """Write a synthetic recording below `folder`, laid out like `raw_dir`.

    Args:
        recording: "mante2013", "hatsopoulos2007" or "sussillo2015".
        source: "raw"; "processed" or "dryad" (both from the same synthetic session for the same seed); "private".
        seed: of everything random.
        options: `neurons` (complete units; in mante2013 the second file is an incomplete unit more),
            `trials_per_condition` (correct ones), and for mante2013 `monkey`. Other keys are left alone.

    Returns:
        the files written, `paths(recording, source, folder, options)`.

    Raises:
        InputError: nothing synthetic exists for this recording or source, an option is no positive whole
            number, or the disk is full.
    """
    files = paths(recording, source, folder, options)
    chosen = _options(recording, options)
    if recording == "mante2013":
        _write_mante(files, seed, chosen)
    elif recording == "sussillo2015":
        _write_sussillo(files, seed, chosen)
    elif source == "dryad":
        with whole_file(files[0]) as partial:
            _write_session(partial, seed, chosen)
    else:
        _write_processed(files[0], seed, chosen)
    return files


def paths(recording: str, source: str, folder: Path, options: Mapping[str, Any]) -> list[Path]:
    """The files that `write` makes, sorted by name; no heavy import."""
    chosen = _options(recording, options)
    published = sources.download_paths(recording, source, Path(folder))
    if recording == "mante2013":
        unit_folder = Path(folder) / (sources.unpacked_folder(recording, source, chosen) or "")
        names = [_unit_name(chosen["monkey"], k) for k in range(1, chosen["neurons"] + 2)]
        return [unit_folder / f"{name}_Vstim_100_850_ms.mat" for name in names]
    return published


def _options(recording: str, options: Mapping[str, Any]) -> dict[str, Any]:
    if recording not in DEFAULTS:
        raise InputError(
            "There is no synthetic form of this recording.",
            key="recording",
            value=recording,
            remedy=f"Name one of: {', '.join(DEFAULTS)}.",
        )
    chosen = {key: options.get(key, default) for key, default in DEFAULTS[recording].items()}
    for key in ("neurons", "trials_per_condition"):
        if not isinstance(chosen[key], int) or isinstance(chosen[key], bool) or chosen[key] < 1:
            raise InputError(
                "A synthetic recording needs at least one.",
                key=key,
                value=chosen[key],
                remedy="Give a whole number above 0.",
            )
    return chosen


def _rise(t: np.ndarray, at: float, width: float) -> np.ndarray:
    import numpy as np

    return 1 / (1 + np.exp(-(t - at) / width))


def _bump(t: np.ndarray, at: float, width: float) -> np.ndarray:
    import numpy as np

    return np.exp(-0.5 * ((t - at) / width) ** 2)


def _mixture(latents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rates (spikes/s) of one neuron from latents (latent, condition, time): random weights, rectified."""
    import numpy as np

    weights = rng.normal(size=len(latents)) * 0.6
    baseline = rng.gamma(4.0, 3.5)  # 14 spikes/s on average
    return baseline * np.maximum(1.0 + np.tensordot(weights, latents, axes=1), 0.05)


# Mante et al. 2013 ---------------------------------------------------------------------------------------------------

_MOTION_LEVELS = ((0.06, 0.17, 0.5), (0.04, 0.14, 0.5), (0.03, 0.12, 0.5))
_COLOR_LEVELS = ((0.06, 0.17, 0.5), (0.04, 0.14, 0.5), (0.08, 0.20, 0.5))

_STIMULUS_FIELDS = (
    *("fpXpos", "fpYpos", "dotXpos", "dotYpos", "dotSpeed", "dotDir", "dotEccentricity"),
    *("t1Xpos", "t1Ypos", "t2Xpos", "t2Ypos"),
)


def _unit_name(monkey: str, k: int) -> str:
    return f"{monkey}000101_{k:04d}_a1"


def _write_mante(files: list[Path], seed: int, options: Mapping[str, Any]) -> None:
    import numpy as np

    for k, file in enumerate(files):
        rng = np.random.default_rng([seed, 2013, k])
        unit = _mante_unit(_unit_name(options["monkey"], k + 1), options["trials_per_condition"], k == 1, rng)
        with whole_file(file) as partial:
            _save_mat(partial, {"unit": unit})


def _mante_unit(name: str, n_correct: int, incomplete: bool, rng: np.random.Generator) -> dict[str, Any]:
    """One unit as the nested struct of the published files: same fields, order and storage types."""
    import numpy as np

    def signed(levels: tuple[float, ...]) -> np.ndarray:
        return np.array([-level for level in levels[::-1]] + list(levels))

    motion = signed(_MOTION_LEVELS[rng.integers(3)])
    color = signed(_COLOR_LEVELS[rng.integers(3)])
    rows = [
        (m, c, context, correct)
        for m in motion
        for c in color
        for context in (-1, 1)
        for correct in [1] * n_correct + ([0] * (n_correct // 4) if abs(m if context == 1 else c) < 0.5 else [])
    ]
    if incomplete:
        rows = [row for row in rows if row != (motion[0], color[-1], 1, 1)]
    stim_dir, stim_col2dir, context, correct = np.array(rows)[rng.permutation(len(rows))].T
    n_trials = len(rows)
    choice = np.sign(np.where(context == 1, stim_dir, stim_col2dir)) * np.where(correct == 1, 1, -1)
    green_is_preferred = rng.choice([-1.0, 1.0], size=n_trials)

    time = np.round(np.arange(100, 851) / 1000, 3)
    rates = _mixture(_decision_latents(time, stim_dir, stim_col2dir, context, choice), rng)
    gain = rng.gamma(20.0, 1 / 20.0, size=(n_trials, 1))  # slow excitability, as in cortex
    response = rng.poisson(rates * gain * 0.001)

    def column(values: np.ndarray, kind: str) -> np.ndarray:
        return np.asarray(values).astype(kind).reshape(-1, 1)

    return {
        "response": response.astype(np.uint8),
        "task_variable": {
            "stim_dir": column(stim_dir, "f8"),
            "stim_col": column(stim_col2dir * green_is_preferred, "f8"),
            "targ_dir": column(choice, "i2"),
            "targ_col": column(choice * green_is_preferred, "i2"),
            "context": column(context, "i2"),
            "correct": column(correct, "u1"),
            "congruent": column(np.sign(stim_dir) == np.sign(stim_col2dir), "u1"),
            "stim_dir2col": column(stim_dir * green_is_preferred, "f8"),
            "stim_col2dir": column(stim_col2dir, "f8"),
            "stim_trial": column(np.arange(1, n_trials + 1), "u2"),
        },
        "time": time.reshape(1, -1),
        "unitInfo": {
            "grid_position": column(np.array([1, 1]), "i2"),
            "depth_coarse": 0.0,
            "depth_fine": 0.0,
            "type": "s",
            "discriminability": np.uint8(4),
        },
        "stimInfo": dict.fromkeys(_STIMULUS_FIELDS, 0.0),
        "name": name,
        "reference": f"{MARK}, in the format of Mante et al. 2013",
    }


def _decision_latents(
    time: np.ndarray, motion: np.ndarray, color: np.ndarray, context: np.ndarray, choice: np.ndarray
) -> np.ndarray:
    """Latents (latent, trial, time): urgency, onset transient, both inputs, integrated choice, context."""
    import numpy as np

    t = time - time[0]
    urgency = 1 - np.exp(-t / 0.25)
    transient = np.exp(-(((t - 0.08) / 0.07) ** 2))
    stimulus = (1 - np.exp(-t / 0.06)) * np.exp(-t / 0.6)
    relevant = np.where(context == 1, np.abs(motion), np.abs(color))
    # evidence is integrated to a bound that strong evidence reaches sooner; errors end at the other target
    drift = 1.2 + 4.0 * relevant
    integrated = choice[:, None] * np.tanh(drift[:, None] * t)

    def same(signal: np.ndarray) -> np.ndarray:
        return np.broadcast_to(signal, integrated.shape)

    return np.stack(
        [
            same(urgency),
            same(transient),
            2.0 * motion[:, None] * stimulus,
            2.0 * color[:, None] * stimulus,
            integrated,
            same(0.6 * context[:, None]),
            0.4 * integrated * context[:, None],
        ]
    )


def _save_mat(path: Path, variables: dict[str, Any]) -> None:
    from scipy.io import savemat

    savemat(path, variables, do_compression=True, oned_as="column", appendmat=False)
    # scipy writes the date into the first 116 bytes, which are free text
    with open(path, "r+b") as handle:
        handle.write(f"MATLAB 5.0 MAT-file, {MARK}".encode().ljust(116))


# Hatsopoulos 2007 ----------------------------------------------------------------------------------------------------

_TRIAL_S = 3.0  # from one movement onset to the next
_FIRST_ONSET_S = 2.0
_MOVEMENT_S = 0.5
_REACH_M = 0.08
_CENTRE_M = (0.0, 0.25)  # from the shoulder
_ARM_M = (0.17, 0.20)  # upper arm, forearm with hand
_SAMPLE_S = 0.002


def _reach_latents(t: np.ndarray, angle: float) -> np.ndarray:
    """Latents (latent, time) at `t` s from movement onset for a reach to `angle` (rad).

    Preparation and movement are tuned to direction in separate planes; the movement's plane rotates.
    """
    import numpy as np

    prepared = 0.8 * _rise(t, -0.55, 0.06) * (1 - _rise(t, -0.02, 0.05))
    moving = 1.5 * _bump(t, 0.08, 0.16)
    turn = 2 * np.pi * 1.6 * t
    return np.stack(
        [
            1.6 * _bump(t, -0.03, 0.10),
            0.8 * _bump(t, 0.22, 0.15),
            prepared * np.cos(angle),
            prepared * np.sin(angle),
            moving * np.cos(angle + turn),
            moving * np.sin(angle + turn),
            0.6 * _rise(t, 0.25, 0.06) * np.cos(angle) * (t < 1.2),
            0.6 * _rise(t, 0.25, 0.06) * np.sin(angle) * (t < 1.2),
        ]
    )


def _minimum_jerk(t: np.ndarray) -> np.ndarray:
    """Share of the way covered `t` s after the start of a movement of _MOVEMENT_S (Flash & Hogan 1985)."""
    import numpy as np

    s = np.clip(t / _MOVEMENT_S, 0, 1)
    return 10 * s**3 - 15 * s**4 + 6 * s**5


def _joint_angles(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shoulder and elbow angle (rad) of a planar arm of two links whose hand is at (x, y) from the shoulder."""
    import numpy as np

    upper, fore = _ARM_M
    elbow = np.arccos((x**2 + y**2 - upper**2 - fore**2) / (2 * upper * fore))
    shoulder = np.arctan2(y, x) - np.arctan2(fore * np.sin(elbow), upper + fore * np.cos(elbow))
    return shoulder, elbow


def _write_session(path: Path, seed: int, options: Mapping[str, Any]) -> None:
    """A session as the MATLAB 7.3 file on Dryad: spike times, events, kinematics."""
    import h5py
    import numpy as np

    rng = np.random.default_rng([seed, 2007, 0])
    angles = np.deg2rad(45.0 * np.arange(8))
    target = rng.permutation(np.repeat(np.arange(8), options["trials_per_condition"]))
    # event times on the sampling grid of the kinematics
    onset = np.round((_FIRST_ONSET_S + _TRIAL_S * np.arange(len(target))) / _SAMPLE_S) * _SAMPLE_S
    instruction = onset - rng.uniform(0.7, 0.9, size=len(target))
    go = onset - rng.uniform(0.25, 0.4, size=len(target))
    duration = _FIRST_ONSET_S + _TRIAL_S * len(target)

    t = np.round(np.arange(0, duration, _SAMPLE_S), 3)
    x, y = np.zeros_like(t), np.zeros_like(t)
    for event, c in zip(onset, target, strict=True):
        # out to the target, and 1.2 s later back to the centre
        way = _REACH_M * (_minimum_jerk(t - event) - _minimum_jerk(t - event - 1.2))
        x += way * np.cos(angles[c])
        y += way * np.sin(angles[c])
    shoulder, elbow = _joint_angles(_CENTRE_M[0] + x, _CENTRE_M[1] + y)

    # spikes: Poisson counts in 1 ms bins, each spike somewhere within its bin
    bins = np.arange(-1.4, 1.6, 0.001)
    latents = np.stack([_reach_latents(bins, angle) for angle in angles], axis=1)
    spikes = []
    for neuron in range(options["neurons"]):
        own = np.random.default_rng([seed, 2007, 1 + neuron])
        counts = own.poisson(_mixture(latents, own)[target] * 0.001)
        trial, within = np.nonzero(counts)
        times = onset[trial] + bins[within] + own.uniform(-0.0005, 0.0005, size=len(trial))
        spikes.append(np.sort(times))

    with h5py.File(path, "w", userblock_size=512) as file:
        file.attrs["synthetic"] = MARK
        references = file.create_group("#refs#", track_times=False)

        # units spread over channels of none, one or two, as the sorted units of an array are
        channels: list[Any] = []
        left = list(spikes)
        while left:
            n = len(channels) % 3
            channels.append([left.pop(0) for _ in range(min(n, len(left)))])
        cells = [_matlab_cell(references, [_matlab_matrix(references, u[:, None]) for u in c]) for c in channels]
        _matlab_cell(references, cells, name="/spikes", column=True)
        events = {"instr_cell": instruction, "go_cell": go, "stmv_cell": onset, "endmv_cell": onset + _MOVEMENT_S}
        for name, times in events.items():
            _matlab_cell(
                references, [_matlab_matrix(references, times[target == c][:, None]) for c in range(8)], name=f"/{name}"
            )
        for name, values in (("x", x), ("y", y), ("th1", shoulder), ("th2", elbow)):
            _matlab_matrix(references, np.stack([t, values], axis=1), name=f"/{name}")
    with open(path, "r+b") as handle:
        handle.write(f"MATLAB 7.3 MAT-file, {MARK}".encode().ljust(116) + bytes(8) + b"\x00\x02IM")


def _matlab_matrix(group: Any, values: np.ndarray, name: str | None = None) -> Any:
    """A double matrix, transposed as MATLAB stores it."""
    import numpy as np

    data = np.ascontiguousarray(values.T)
    item = group.create_dataset(
        name or f"v{len(group)}", data=data, track_times=False, compression="gzip" if data.size > 1 else None
    )
    item.attrs["MATLAB_class"] = np.bytes_("double")
    return item


def _matlab_cell(group: Any, items: list[Any], name: str | None = None, column: bool = False) -> Any:
    """A 1 x n cell array (n x 1 if `column`) of references to `items`; without items the empty matrix []."""
    import h5py
    import numpy as np

    name = name or f"c{len(group)}"
    if not items:
        item = group.create_dataset(name, data=np.zeros(2, dtype=np.uint64), track_times=False)
        item.attrs["MATLAB_class"] = np.bytes_("double")
        item.attrs["MATLAB_empty"] = np.uint8(1)
        return item
    shape = (1, len(items)) if column else (len(items), 1)
    item = group.create_dataset(name, shape=shape, dtype=h5py.ref_dtype, track_times=False)
    item[...] = np.array([other.ref for other in items], dtype=h5py.ref_dtype).reshape(shape)
    item.attrs["MATLAB_class"] = np.bytes_("cell")
    return item


def _write_processed(path: Path, seed: int, options: Mapping[str, Any]) -> None:
    """Condition averages of the same session, as the dict that was published."""
    import numpy as np

    from neurorules.recordings.readers import hatsopoulos2007

    with tempfile.TemporaryDirectory() as folder:
        session = Path(folder) / "session.mat"
        _write_session(session, seed, options)
        recording = hatsopoulos2007.read([session], {"source": "dryad"})
    content: dict[str, Any] = {"firing_rate": np.ascontiguousarray(recording["rates"].values.transpose(2, 1, 0))}
    for name, (key, _) in hatsopoulos2007.KINEMATICS.items():
        content[key] = recording[name].values
    for axis in "xy":
        speed = np.gradient(recording[f"hand_{axis}"].values, axis=1)
        content[f"{axis}handspeed"] = speed / np.abs(speed).max()
    for statistic in ("mean", "median"):
        content[f"time_startmovement_to_endmovement_{statistic}"] = np.full(8, 1000 * _MOVEMENT_S)
    content["synthetic"] = MARK
    with whole_file(path) as partial, open(partial, "wb") as handle:
        np.save(handle, np.array(content), allow_pickle=True)


# Sussillo et al. 2015 ------------------------------------------------------------------------------------------------

_N_MAZE_TARGETS = 9
_BENDS = (-1, 0, 1)  # around a barrier on either side, or straight


def _plan(t: np.ndarray) -> np.ndarray:
    """How far the reach is planned at `t` s from movement onset: from the target's appearance until shortly before."""
    return _rise(t, -1.1, 0.05) * (1 - _rise(t, -0.12, 0.04))


def _maze_latents(t: np.ndarray, angle: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Latents (latent, condition, time) of reaches to `angle` (rad) with `bend`; in movement they rotate."""
    import numpy as np

    angle, bend = angle[:, None], bend[:, None]
    prepared = 0.8 * _plan(t)
    moving = 1.5 * _bump(t, 0.08, 0.16)
    turn = 2 * np.pi * 1.6 * t
    latents = [
        1.6 * _bump(t, -0.03, 0.10),
        0.8 * _bump(t, 0.22, 0.15),
        prepared * np.cos(angle),
        prepared * np.sin(angle),
        prepared * bend,
        moving * np.cos(angle + turn),
        moving * np.sin(angle + turn),
        0.7 * moving * bend * np.cos(angle + 2 * turn),
        0.7 * moving * bend * np.sin(angle + 2 * turn),
    ]
    return np.stack(np.broadcast_arrays(*latents))


def _write_sussillo(files: list[Path], seed: int, options: Mapping[str, Any]) -> None:
    """The four files; smoothed Poisson rates, EMG in bursts of agonist and antagonist, and the plan inputs."""
    import numpy as np
    from scipy.ndimage import gaussian_filter1d

    from neurorules.recordings.readers import sussillo2015

    target, bend = (each.ravel() for each in np.meshgrid(np.arange(_N_MAZE_TARGETS), _BENDS, indexing="ij"))
    angle = 2 * np.pi * target / _N_MAZE_TARGETS
    bin_s = sussillo2015.BIN_MS / 1000

    t = sussillo2015.STORED_MS / 1000
    latents = _maze_latents(t, angle, bend)
    rates = np.empty((options["neurons"], len(t), len(angle)))
    n_trials = options["trials_per_condition"]
    for neuron in range(len(rates)):
        own = np.random.default_rng([seed, 2015, 1 + neuron])
        counts = own.poisson(_mixture(latents, own) * bin_s * n_trials)
        rates[neuron] = gaussian_filter1d(counts / (bin_s * n_trials), sigma=2.5, axis=1).T

    rng = np.random.default_rng([seed, 2015, 0])
    features = np.stack([np.cos(angle), np.sin(angle), bend, bend * np.cos(angle), bend * np.sin(angle)])
    plan = rng.normal(size=(sussillo2015.N_PLAN_INPUTS, len(features))) @ features
    preferred = 2 * np.pi * np.arange(sussillo2015.N_MUSCLES)[:, None, None] / sussillo2015.N_MUSCLES
    pull = np.cos(angle - preferred)
    t_emg = sussillo2015.EMG_MS[:, None] / 1000
    emg = rng.uniform(0.6, 1.0, size=preferred.shape) * (
        np.maximum(pull, 0) * _bump(t_emg, 0.0, 0.07)
        + 0.7 * np.maximum(-pull, 0) * _bump(t_emg, 0.16, 0.07)
        + 0.4 * np.maximum(bend * np.sin(angle - preferred), 0) * _bump(t_emg, 0.08, 0.06)
    )
    t_go = np.arange(-0.26, 0.095, 0.01)
    arrays = {
        sussillo2015.RATES: rates,
        sussillo2015.EMG: emg,
        sussillo2015.PLAN: plan[:, None, :] * _plan(t)[:, None],
        sussillo2015.GO: _bump(t_go, t_go[17], rng.uniform(0.03, 0.04)),
    }
    for file in files:
        with whole_file(file) as partial:
            _save_mat(partial, {file.stem: arrays[file.stem], "synthetic": MARK})
