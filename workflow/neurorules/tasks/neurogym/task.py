"""A task with the trials of a Neurogym environment."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.losses import choice_accuracy, cross_entropy, mean_squared_error, regression_accuracy
from neurorules.tasks.base.periods import check_bins, steps_around
from neurorules.tasks.base.trials import Trials
from neurorules.tasks.neurogym.environment import TEST_SEED, Environment, Trial
from neurorules.tasks.neurogym.errors import unusable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.tasks.base.task import Loss

OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    "env": {"type": "string", "description": "name of the Neurogym environment"},
    "dt_ms": {"type": "number", "exclusiveMinimum": 0, "description": "length of a step in ms; the environment's `dt`"},
    "steps": {
        "type": "integer",
        "minimum": 1,
        "description": "number of steps in a batch; shorter trials are followed by silence, which is not scored",
    },
    "test_trials": {
        "type": "integer",
        "minimum": 1,
        "description": "number of test trials, all different, without noise",
    },
}

N_TRIED = 1000  # trials in which test trials and the longest trial are searched for


class NeurogymTask:
    """The trials of an environment as a task.

    From N_TRIED trials without noise, `test_trials` different ones are chosen as test trials. They are taken in turn
    from the different sequences of answers, to represent these as evenly as possible.

    Args:
        options: `env`; `dt_ms`, the environment's step; `steps`, the length of a batch; `test_trials`; and parameters
            of the environment.

    Raises:
        InputError: there is no such environment, it gives no targets for complete trials, or it does not accept a
            parameter or its value; a trial is longer than `steps`; there are fewer different test trials.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        for key in ("dt_ms", "steps", "test_trials"):
            if not options[key] > 0:
                raise InputError(
                    "This must be above 0.",
                    key=f"task.{key}",
                    value=options[key],
                    remedy="Use a larger number.",
                )
        self.options = options
        self.name: str = options["env"]
        parameters = {key: value for key, value in options.items() if key not in OPTION_SCHEMA}
        self.environment = Environment(self.name, options["dt_ms"], parameters, OPTION_SCHEMA)
        tried = self.environment.noiseless_trials(max(N_TRIED, 10 * options["test_trials"]))

        environment = self.environment.make(TEST_SEED)
        self.continuous = not hasattr(environment.action_space, "n")
        self.n_inputs = environment.observation_space.shape[0]
        self.n_outputs = environment.action_space.shape[0] if self.continuous else int(environment.action_space.n)
        self.loss: Loss = mean_squared_error if self.continuous else cross_entropy
        self.accuracy = regression_accuracy if self.continuous else choice_accuracy
        self._check_answers(tried)
        self._check_length(tried)
        self.test_trials = self._test_trials(tried)

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials. `condition` is -1, because an environment does not say which test trial one resembles."""
        drawn = self.environment.draw(int(rng.integers(2**32)), n_trials)
        self._check_length(drawn)
        return self._aligned(drawn, np.full(n_trials, -1))

    def test(self) -> Trials:
        """The test trials; `condition` is a trial's index among them."""
        return self._aligned(self.test_trials, np.arange(len(self.test_trials)))

    def window(self, time_ms: NDArray[Any], comparison: Mapping[str, Any]) -> NDArray[Any]:
        """All steps of the test trials, one for each bin of the recording.

        With `comparison.onset_step`, these are the steps around the one that starts at the recording's event. Trials
        may then differ in length, because all begin at step 0.

        Raises:
            InputError: the test trials' steps do not match the recording's bins.
        """
        lengths = sorted({len(observed) for observed, _ in self.test_trials})
        if comparison.get("onset_step") is not None:
            return steps_around(time_ms, comparison["onset_step"], self.options["dt_ms"], lengths[0])
        check_bins(
            time_ms,
            lengths,
            self.options["dt_ms"],
            f"The test trials of {self.name} have",
            "Set dt_ms to the recording's bin width, and `timing` to fixed durations that add up to its length.",
        )
        return np.arange(lengths[0])

    def _test_trials(self, tried: Sequence[Trial]) -> list[Trial]:
        different: dict[tuple[bytes, bytes], Trial] = {}
        for observed, truth in tried:
            different.setdefault((observed.tobytes(), truth.tobytes()), (observed, truth))
        by_answers: dict[tuple[int, ...], list[Trial]] = {}
        for observed, truth in different.values():
            answers = () if self.continuous else tuple(truth[np.diff(truth, prepend=-1) != 0].tolist())
            by_answers.setdefault(answers, []).append((observed, truth))
        turns = itertools.zip_longest(*(by_answers[answers] for answers in sorted(by_answers)))
        in_turn = [trial for turn in turns for trial in turn if trial is not None]
        n_trials = self.options["test_trials"]
        if n_trials > len(in_turn):
            raise InputError(
                f"{self.name} has only {len(in_turn)} different noise-free trials.",
                key="task.test_trials",
                value=n_trials,
                remedy=f"Use at most {len(in_turn)}.",
            )
        return in_turn[:n_trials]

    def _aligned(self, drawn: Sequence[Trial], condition: NDArray[Any]) -> Trials:
        shape = (self.options["steps"], len(drawn))
        inputs = np.zeros((*shape, self.n_inputs), np.float32)
        targets = np.zeros((*shape, self.n_outputs), np.float32) if self.continuous else np.zeros(shape, np.int64)
        scored = np.zeros(shape, bool)
        for trial, (observed, truth) in enumerate(drawn):
            end = len(observed)
            inputs[:end, trial] = observed
            targets[:end, trial] = truth
            scored[:end, trial] = True
        return Trials(inputs, targets, scored, condition)

    def _check_answers(self, tried: Iterable[Trial]) -> None:
        if not self.continuous and any(truth.max() >= self.n_outputs for _, truth in tried):
            raise unusable(self.name, "Its ground truth is not one of its actions.")

    def _check_length(self, drawn: Iterable[Trial]) -> None:
        longest = max(len(observed) for observed, _ in drawn)
        if longest > self.options["steps"]:
            raise InputError(
                f"A trial of {self.name} has {longest} steps.",
                key="task.steps",
                value=self.options["steps"],
                remedy=f"Use at least {longest} steps, shorter durations (`timing`), or a larger dt_ms.",
            )
