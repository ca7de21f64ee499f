"""Two-alternative forced choice (2AF): in which direction do the dots move? Neurogym's `PerceptualDecisionMaking-v0`.

A trial: fixation, stimulus, delay, decision. The fixation input is on during fixation alone. The stimulus is
1/2 + coherence / 2 * cos of the angle to the right direction, and noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.choice import FIXATION, RING, SHARED_OPTIONS, ChoiceTask, ring
from neurorules.tasks.base.periods import MILLISECONDS, periods

if TYPE_CHECKING:
    import xarray as xr

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
OPTION_SCHEMA = {
    **SHARED_OPTIONS,
    "fixation_ms": MILLISECONDS,
    "stimulus_ms": MILLISECONDS,
    "delay_ms": MILLISECONDS,
    "decision_ms": MILLISECONDS,
    "coherence_percent": {"type": "array", "minItems": 1, "items": {"type": "number", "minimum": 0, "maximum": 100}},
}
LEAST_STEPS = {"fixation_ms": 0, "stimulus_ms": 1, "delay_ms": 0, "decision_ms": 1}


class TwoAlternativeTask(ChoiceTask):
    """See the module; its test trials ascend in (choice, coherence), without coherence 0, which has no right answer.

    Args:
        options: `dt_ms`; `fixation_ms`, `stimulus_ms`, `delay_ms`, `decision_ms` (whole steps, rounded down);
            `coherence_percent`, the levels, of which 0 is for training alone; `sigma`, the SD of the noise on the
            stimulus times the square root of a step in ms; `dim_ring`, the number of directions.

    Raises:
        InputError: a duration, coherence or noise that makes no sense.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        levels = options["coherence_percent"]
        if not any(levels) or not all(0 <= level <= 100 for level in levels) or len(set(levels)) < len(levels):
            raise InputError(
                "Coherences are different levels from 0 to 100 %, at least one above 0.",
                key="task.coherence_percent",
                value=levels,
                remedy="Give levels such as [0, 6.4, 12.8, 25.6, 51.2].",
            )
        fixation, stimulus, _, decision = periods(options, LEAST_STEPS)
        theta = ring(options["dim_ring"])
        choice = np.repeat(np.arange(len(theta)), len(levels))
        coherence = np.tile(sorted(levels), len(theta))
        inputs = np.zeros((decision.stop, len(choice), 1 + len(theta)))
        inputs[fixation, :, FIXATION] = 1.0
        inputs[stimulus, :, RING] = np.cos(theta - theta[choice, None]) * (coherence[:, None] / 200) + 0.5
        super().__init__(options, inputs, choice + 1, decision=decision, noisy=[stimulus], tested=coherence > 0)


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> TwoAlternativeTask:
    """The two-alternative task; it takes nothing from the recording."""
    return TwoAlternativeTask(options)
