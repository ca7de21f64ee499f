"""Delayed match to sample (DMS): do test and sample point the same way? Neurogym's `DelayMatchSample-v0`.

A trial: fixation, sample, delay, test, decision. The fixation input is on until the decision. Sample and test are 1/2 +
1/2 cos of the angle to their direction, plus noise. A non-matching test points in the opposite direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
    "fixation_ms": duration_ms("fixation (Neurogym); the fixation input stays on until the decision"),
    "sample_ms": duration_ms("sample, with noise (Neurogym)"),
    "delay_ms": duration_ms("delay (Neurogym)"),
    "test_ms": duration_ms("test, with noise, in the sample's direction or the opposite one (Neurogym)"),
    "decision_ms": duration_ms("decision, when match or non-match must be on the outputs (Neurogym)"),
}
LEAST_STEPS = {"fixation_ms": 0, "sample_ms": 1, "delay_ms": 0, "test_ms": 1, "decision_ms": 1}
MATCH, NON_MATCH = 1, 2  # choices


class DelayMatchTask(ChoiceTask):
    """Delayed match to sample, with test trials in the order of (sample direction, match before non-match).

    Args:
        options: the options in OPTION_SCHEMA.

    Raises:
        InputError: a duration is too short, or the noise is negative.
    """

    def __init__(self, options: Options) -> None:
        _, sample, _, test, decision = periods(options, LEAST_STEPS)
        theta = ring(options.dim_ring)
        shown = np.repeat(theta, 2)
        choice = np.tile([MATCH, NON_MATCH], len(theta))
        inputs = np.zeros((decision.stop, len(choice), 1 + len(theta)))
        inputs[: decision.start, :, FIXATION] = 1.0
        for period, angle in ((sample, shown), (test, shown + np.pi * (choice == NON_MATCH))):
            inputs[period, :, RING] = np.cos(theta - angle[:, None]) * 0.5 + 0.5
        super().__init__(
            options, inputs, choice, decision=decision, noisy=[sample, test], tested=np.ones(len(choice), bool)
        )


def condition_labels(task: DelayMatchTask) -> dict[str, NDArray[Any]]:
    """Direction of the sample, and whether the test matches it (1) or not (0)."""
    sample, _ = task.noisy
    ring_inputs = task.inputs[sample.start, task.tested, RING]
    angle_deg = 360.0 * ring_inputs.argmax(1) / ring_inputs.shape[1]
    return {"sample_angle_deg": angle_deg, "match": (task.targets[-1, task.tested] == MATCH).astype(np.int64)}


def make(options: Options, recording: xr.Dataset | None) -> DelayMatchTask:
    """Make the delayed match-to-sample task; the recording is unused."""
    return DelayMatchTask(options)
