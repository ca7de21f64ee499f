"""Neurogym's environments: lookup by name, construction with checked parameters, and generation of trials."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.neurogym.errors import (
    allowed_parameters,
    not_installed,
    refused_values,
    unknown_environment,
    unknown_name,
    unusable,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEST_SEED = 0  # the test trials are the same in every run
NOISE = ("sigma", "noise_std")  # names of the SD of the noise on the inputs
OURS = ("dt", "random_seed", "frozen_seed")  # parameters set from `dt_ms` and the run's seed
NEEDS_TRIALS_BEFORE = {
    "HierarchicalReasoning-v0": "Its rule changes between blocks of trials without notice, and can only be inferred "
    "from earlier trials.",
}
# Exceptions with which environments refuse parameters; only the message tells which parameter it is.
REFUSALS = (ArithmeticError, LookupError, TypeError, ValueError)

Trial = tuple["NDArray[Any]", "NDArray[Any]"]  # observations (step, input), ground truth (step,) or (step, output)


class Environment:
    """An environment with its parameters.

    A batch comes from a new instance whose random numbers all follow from one seed. Some environments keep counts from
    trial to trial, and seeding one through its own `seed` gives its random durations the same stream as its choices.

    Args:
        name: the environment's name in Neurogym.
        dt_ms: length of a step in ms.
        parameters: arguments of its constructor.
        options: names of the task's own options, for errors.

    Raises:
        InputError: there is no such environment, it does not accept a parameter, or it needs one that is missing.
    """

    def __init__(self, name: str, dt_ms: float, parameters: Mapping[str, Any], options: Iterable[str]) -> None:
        self.name, self.dt_ms, self.parameters = name, dt_ms, dict(parameters)
        self.create, kind = find_environment(name)
        self.takes = dict(list(inspect.signature(kind.__init__).parameters.items())[1:])
        known = [parameter for parameter in self.takes if parameter not in OURS]
        for parameter, value in self.parameters.items():
            if parameter not in known:
                raise unknown_name(name, f"task.{parameter}", value, parameter, [*known, *options])
        for parameter in known:
            if self._is_needed(parameter) and parameter not in self.parameters:
                raise InputError(f"{name} needs this parameter.", key=f"task.{parameter}", remedy=self._allowed())

    def make(self, seed: int) -> Any:
        """A new instance that draws all its random numbers from `seed`."""
        return self._make(self.parameters, seed)

    def draw(self, seed: int, n_trials: int) -> list[Trial]:
        """Trials from a new instance."""
        return self._draw(self.parameters, seed, n_trials)

    def noiseless_trials(self, n_trials: int) -> list[Trial]:
        """Trials without noise from TEST_SEED, after checking them and one trial with noise.

        Raises:
            InputError: the environment gives no targets for complete trials, or does not work with the parameters.
        """
        with np.errstate(all="ignore"):  # non-finite values are detected below
            try:
                self._check_targets()
                return self._noiseless(self.parameters, n_trials)
            except REFUSALS as error:
                raise self._refused(error, n_trials) from error

    def _is_needed(self, parameter: str) -> bool:
        return self.takes[parameter].default is inspect.Parameter.empty

    def _make(self, parameters: Mapping[str, Any], seed: int) -> Any:
        from neurogym.utils.ngym_random import TruncExp

        seeds = {"random_seed": seed} if "random_seed" in self.takes else {}
        environment = self.create(dt=self.dt_ms, **seeds, **parameters)
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

    def _noiseless(self, parameters: Mapping[str, Any], n_trials: int) -> list[Trial]:
        quiet = {**parameters, **{name: 0.0 for name in NOISE if name in self.takes}}
        drawn = self._draw(quiet, TEST_SEED, n_trials)
        if not all(np.isfinite(observed).all() for observed, _ in [*drawn, *self._draw(parameters, TEST_SEED, 1)]):
            raise ValueError("some observations are not finite")
        if not all(len(observed) for observed, _ in drawn):
            raise ValueError("some trials have no steps")
        if len(np.unique(np.concatenate([truth for _, truth in drawn]))) < 2:
            raise ValueError("the same answer is correct in all steps of all trials (is the decision too short?)")
        return drawn

    def _check_targets(self) -> None:
        environment = self.make(TEST_SEED)
        environment.new_trial()
        if not (hasattr(environment, "ob") and hasattr(environment, "gt")):
            raise unusable(
                self.name,
                "It gives no observations and targets for complete trials: it is meant for reinforcement learning.",
            )
        # Neurogym ignores durations of unknown periods.
        known = {*environment.timing} if "timing" not in self.parameters else self._periods()
        for period, duration in dict(self.parameters.get("timing") or {}).items():
            if period not in known:
                raise unknown_name(self.name, f"task.timing.{period}", duration, period, known)
            durations = duration if isinstance(duration, list) else [duration]
            if any(isinstance(ms, int | float) and ms < 0 for ms in durations):
                raise InputError(
                    "A duration cannot be negative.",
                    key=f"task.timing.{period}",
                    value=duration,
                    remedy="Use 0 ms or more.",
                )

    def _periods(self) -> set[str]:
        others = {name: value for name, value in self.parameters.items() if name != "timing"}
        return {*self._make(others, TEST_SEED).timing}

    def _refused(self, error: Exception, n_trials: int) -> InputError:
        """The error for parameters that the environment refused, after trying which of them it refuses."""

        def works(parameters: Mapping[str, Any]) -> bool:
            try:
                self._noiseless(parameters, n_trials)
            except REFUSALS:
                return False
            return True

        needed = [name for name in self.parameters if self._is_needed(name)]
        others = [name for name in self.parameters if name not in needed]
        for name in others:
            if works({n: value for n, value in self.parameters.items() if n != name}):
                to_blame = [name]
                break
        else:
            alone = works({name: self.parameters[name] for name in needed})
            to_blame = others if alone else ["dt_ms", *needed]
        values = {"dt_ms": self.dt_ms, **self.parameters}
        return refused_values(self.name, {name: values[name] for name in to_blame}, error, self._allowed())

    def _allowed(self) -> str:
        return allowed_parameters(parameter for name, parameter in self.takes.items() if name not in OURS)


def find_environment(name: str) -> tuple[Callable[..., Any], Any]:
    """A function that makes an environment, and the class of its result.

    Raises:
        InputError: there is no such environment, Neurogym is not installed, or its trials depend on earlier ones.
    """
    try:
        from neurogym.core import TrialEnv
        from neurogym.envs.registration import ALL_COLLECTIONS_ENVS, ALL_NATIVE_ENVS
    except ModuleNotFoundError as error:
        if error.name != "neurogym":
            raise
        raise not_installed(name) from error

    known = {**ALL_NATIVE_ENVS, **ALL_COLLECTIONS_ENVS}
    if name not in known:
        raise unknown_environment(name, known)
    if name in NEEDS_TRIALS_BEFORE:
        raise unusable(name, NEEDS_TRIALS_BEFORE[name])
    module, attribute = known[name].split(":")
    create = getattr(importlib.import_module(module), attribute)
    if inspect.isclass(create):
        kind = create
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the interface of Neurogym and Gymnasium
            kind = type(create())
    if not issubclass(kind, TrialEnv):
        raise unusable(name, f"Its trials come from the wrapper {kind.__name__}, which does not give complete trials.")
    return create, kind
