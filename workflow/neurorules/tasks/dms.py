"""Delayed match to sample (DMS): do test and sample point the same way? Neurogym's `DelayMatchSample-v0`.

A trial: fixation, sample, delay, test, decision. The fixation input is on until the decision. Sample and test are
1/2 + 1/2 cos of the angle to their direction, and noise. A test that does not match points the opposite way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.tasks.base.choice import FIXATION, RING, SHARED_OPTIONS, ChoiceTask, ring
from neurorules.tasks.base.periods import MILLISECONDS, periods

if TYPE_CHECKING:
    import xarray as xr

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
OPTION_SCHEMA = {
    **SHARED_OPTIONS,
    "fixation_ms": MILLISECONDS,
    "sample_ms": MILLISECONDS,
    "delay_ms": MILLISECONDS,
    "test_ms": MILLISECONDS,
    "decision_ms": MILLISECONDS,
}
LEAST_STEPS = {"fixation_ms": 0, "sample_ms": 1, "delay_ms": 0, "test_ms": 1, "decision_ms": 1}
MATCH, NON_MATCH = 1, 2  # choices


class DelayMatchTask(ChoiceTask):
    """See the module; its test trials ascend in (sample's direction, match before non-match).

    Args:
        options: `dt_ms`; `fixation_ms`, `sample_ms`, `delay_ms`, `test_ms`, `decision_ms` (whole steps, rounded
            down); `sigma`, the SD of the noise on sample and test times the square root of a step in ms; `dim_ring`,
            the number of directions that a sample may have.

    Raises:
        InputError: a duration or noise that makes no sense.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        _, sample, _, test, decision = periods(options, LEAST_STEPS)
        theta = ring(options["dim_ring"])
        shown = np.repeat(theta, 2)
        choice = np.tile([MATCH, NON_MATCH], len(theta))
        inputs = np.zeros((decision.stop, len(choice), 1 + len(theta)))
        inputs[: decision.start, :, FIXATION] = 1.0
        for period, angle in ((sample, shown), (test, shown + np.pi * (choice == NON_MATCH))):
            inputs[period, :, RING] = np.cos(theta - angle[:, None]) * 0.5 + 0.5
        super().__init__(
            options, inputs, choice, decision=decision, noisy=[sample, test], tested=np.ones(len(choice), bool)
        )


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> DelayMatchTask:
    """The delayed match-to-sample task; it takes nothing from the recording."""
    return DelayMatchTask(options)
