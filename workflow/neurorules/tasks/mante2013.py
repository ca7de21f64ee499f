"""Context-dependent decision (Mante 2013): motion and colour evidence, and a context that selects one of them.

A trial: fixation, stimulus, delay, decision. Left is choice 1 (the recording's targ_dir -1, away from the neuron's
preferred target), right is choice 2 (targ_dir +1). The task follows Neurogym's environments, and the tests compare it
with them. Its inputs differ in two ways: the fixation input lasts until the decision, and the context ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.losses import choice_accuracy, cross_entropy
from neurorules.tasks.base.periods import STEP_MS, check_bins, duration_ms, whole_steps
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = False
COMPARISON_KEYS = ("recording",)
COHERENCES = {"type": "array", "minItems": 1, "items": {"type": "number", "minimum": 0, "maximum": 1}}
OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    "dt_ms": {**STEP_MS, "description": "length of a step in ms; must be the recording's bin width (A.3)"},
    "fixation_ms": duration_ms("fixation (A.1)"),
    "stimulus_ms": duration_ms("dots (A.1); this period is compared with the recording"),
    "delay_ms": duration_ms("delay (A.1)"),
    "decision_ms": duration_ms("decision, when the choice must be on the outputs (A.1)"),
    "motion_coherence": {
        **COHERENCES,
        "description": "levels of motion coherence of generated trials, each used with both signs (published code)",
    },
    "colour_coherence": {
        **COHERENCES,
        "description": "levels of colour coherence of generated trials, each used with both signs (published code)",
    },
    "test_motion_coherence": {
        **COHERENCES,
        "description": "levels of motion coherence of test trials; same number as in generated trials (published code)",
    },
    "test_colour_coherence": {
        **COHERENCES,
        "description": "levels of colour coherence of test trials; same number as in generated trials (published code)",
    },
    "input_noise_sd": {
        "type": "number",
        "minimum": 0,
        "description": "SD of the noise in each step of the evidence inputs of generated trials (published code)",
    },
    "colour_target_input": {
        "type": "boolean",
        "description": "two more inputs for the side of the green target (published code)",
    },
    "unit_norm_inputs": {
        "type": "boolean",
        "description": "scale the input vector of each step, including noise, to norm 1 (published code: true)",
    },
    "trials": {
        "enum": ["generated", "test"],
        "description": "training trials: new random ones (A.1), or all test trials in each update (published code)",
    },
}

PERIODS = ("fixation", "stimulus", "delay", "decision")

# Inputs, in the order of the published data.
FIXATION = 0
EVIDENCE = slice(1, 5)  # proportion of dots moving left, moving right, red, green
CONTEXT = slice(5, 7)  # one-hot: motion counts, colour counts
COLOUR_TARGET = slice(7, 9)  # one-hot: the green target is on the left, on the right

# The recording's signs.
COLOUR_CONTEXT, MOTION_CONTEXT = -1, 1


class ContextDecisionTask:
    """Context-dependent decision.

    The colour evidence counts with its sign towards the right (preferred) target. Green counts for the right if the
    green target is on the right, and for the left otherwise. The green target is on the right in test trials, and in
    all trials of a network without colour-target inputs. With these inputs, generated trials draw its side at random,
    as in the published environment and as in the recordings (about half of the trials each).

    Args:
        options: the options in OPTION_SCHEMA.

    Raises:
        InputError: a duration is too short, coherences do not match, the noise is negative, or the type of trials is
            unknown.
    """

    n_outputs = 3  # fixate, left, right
    loss = staticmethod(cross_entropy)
    accuracy = staticmethod(choice_accuracy)

    def __init__(self, options: Options) -> None:
        _check(options)
        self.options = options
        self.n_inputs = 9 if options.colour_target_input else 7
        ends = np.cumsum([_n_steps(options, period) for period in PERIODS]).tolist()
        self.stimulus = slice(ends[0], ends[1])
        self.decision_start = ends[2]
        self.n_steps = ends[3]
        self.training_conditions = _conditions(options.motion_coherence, options.colour_coherence)
        self.test_conditions = _conditions(options.test_motion_coherence, options.test_colour_coherence)

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials, with every combination of coherences and context equally likely.

        With `trials: test`, these are the test trials, and `n_trials` is ignored.
        """
        if self.options.trials == "test":
            return self.test()
        condition = rng.integers(0, len(self.training_conditions), n_trials)
        if self.options.colour_target_input:
            green_right = rng.integers(0, 2, n_trials) == 1
        else:
            green_right = np.ones(n_trials, bool)
        n_stimulus = self.stimulus.stop - self.stimulus.start
        noise = rng.standard_normal((n_stimulus, n_trials, 4), np.float32) * self.options.input_noise_sd
        return self._trials(self.training_conditions, condition, green_right, noise)

    @cached_property
    def _test_trials(self) -> Trials:
        n_trials = len(self.test_conditions)
        return self._trials(self.test_conditions, np.arange(n_trials), np.ones(n_trials, bool), 0.0)

    def test(self) -> Trials:
        """Test trials, sorted by (choice, motion, colour towards the right, context) like the recorded conditions."""
        return deepcopy(self._test_trials)  # made once: with `trials: test`, every update uses them

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """The steps of the stimulus, one for each bin of the recording."""
        steps = np.arange(self.stimulus.start, self.stimulus.stop)
        check_bins(
            time_ms,
            [len(steps)],
            self.options.dt_ms,
            "The stimulus has",
            "Give the recording and the task the same bin width, and the stimulus the recording's length.",
        )
        return steps

    def _trials(
        self, conditions: NDArray[Any], condition: NDArray[Any], green_right: NDArray[Any], noise: NDArray[Any] | float
    ) -> Trials:
        """Trials from the given rows of `conditions`; `noise` (step of the stimulus, trial, 4)."""
        choice, motion, colour, context = conditions[condition].T
        green = np.where(green_right, colour, -colour)

        inputs = np.zeros((self.n_steps, len(condition), self.n_inputs), np.float32)
        before_decision = slice(0, self.decision_start)
        inputs[before_decision, :, FIXATION] = 1.0
        inputs[self.stimulus, :, EVIDENCE] = (1 + np.stack([-motion, motion, -green, green], -1)) / 2 + noise
        inputs[before_decision, :, CONTEXT] = np.stack([context == MOTION_CONTEXT, context == COLOUR_CONTEXT], -1)
        if self.options.colour_target_input:
            inputs[:, :, COLOUR_TARGET] = np.stack([~green_right, green_right], -1)
        if self.options.unit_norm_inputs:
            norm = np.linalg.norm(inputs, axis=-1, keepdims=True)
            # Without the colour-target inputs, nothing is on during the decision.
            np.divide(inputs, norm, out=inputs, where=norm > 0)

        targets = np.zeros(inputs.shape[:2], np.int64)
        targets[self.decision_start :] = np.where(choice < 0, 1, 2)
        return Trials(inputs, targets, np.ones(targets.shape, bool), condition.astype(np.int64))


def _conditions(motion_coherence: Sequence[float], colour_coherence: Sequence[float]) -> NDArray[Any]:
    """(condition, 4): choice (-1, 1), motion, colour (both towards the right), context; sorted."""
    return np.array(
        sorted(
            (np.sign(motion if context == MOTION_CONTEXT else colour), motion, colour, context)
            for motion in _signed(motion_coherence)
            for colour in _signed(colour_coherence)
            for context in (COLOUR_CONTEXT, MOTION_CONTEXT)
        )
    )


def _signed(coherence: Sequence[float]) -> list[float]:
    return [sign * level for level in coherence for sign in (-1, 1)]


def _n_steps(options: Options, period: str) -> int:
    return int(whole_steps(options[f"{period}_ms"], options.dt_ms))


def _check(options: Options) -> None:
    def refuse(problem: str, key: str, remedy: str) -> InputError:
        return InputError(problem, key=f"task.{key}", value=options[key], remedy=remedy)

    if not options.dt_ms > 0:
        raise refuse("The length of a step must be above 0.", "dt_ms", "Use 15 (published code) or 50 ms (paper).")
    for period in PERIODS:
        least = 1 if period in ("stimulus", "decision") else 0
        if _n_steps(options, period) < least:
            raise refuse(
                f"The {period} period is too short.",
                f"{period}_ms",
                f"Use at least {least * options.dt_ms:g} ms.",
            )
    for feature in ("motion", "colour"):
        training, test = f"{feature}_coherence", f"test_{feature}_coherence"
        for key in (training, test):
            levels = options[key]
            if not levels or not all(0 < level <= 1 for level in levels) or len(set(levels)) < len(levels):
                raise refuse(
                    "Coherences must be different levels above 0 and up to 1; each is used with both signs.",
                    key,
                    "Use levels such as [0.06, 0.17, 0.5].",
                )
        if len(options[training]) != len(options[test]):
            raise refuse(
                f"Generated and test trials need the same number of levels of {feature} coherence, because they are "
                "paired from the weakest to the strongest.",
                training,
                f"Use {len(options[test])} levels, as in {test}.",
            )
    if not options.input_noise_sd >= 0:
        raise refuse("A standard deviation cannot be negative.", "input_noise_sd", "Use 0 or more.")
    if options.trials not in ("generated", "test"):
        raise refuse("Unknown type of training trials.", "trials", 'Use "generated" or "test".')


def condition_labels(task: ContextDecisionTask) -> dict[str, NDArray[Any]]:
    """Labels as in the recording. Coherences are ranks, because inner levels differ between sessions."""
    choice, motion, colour, context = task.test_conditions.T
    ranks = [np.unique(levels, return_inverse=True)[1].reshape(-1) + 1 for levels in (motion, colour)]
    return {"choice": choice, "motion_rank": ranks[0], "color_rank": ranks[1], "context": context}


def make(options: Options, recording: xr.Dataset | None) -> ContextDecisionTask:
    """Make the context-dependent decision task; the recording is unused."""
    return ContextDecisionTask(options)
