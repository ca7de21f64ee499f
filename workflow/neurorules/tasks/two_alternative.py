"""Two-alternative forced choice (2AF): in which direction do the dots move? Neurogym's `PerceptualDecisionMaking-v0`.

A trial: fixation, stimulus, delay, decision. The fixation input is on during fixation only. The stimulus is 1/2 +
coherence / 2 * cos of the angle to the correct direction, plus noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.choice import FIXATION, RING, SHARED_OPTIONS, ChoiceTask, ring
from neurorules.tasks.base.periods import duration_ms, periods

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    **SHARED_OPTIONS,
    "fixation_ms": duration_ms("fixation (Neurogym); the fixation input is on during this period only"),
    "stimulus_ms": duration_ms("stimulus, with noise (Neurogym)"),
    "delay_ms": duration_ms("delay (Neurogym)"),
    "decision_ms": duration_ms("decision, when the choice must be on the outputs (Neurogym)"),
    "coherence_percent": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "number", "minimum": 0, "maximum": 100},
        "description": "coherences in %, each with every choice (Neurogym's cohs); test trials leave out 0, which has "
        "no correct choice",
    },
}
LEAST_STEPS = {"fixation_ms": 0, "stimulus_ms": 1, "delay_ms": 0, "decision_ms": 1}


class TwoAlternativeTask(ChoiceTask):
    """Two-alternative choice, with test trials in the order of (choice, coherence), without coherence 0.

    Args:
        options: the options in OPTION_SCHEMA.

    Raises:
        InputError: a duration is too short, coherences are not different levels, or the noise is negative.
    """

    def __init__(self, options: Options) -> None:
        levels = options.coherence_percent
        if not any(levels) or not all(0 <= level <= 100 for level in levels) or len(set(levels)) < len(levels):
            raise InputError(
                "Coherences must be different levels from 0 to 100 %, with at least one above 0.",
                key="task.coherence_percent",
                value=levels,
                remedy="Use levels such as [0, 6.4, 12.8, 25.6, 51.2].",
            )
        fixation, stimulus, _, decision = periods(options, LEAST_STEPS)
        theta = ring(options.dim_ring)
        choice = np.repeat(np.arange(len(theta)), len(levels))
        coherence = np.tile(sorted(levels), len(theta))
        inputs = np.zeros((decision.stop, len(choice), 1 + len(theta)))
        inputs[fixation, :, FIXATION] = 1.0
        inputs[stimulus, :, RING] = np.cos(theta - theta[choice, None]) * (coherence[:, None] / 200) + 0.5
        super().__init__(options, inputs, choice + 1, decision=decision, noisy=[stimulus], tested=coherence > 0)


def condition_labels(task: TwoAlternativeTask) -> dict[str, NDArray[Any]]:
    """The correct choice, counted from 1 as the outputs are, and the coherence in %."""
    (stimulus,) = task.noisy
    choice, trials = task.targets[-1, task.tested], np.arange(len(task.tested))
    # In the correct direction, the cosine is 1. Inputs are float32, with about 7 digits.
    shown = task.inputs[stimulus.start, task.tested][trials, choice].astype(np.float64)
    return {"choice": choice, "coherence_percent": np.round(200 * (shown - 0.5), 4)}


def make(options: Options, recording: xr.Dataset | None) -> TwoAlternativeTask:
    """Make the two-alternative task; the recording is unused."""
    return TwoAlternativeTask(options)
