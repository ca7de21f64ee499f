"""Any supervised environment of Neurogym: its observations are the inputs, its ground truth gives the targets.

`env` names the environment. Options that are not listed here are parameters of the environment, handed to its
constructor: `cohs`, `sigma`, `dim_ring`, `timing` ... A duration in `timing` is a number of ms, a list of numbers to
draw from, or a distribution such as [uniform, [200, 500]]; the environment rounds it down to whole steps. `rewards`
and `abort` have no effect, since nobody acts.

Trials begin together at step 0, with a network that knows nothing of the trials before. What follows the end of a
trial that is shorter than `steps` is silent and not scored; within a trial every step is scored alike, fixation too.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.losses import choice_accuracy, cross_entropy, mean_squared_error, regression_accuracy
from neurorules.tasks.base.periods import check_bins
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.tasks.base.task import Loss

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
OPTION_SCHEMA = {
    "env": {"type": "string"},
    "dt_ms": {"type": "number", "exclusiveMinimum": 0},
    "steps": {"type": "integer", "minimum": 1},
    "test_trials": {"type": "integer", "minimum": 1},
}
OTHER_OPTIONS = True  # parameters of the environment

TEST_SEED = 0  # the test trials are the same in every run
N_TRIED = 1000  # trials among which the test trials are chosen and the longest is looked for
NOISE = ("sigma", "noise_std")  # what environments call the standard deviation of the noise on their inputs
OURS = ("dt", "random_seed", "frozen_seed")  # parameters that follow from `dt_ms` and from the run's seed
NEEDS_TRIALS_BEFORE = {
    "HierarchicalReasoning-v0": "Its rule changes unannounced between blocks of trials: it has to be inferred from "
    "the trials before.",
}
# How environments turn down what they cannot work with; what it is they say in words only.
REFUSALS = (ArithmeticError, LookupError, TypeError, ValueError)

Trial = tuple[np.ndarray, np.ndarray]  # observations (step, input), ground truth (step,) or (step, output)


class NeurogymTask:
    """See the module.

    A batch is drawn from an environment made for it alone, all of whose random numbers come from one seed: some
    environments keep counts from trial to trial, and seeding one through its own `seed` gives its random durations
    the same stream as its choices.

    Of N_TRIED trials without noise, `test_trials` different ones are the test trials; the different sequences of
    answers take turns, so that all are represented as evenly as can be.

    Args:
        options: `env`; `dt_ms`, the environment's step; `steps`, the length of a batch; `test_trials`; and
            parameters of the environment.

    Raises:
        InputError: there is no such environment, it gives no targets for whole trials, or it does not take a
            parameter or its value; a trial is longer than `steps`; there are fewer different test trials.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        for key in ("dt_ms", "steps", "test_trials"):
            if not options[key] > 0:
                raise InputError(
                    "This must be more than 0.",
                    key=f"task.{key}",
                    value=options[key],
                    remedy="Use a larger number.",
                )
        self.name: str = options["env"]
        self.options = options
        self.parameters = {key: value for key, value in options.items() if key not in OPTION_SCHEMA}
        self.create, kind = _environment(self.name)
        self.takes = {name: p for name, p in list(inspect.signature(kind.__init__).parameters.items())[1:]}
        self._check_parameters()

        with np.errstate(all="ignore"):  # what comes of it, `_tried` finds
            try:
                self._check_targets()
                tried = self._tried(self.parameters)
            except REFUSALS as error:
                raise self._refused(error) from error

        environment = self._make(self.parameters, TEST_SEED)
        self.continuous = not hasattr(environment.action_space, "n")
        self.n_inputs = environment.observation_space.shape[0]
        self.n_outputs = environment.action_space.shape[0] if self.continuous else int(environment.action_space.n)
        self.loss: Loss = mean_squared_error if self.continuous else cross_entropy
        self.accuracy = regression_accuracy if self.continuous else choice_accuracy
        self._check_answers(tried)
        self._check_length(tried)
        self.test_trials = self._test_trials(tried)

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials; which test trial one is like, an environment does not say."""
        drawn = self._draw(self.parameters, int(rng.integers(2**32)), n_trials)
        self._check_length(drawn)
        return self._aligned(drawn, np.full(n_trials, -1))

    def test(self) -> Trials:
        """The test trials; `condition` is a trial's place among them."""
        return self._aligned(self.test_trials, np.arange(len(self.test_trials)))

    def window(self, time_ms: np.ndarray, options: Mapping[str, Any]) -> np.ndarray:
        """All steps of the test trials, one for each bin of the recording.

        An environment knows nothing of a recording. Whoever compares the two sees to it that the recording's
        conditions are the test trials, in their order.

        Raises:
            InputError: the test trials' steps are not the recording's bins.
        """
        lengths = sorted({len(observed) for observed, _ in self.test_trials})
        check_bins(
            time_ms,
            lengths,
            self.options["dt_ms"],
            f"The test trials of {self.name} have",
            "Set dt_ms to the recording's bin width, and `timing` to fixed durations that add up to its length.",
        )
        return np.arange(lengths[0])

    # ---- trials

    def _make(self, parameters: Mapping[str, Any], seed: int) -> Any:
        """A new environment that draws all its random numbers from `seed`."""
        from neurogym.utils.ngym_random import TruncExp

        seeds = {"random_seed": seed} if "random_seed" in self.takes else {}
        environment = self.create(dt=self.options["dt_ms"], **seeds, **parameters)
        environment.rng = np.random.RandomState(seed)
        for duration in environment.timing.values():
            if isinstance(duration, TruncExp):
                duration.rng = environment.rng
        return environment

    def _draw(self, parameters: Mapping[str, Any], seed: int, n_trials: int) -> list[Trial]:
        environment = self._make(parameters, seed)
        drawn = []
        for _ in range(n_trials):
            environment.new_trial()
            drawn.append((environment.ob, environment.gt))
        return drawn

    def _tried(self, parameters: Mapping[str, Any]) -> list[Trial]:
        """Trials without noise, once they and one with noise are found to be in order."""
        quiet = {**parameters, **{name: 0.0 for name in NOISE if name in self.takes}}
        tried = self._draw(quiet, TEST_SEED, max(N_TRIED, 10 * self.options["test_trials"]))
        if not all(np.isfinite(ob).all() for ob, _ in [*tried, *self._draw(parameters, TEST_SEED, 1)]):
            raise ValueError("some observations are not finite")
        if not all(len(observed) for observed, _ in tried):
            raise ValueError("some trials have no step")
        if len(np.unique(np.concatenate([truth for _, truth in tried]))) < 2:
            raise ValueError("the same answer is right at every step of every trial; is the decision below one step?")
        return tried

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
                f"{self.name} has only {len(in_turn)} different trials without noise.",
                key="task.test_trials",
                value=n_trials,
                remedy=f"Use at most {len(in_turn)}.",
            )
        return in_turn[:n_trials]

    def _aligned(self, drawn: Sequence[Trial], condition: np.ndarray) -> Trials:
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

    # ---- checks

    def _check_parameters(self) -> None:
        known = [name for name in self.takes if name not in OURS]
        for name, value in self.parameters.items():
            if name not in known:
                raise self._unknown(f"task.{name}", value, name, [*known, *OPTION_SCHEMA])
        for name in known:
            if self.takes[name].default is inspect.Parameter.empty and name not in self.parameters:
                raise InputError(f"{self.name} needs this parameter.", key=f"task.{name}", remedy=self._allowed())

    def _check_targets(self) -> None:
        environment = self._make(self.parameters, TEST_SEED)
        environment.new_trial()
        if not (hasattr(environment, "ob") and hasattr(environment, "gt")):
            raise self._unusable(
                "It gives no observations and targets for whole trials; it is meant for reinforcement learning."
            )
        # Neurogym ignores durations of periods that it does not know.
        known = {*environment.timing} if "timing" not in self.parameters else self._periods()
        for period, duration in dict(self.parameters.get("timing") or {}).items():
            if period not in known:
                raise self._unknown(f"task.timing.{period}", duration, period, known)
            if any(isinstance(ms, int | float) and ms < 0 for ms in _as_list(duration)):
                raise InputError(
                    "A duration cannot be negative.",
                    key=f"task.timing.{period}",
                    value=duration,
                    remedy="Use 0 ms or more.",
                )

    def _periods(self) -> set[str]:
        others = {name: value for name, value in self.parameters.items() if name != "timing"}
        return {*self._make(others, TEST_SEED).timing}

    def _check_answers(self, tried: Iterable[Trial]) -> None:
        if not self.continuous and any(truth.max() >= self.n_outputs for _, truth in tried):
            raise self._unusable("Its ground truth is not one of its actions.")

    def _check_length(self, drawn: Iterable[Trial]) -> None:
        longest = max(len(observed) for observed, _ in drawn)
        if longest > self.options["steps"]:
            raise InputError(
                f"A trial of {self.name} takes {longest} steps.",
                key="task.steps",
                value=self.options["steps"],
                remedy=f"Use at least {longest}, or shorter durations (`timing`), or a larger dt_ms.",
            )

    def _refused(self, error: Exception) -> InputError:
        """What to say of options that the environment turned down: which of them it is, is found by trying."""

        def works(parameters: Mapping[str, Any]) -> bool:
            try:
                self._tried(parameters)
            except REFUSALS:
                return False
            return True

        needed = [n for n in self.parameters if self.takes[n].default is inspect.Parameter.empty]
        others = [name for name in self.parameters if name not in needed]
        values = {"dt_ms": self.options["dt_ms"], **self.parameters}
        for name in others:
            if works({n: v for n, v in self.parameters.items() if n != name}):
                to_blame = [name]
                break
        else:
            alone = works({name: self.parameters[name] for name in needed})
            to_blame = others if alone else ["dt_ms", *needed]
        return InputError(
            f"{self.name} does not work with this: {error}.",
            key=", ".join(f"task.{name}" for name in to_blame),
            value=values[to_blame[0]] if len(to_blame) == 1 else {name: values[name] for name in to_blame},
            remedy=self._allowed(),
        )

    def _unusable(self, reason: str) -> InputError:
        return _unusable(self.name, reason)

    def _unknown(self, key: str, value: Any, name: str, known: Iterable[str]) -> InputError:
        return InputError(
            f"{self.name} has nothing of this name.", key=key, value=value, remedy=_did_you_mean(name, known)
        )

    def _allowed(self) -> str:
        parameters = [str(p.replace(annotation=p.empty)) for n, p in self.takes.items() if n not in OURS]
        return f"The parameters and their defaults: {', '.join(parameters) or 'none'}. A smaller dt_ms may help."


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _environment(name: str) -> tuple[Callable[..., Any], Any]:
    """What makes an environment, and the class of what it makes.

    Raises:
        InputError: there is no such environment, or no Neurogym, or its trials do not stand alone.
    """
    try:
        from neurogym.core import TrialEnv
        from neurogym.envs.registration import ALL_COLLECTIONS_ENVS, ALL_NATIVE_ENVS
    except ModuleNotFoundError as error:
        if error.name != "neurogym":
            raise
        raise InputError(
            "The package neurogym is not installed.",
            key="task.env",
            value=name,
            remedy="Install neurogym (2.3.1), or use another task.",
        ) from error

    known = {**ALL_NATIVE_ENVS, **ALL_COLLECTIONS_ENVS}
    if name not in known:
        raise InputError(
            "Neurogym has no such environment.", key="task.env", value=name, remedy=_did_you_mean(name, known)
        )
    if name in NEEDS_TRIALS_BEFORE:
        raise _unusable(name, NEEDS_TRIALS_BEFORE[name])
    module, attribute = known[name].split(":")
    create = getattr(importlib.import_module(module), attribute)
    if inspect.isclass(create):
        kind = create
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how Neurogym and Gymnasium talk to each other
            kind = type(create())
    if not issubclass(kind, TrialEnv):
        raise _unusable(name, f"Its trials come through the wrapper {kind.__name__}, which does not give them whole.")
    return create, kind


def _unusable(name: str, reason: str) -> InputError:
    return InputError(
        f"This environment cannot be a task here. {reason}",
        key="task.env",
        value=name,
        remedy="Use a supervised environment whose trials stand alone, such as PerceptualDecisionMaking-v0.",
    )


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=3)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return f"{hint}Allowed: {', '.join(sorted(known))}."


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> NeurogymTask:
    """The task of an environment; it takes nothing from the recording."""
    return NeurogymTask(Options(options).as_dict())
