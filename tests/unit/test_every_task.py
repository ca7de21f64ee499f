"""Checks for every task: those of config/config.yaml, and variants that make their trials differently."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.losses import (
    choice_accuracy,
    cross_entropy,
    half_mean_squared_error,
    mean_squared_error,
    regression_accuracy,
)
from neurorules.tasks.base.task import TASKS, Task, make_task
from neurorules.tasks.base.trials import Trials

pytestmark = pytest.mark.filterwarnings("error", "ignore:.*render_modes")

CONFIG: dict[str, Any] = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text("utf-8"))["tasks"]
CHOICE = (cross_entropy, choice_accuracy)
MOVEMENT = (mean_squared_error, regression_accuracy)

COMPARISON = {
    "mante2013": ("recording",),
    "hatsopoulos2007": ("recording", "onset_step"),
    "sussillo2015": ("recording", "onset_step"),
    "reach": ("recording",),
    "bci_reach": ("recording",),
}
NEUROGYM_PARAMETERS = {"cohs", "sigma", "timing"}  # of the environment, not of our task


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def at_10_ms(first: int) -> np.ndarray:
    return np.arange(first, 401.0, 10)


# Random values of only what the tasks use: these tests need trials, whatever their content.
ANGLE = (("condition", "time"), values(8, 121))
DECODERS = xr.Dataset(
    {
        "decoder_weights": (("decoder", "axis", "neuron"), values(2, 2, 5)),
        "decoder_offset": (("decoder", "axis"), values(2, 2)),
        "factor_weights": (("factor", "neuron"), values(3, 5)),
        "count_mean": (("neuron",), np.ones(5)),
        "count_sd": (("neuron",), np.ones(5)),
        "sample_counts": (("sample", "neuron"), np.ones((16, 5), np.int64)),
        "sample_stage": (("sample",), np.repeat(["before", "after"], 8)),
        "sample_angle_deg": (("sample",), np.tile(45.0 * np.arange(8), 2)),
        "sample_direction": (("sample", "axis"), values(16, 2)),
    },
    {
        "decoder": ["intuitive", "perturbed"],
        "axis": ["x", "y"],
        "angle_deg": ("condition", 45.0 * np.arange(8)),
    },
)
RECORDINGS = {
    "bci_reach": DECODERS,
    "hatsopoulos2007": xr.Dataset({"shoulder_angle": ANGLE, "elbow_angle": ANGLE}, {"time": at_10_ms(-800)}),
    "sussillo2015": xr.Dataset(
        {
            "plan_input": (("condition", "plan_input_channel"), values(27, 15)),
            "emg": (("condition", "emg_time", "muscle"), values(27, 66, 7)),
        },
        {"emg_time": at_10_ms(-250)},
    ),
    "reach": xr.Dataset(
        {"rates": (("condition", "time"), values(7, 40))},
        {"time": 10.0 * np.arange(40), "angle_deg": ("condition", 50.0 * np.arange(7))},
    ),
}


@dataclass(frozen=True)
class Case:
    """A task, its loss and accuracy, and by hand its test trials' (steps, trials, inputs, outputs)."""

    module: str
    options: dict[str, Any]
    size: tuple[int, int, int, int]
    losses: tuple[Any, Any]

    def make(self, **changes: Any) -> Task:
        return make_task(self.module, self.options | changes, RECORDINGS.get(self.module))


def of_config(name: str, size: tuple[int, int, int, int], losses: tuple[Any, Any] = CHOICE, **changes: Any) -> Case:
    return Case(CONFIG[name].get("module", name), CONFIG[name]["task"] | changes, size, losses)


def of_neurogym(env: str, n_inputs: int, n_outputs: int, losses: tuple[Any, Any] = CHOICE) -> Case:
    options = {"env": env, "dt_ms": 100, "steps": 120, "test_trials": 2}
    return Case("neurogym", options, (120, 2, n_inputs, n_outputs), losses)


CASES = {
    "mante2013": of_config("mante2013", (34, 72, 9, 3)),
    "hatsopoulos2007": of_config("hatsopoulos2007", (250, 8, 3, 2), MOVEMENT),
    "sussillo2015": of_config("sussillo2015", (196, 27, 16, 7), MOVEMENT),
    "reach": of_config("reach", (250, 7, 3, 2), MOVEMENT),
    "reach-one-hot": of_config("reach", (250, 7, 8, 2), MOVEMENT, cue="one_hot", cue_shape="held"),
    "bci_reach": of_config("bci_reach", (10, 8, 2, 2), MOVEMENT),
    "perceptual-decision": of_config("perceptual-decision", (50, 6, 3, 3)),
    "romo": of_config("romo", (50, 20, 1, 2), (half_mean_squared_error, regression_accuracy)),
    "2af": of_config("2af", (22, 8, 3, 3)),
    "dms": of_config("dms", (32, 4, 3, 3)),
    "memory": of_config("memory", (42, 12, 5, 2), MOVEMENT),
    "memory-of-one-task": of_config("memory", (42, 6, 4, 2), MOVEMENT, tasks=["look"], delay_ms=[1000, 1000]),
    "reach-companion": of_config("reach-companion", (250, 8, 3, 2), MOVEMENT),
    "mante2013-unit-norm": of_config("mante2013", (113, 72, 9, 3), dt_ms=15, unit_norm_inputs=True),
    "mante2013-seven-inputs": of_config("mante2013", (34, 72, 7, 3), colour_target_input=False),
    "2af-without-noise": of_config("2af", (22, 8, 3, 3), sigma=0),
    "dms-of-8-directions": of_config("dms", (32, 16, 9, 3), dim_ring=8),
    "PerceptualDecisionMaking-v0": of_neurogym("PerceptualDecisionMaking-v0", 3, 3),
    "OneTwoThreeGo-v0": of_neurogym("OneTwoThreeGo-v0", 3, 2),
    "yang19.ctxdm1-v0": of_neurogym("yang19.ctxdm1-v0", 33, 17),
    "ReachingDelayResponse-v0": of_neurogym("ReachingDelayResponse-v0", 2, 2, MOVEMENT),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def fields(trials: Trials) -> tuple[np.ndarray, ...]:
    return trials.inputs, trials.targets, trials.scored, trials.condition


def assert_same(one: Trials, other: Trials) -> None:
    for ours, theirs in zip(fields(one), fields(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_none_is_left_out() -> None:
    assert {*CONFIG} <= {*CASES}
    assert not {"choice", "losses", "periods", "task", "trials"} & {*TASKS.names()}  # common to all tasks


@each_case
def test_the_interface(case: Case) -> None:
    module, made = TASKS.load(case.module), case.make()
    assert module.NEEDS_RECORDING is (case.module in RECORDINGS)
    assert COMPARISON.get(case.module, ()) == module.COMPARISON_KEYS
    is_neurogym = case.module == "neurogym"
    assert getattr(module, "OTHER_OPTIONS", False) is is_neurogym
    assert {*module.OPTION_SCHEMA} == {*case.options} - (NEUROGYM_PARAMETERS if is_neurogym else set())
    assert (made.loss, made.accuracy) == case.losses
    assert (made.n_inputs, made.n_outputs) == case.size[2:]


@each_case
def test_types_and_layout(case: Case) -> None:
    n_steps, n_tested, n_inputs, n_outputs = case.size
    made, target, per_target = case.make(), np.float32, (n_outputs,)
    if case.losses == CHOICE:  # the index of the right output
        target, per_target = np.int64, ()
    batch, test = made.batch(np.random.default_rng(0), 7), made.test()
    assert test.n_steps == n_steps
    assert test.condition.tolist() == list(range(n_tested))
    for trials, n_trials in ((batch, 7), (test, n_tested)):
        each = (trials.n_steps, n_trials)
        assert [array.dtype for array in fields(trials)] == [np.float32, target, bool, np.int64]
        assert [array.shape for array in fields(trials)] == [(*each, n_inputs), (*each, *per_target), each, (n_trials,)]
        assert all(array.flags.c_contiguous for array in fields(trials))


@each_case
def test_a_batch_depends_on_the_generator_alone(case: Case) -> None:
    made, again = case.make(), case.make()
    first = made.batch(np.random.default_rng(11), 64)
    made.batch(np.random.default_rng(12), 5)
    made.test()
    np.random.seed(0)
    random.seed(0)
    state = random.getstate()
    rng = np.random.default_rng(11)
    assert_same(made.batch(rng, 64), first)
    assert_same(again.batch(np.random.default_rng(11), 64), first)
    for other in (made.batch(rng, 64), made.batch(np.random.default_rng(12), 64)):
        assert (other.inputs != first.inputs).any()
    # Nothing is drawn from the global generators.
    assert np.random.random() == np.random.RandomState(0).random()
    assert random.getstate() == state


@each_case
def test_test_trials_are_the_same_whatever_happens(case: Case) -> None:
    """To trials that were made before, and to the noise in training."""
    made = case.make()
    first = deepcopy(made.test())
    for trials in (made.test(), made.batch(np.random.default_rng(0), 20)):
        for array in fields(trials):
            array[:] = 9
    assert_same(made.test(), first)
    noise = {"sigma", "input_noise_sd"} & {*case.options}
    for changes in ({}, *({key: sd} for key in noise for sd in (0.0, 5.0))):
        assert_same(case.make(**changes).test(), first)
