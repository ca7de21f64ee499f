"""Cursor control through a brain-computer interface whose decoder is changed (Golub et al. 2018).

The readout is the decoder of a recorded session, and is not trained. Unit i takes the place of recorded unit i: its
activity h_i is the deviation of a spike count from its mean at calibration, in SDs, so the decoder's velocity is

    v = W (mu + sigma h) + b

An output of 1 is the session's mean velocity towards the target before learning. Training starts with the intuitive
decoder; after `swap_update` updates, the perturbed one replaces it.

The input is the direction to the target as (cos, sin), from the first step to the last. The target output is a velocity
of 1 in that direction; the first `reaction_steps` steps are not scored. Steps are as long as the recorded bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.decoders import INTUITIVE, PERTURBED, Decoders, recorded_patterns
from neurorules.tasks.base.cues import unit_vectors
from neurorules.tasks.base.losses import mean_squared_error, regression_accuracy
from neurorules.tasks.base.readout import Readout
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = True
COMPARISON_KEYS = ("recording",)
OPTION_SCHEMA: Mapping[str, Mapping[str, Any]] = {
    "steps": {"type": "integer", "minimum": 2, "description": "length of a trial in steps, each one recorded bin"},
    "reaction_steps": {
        "type": "integer",
        "minimum": 0,
        "description": "first steps of a trial, in which the outputs are not scored",
    },
    "swap_update": {
        "type": "integer",
        "minimum": 1,
        "description": "updates with the intuitive decoder; all others are with the perturbed one",
    },
}
NEEDED = ("decoder_weights", "decoder_offset", "count_mean", "count_sd", "sample_counts", "angle_deg")


class CursorTask:
    """Cursor control; see the module.

    Args:
        options: the options in OPTION_SCHEMA.
        recording: a session with decoders, see `recordings/readers/golub2018.py`.

    Raises:
        InputError: the recording has no decoders, or no step is scored.
    """

    loss = staticmethod(mean_squared_error)
    accuracy = staticmethod(regression_accuracy)
    n_inputs = n_outputs = 2

    def __init__(self, options: Options, recording: xr.Dataset) -> None:
        for name in NEEDED:
            if name not in recording.variables:
                raise InputError(
                    "The recording has no decoders of a brain-computer interface.",
                    key=name,
                    remedy="Use a recording of the reader golub2018.",
                )
        if options.reaction_steps >= options.steps:
            raise InputError(
                "No step of a trial is scored.",
                key="task.reaction_steps",
                value=options.reaction_steps,
                remedy=f"Use less than task.steps, {options.steps}.",
            )
        self.options = options
        self.angle_deg = recording["angle_deg"].values.astype(np.float64)
        self.directions = unit_vectors(np.deg2rad(self.angle_deg))
        decoders = Decoders.of(recording)
        self.unit = decoders.progress(recorded_patterns(recording, "before"), INTUITIVE)
        self._readouts = [
            Readout(
                decoders.weights[decoder] * decoders.sd / self.unit,
                (decoders.weights[decoder] @ decoders.mean + decoders.offset[decoder]) / self.unit,
            )
            for decoder in (INTUITIVE, PERTURBED)
        ]
        self.phases = (0, options.swap_update)

    def readout(self, update: int) -> Readout:
        """The decoder that an update uses."""
        return self._readouts[int(update >= self.options.swap_update)]

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Trials with random directions. If there are enough trials, the first ones have all directions in order."""
        condition = rng.integers(0, len(self.directions), n_trials)
        if n_trials >= len(self.directions):
            condition[: len(self.directions)] = np.arange(len(self.directions))
        return self._trials(condition)

    def test(self) -> Trials:
        """One trial for each direction."""
        return self._trials(np.arange(len(self.directions)))

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """The last steps of a trial, one per bin of the recording."""
        steps: NDArray[Any] = self.options.steps - len(time_ms) + np.arange(len(time_ms))
        return steps

    def _trials(self, condition: NDArray[Any]) -> Trials:
        shape = self.options.steps, len(condition)
        of_trial = np.broadcast_to(self.directions[condition].astype(np.float32), (*shape, 2))
        scored = np.zeros(shape, bool)
        scored[self.options.reaction_steps :] = True
        return Trials(of_trial.copy(), of_trial.copy(), scored, condition.astype(np.int64))


def condition_labels(task: CursorTask) -> dict[str, NDArray[Any]]:
    """Direction from the cursor to the target."""
    return {"angle_deg": task.angle_deg}


def make(options: Options, recording: xr.Dataset | None) -> CursorTask:
    """Make the task from a session's decoders."""
    if recording is None:
        raise InputError("The task needs a recording for its decoders.", key="task.recording")
    return CursorTask(options, recording)
