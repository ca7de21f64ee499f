"""A synthetic session of Sussillo et al. 2015: 27 reaches through mazes, in the format of the private files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io.atomic import whole_file
from neurorules.options import Options
from neurorules.recordings.locate import download_paths
from neurorules.recordings.readers import sussillo2015 as reader
from neurorules.recordings.synthetic.base.matlab import MARK, save_mat
from neurorules.recordings.synthetic.base.signals import bump, mixed_rates, rise

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULTS = {"neurons": 40, "trials_per_condition": 12}

_N_MAZE_TARGETS = 9
_BENDS = (-1, 0, 1)  # around a barrier on either side, or straight


def _plan(t: NDArray[Any]) -> NDArray[Any]:
    """How far the reach is planned `t` s from movement onset: from target onset until shortly before the movement."""
    plan: NDArray[Any] = rise(t, -1.1, 0.05) * (1 - rise(t, -0.12, 0.04))
    return plan


def _maze_latents(t: NDArray[Any], angle: NDArray[Any], bend: NDArray[Any]) -> NDArray[Any]:
    """Latents (latent, condition, time) of reaches to `angle` (rad) with `bend`; they rotate during the movement."""
    angle, bend = angle[:, None], bend[:, None]
    prepared = 0.8 * _plan(t)
    moving = 1.5 * bump(t, 0.08, 0.16)
    turn = 2 * np.pi * 1.6 * t
    latents = [
        1.6 * bump(t, -0.03, 0.10),
        0.8 * bump(t, 0.22, 0.15),
        prepared * np.cos(angle),
        prepared * np.sin(angle),
        prepared * bend,
        moving * np.cos(angle + turn),
        moving * np.sin(angle + turn),
        0.7 * moving * bend * np.cos(angle + 2 * turn),
        0.7 * moving * bend * np.sin(angle + 2 * turn),
    ]
    return np.stack(np.broadcast_arrays(*latents))


def write(source: str, folder: Path, seed: int, options: Options) -> list[Path]:
    """Write the four files: smoothed Poisson rates, EMG bursts of agonist and antagonist, plan inputs, go cue."""
    from scipy.ndimage import gaussian_filter1d

    files = download_paths("sussillo2015", source, folder)
    target, bend = (each.ravel() for each in np.meshgrid(np.arange(_N_MAZE_TARGETS), _BENDS, indexing="ij"))
    angle = 2 * np.pi * target / _N_MAZE_TARGETS
    bin_s = reader.BIN_MS / 1000

    t = reader.STORED_MS / 1000
    latents = _maze_latents(t, angle, bend)
    rates = np.empty((options.neurons, len(t), len(angle)))
    n_trials = options.trials_per_condition
    for neuron in range(len(rates)):
        own = np.random.default_rng([seed, 2015, 1 + neuron])
        counts = own.poisson(mixed_rates(latents, own) * bin_s * n_trials)
        rates[neuron] = gaussian_filter1d(counts / (bin_s * n_trials), sigma=2.5, axis=1).T

    rng = np.random.default_rng([seed, 2015, 0])
    features = np.stack([np.cos(angle), np.sin(angle), bend, bend * np.cos(angle), bend * np.sin(angle)])
    plan = rng.normal(size=(reader.N_PLAN_INPUTS, len(features))) @ features
    preferred = 2 * np.pi * np.arange(reader.N_MUSCLES)[:, None, None] / reader.N_MUSCLES
    pull = np.cos(angle - preferred)
    t_emg = reader.EMG_MS[:, None] / 1000
    emg = rng.uniform(0.6, 1.0, size=preferred.shape) * (
        np.maximum(pull, 0) * bump(t_emg, 0.0, 0.07)
        + 0.7 * np.maximum(-pull, 0) * bump(t_emg, 0.16, 0.07)
        + 0.4 * np.maximum(bend * np.sin(angle - preferred), 0) * bump(t_emg, 0.08, 0.06)
    )
    t_go = np.arange(-0.26, 0.095, 0.01)
    arrays = {
        reader.RATES: rates,
        reader.EMG: emg,
        reader.PLAN: plan[:, None, :] * _plan(t)[:, None],
        reader.GO: bump(t_go, t_go[17], rng.uniform(0.03, 0.04)),
    }
    for file in files:
        with whole_file(file) as partial:
            save_mat(partial, {file.stem: arrays[file.stem], "synthetic": MARK})
    return files
