"""Synthetic units of Mante et al. 2013: context-dependent decisions in the format of the published unit files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io.atomic import whole_file
from neurorules.options import Options
from neurorules.recordings.locate import unpacked_folder
from neurorules.recordings.synthetic.base.matlab import MARK, save_mat
from neurorules.recordings.synthetic.base.signals import mixed_rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULTS = {"neurons": 40, "trials_per_condition": 8, "monkey": "ar"}

_MOTION_LEVELS = ((0.06, 0.17, 0.5), (0.04, 0.14, 0.5), (0.03, 0.12, 0.5))
_COLOR_LEVELS = ((0.06, 0.17, 0.5), (0.04, 0.14, 0.5), (0.08, 0.20, 0.5))

_STIMULUS_FIELDS = (
    *("fpXpos", "fpYpos", "dotXpos", "dotYpos", "dotSpeed", "dotDir", "dotEccentricity"),
    *("t1Xpos", "t1Ypos", "t2Xpos", "t2Ypos"),
)


def write(source: str, folder: Path, seed: int, options: Options) -> list[Path]:
    """Write the unit files, one more than `neurons`: the unit in the second file lacks a condition."""
    unit_folder = folder / (unpacked_folder("mante2013", source, options) or "")
    names = [f"{options.monkey}000101_{k:04d}_a1" for k in range(1, options.neurons + 2)]
    files = [unit_folder / f"{name}_Vstim_100_850_ms.mat" for name in names]
    for k, (name, file) in enumerate(zip(names, files, strict=True)):
        rng = np.random.default_rng([seed, 2013, k])
        with whole_file(file) as partial:
            save_mat(partial, {"unit": _unit(name, options.trials_per_condition, k == 1, rng)})
    return files


def _unit(name: str, n_correct: int, incomplete: bool, rng: np.random.Generator) -> dict[str, Any]:
    """One unit as the nested struct of the published files, with the same fields, order and storage types."""

    def signed(levels: tuple[float, ...]) -> NDArray[Any]:
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
    rates = mixed_rates(_decision_latents(time, stim_dir, stim_col2dir, context, choice), rng)
    gain = rng.gamma(20.0, 1 / 20.0, size=(n_trials, 1))  # slow excitability, as in cortex
    response = rng.poisson(rates * gain * 0.001)

    def column(values: NDArray[Any], kind: str) -> NDArray[Any]:
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
    time: NDArray[Any], motion: NDArray[Any], color: NDArray[Any], context: NDArray[Any], choice: NDArray[Any]
) -> NDArray[Any]:
    """Latents (latent, trial, time): urgency, onset transient, both inputs, integrated choice, context."""
    t = time - time[0]
    urgency = 1 - np.exp(-t / 0.25)
    transient = np.exp(-(((t - 0.08) / 0.07) ** 2))
    stimulus = (1 - np.exp(-t / 0.06)) * np.exp(-t / 0.6)
    relevant = np.where(context == 1, np.abs(motion), np.abs(color))
    # evidence is integrated to a bound, which strong evidence reaches sooner; errors end at the other target
    drift = 1.2 + 4.0 * relevant
    integrated = choice[:, None] * np.tanh(drift[:, None] * t)

    def same(signal: NDArray[Any]) -> NDArray[Any]:
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
