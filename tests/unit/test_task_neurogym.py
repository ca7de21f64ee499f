"""Neurogym's environments as tasks, against the environments themselves and against values known by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurorules
from neurorules.errors import InputError
from neurorules.tasks.base.losses import (
    ScoredTrials,
    choice_accuracy,
    cross_entropy,
    mean_squared_error,
    regression_accuracy,
)
from neurorules.tasks.base.task import make_task
from neurorules.tasks.base.trials import Trials
from neurorules.tasks.neurogym import TEST_SEED, NeurogymTask

pytestmark = pytest.mark.filterwarnings("error", "ignore:.*render_modes")

OPTIONS: dict[str, Any] = {"env": "PerceptualDecisionMaking-v0", "dt_ms": 100, "steps": 22, "test_trials": 10}
FIXED_STEPS = {
    "AntiReach-v0": (100, 15),
    "DelayComparison-v0": (100, 26),
    "DelayMatchCategory-v0": (100, 27),
    "DelayMatchSample-v0": (100, 32),
    "DelayMatchSampleDistractor1D-v0": (100, 53),
    "DelayPairedAssociation-v0": (100, 45),
    "DualDelayMatchSample-v0": (100, 40),
    "GoNogo-v0": (100, 15),
    "MultiSensoryIntegration-v0": (100, 11),
    "PerceptualDecisionMaking-v0": (100, 22),
    "PulseDecisionMaking-v0": (10, 250),
    "SpatialSuppressMotion-v0": (8.3, 36),
    "ToneDetection-v0": (50, 40),
}
RANDOM_STEPS = {
    "ContextDecisionMaking-v0": (100, 40),
    "IntervalDiscrimination-v0": (80, 46),
    "MotorTiming-v0": (80, 82),
    "OneTwoThreeGo-v0": (80, 83),
    "PerceptualDecisionMakingDelayResponse-v0": (100, 66),
    "PostDecisionWager-v0": (100, 28),
    "ProbabilisticReasoning-v0": (50, 71),
    "ReachingDelayResponse-v0": (100, 30),
    "ReadySetGo-v0": (80, 57),
    "yang19.ctxdm1-v0": (50, 24),
    "yang19.dlydm2-v0": (50, 54),
}
CONTINUOUS = {"ReachingDelayResponse-v0", "SpatialSuppressMotion-v0"}
NO_TARGETS = {"Bandit-v0", "DawTwoStep-v0", "EconomicDecisionMaking-v0", "Null-v0"}
NOT_ITS_ACTIONS = {"Reaching1D-v0", "Reaching1DWithSelfDistraction-v0"}
NOT_ALONE = {"HierarchicalReasoning-v0", "yang19.go-v0", "perceptualdecisionmaking.roitman02-v0"}
CATCH = {"session": {"v": 1, "a": 2}, "catch_prob": 0.3}


def task(**changes: Any) -> NeurogymTask:
    made = make_task("neurogym", OPTIONS | changes, None)
    assert isinstance(made, NeurogymTask)
    return made


def trials_of_neurogym(env: str, n_trials: int, seed: int, **parameters: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Observations and ground truth of trials of an environment made by Neurogym, all drawn from one stream."""
    import neurogym

    made = neurogym.make(env, **parameters).unwrapped
    made.seed(seed)
    for duration in made.timing.values():
        if hasattr(duration, "rng"):
            duration.rng = made.rng
    trials = []
    for _ in range(n_trials):
        made.new_trial()
        trials.append((made.ob.copy(), made.gt.copy()))
    return trials


def seed_of(rng: np.random.Generator) -> int:
    return int(rng.integers(2**32))


def assert_same(one: Trials, other: Trials) -> None:
    for field in ("inputs", "targets", "scored", "condition"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def assert_are(trials: Trials, expected: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Each trial is the expected one; after its end there is nothing, unscored."""
    assert trials.n_trials == len(expected)
    for trial, (observed, truth) in enumerate(expected):
        end = len(observed)
        np.testing.assert_array_equal(trials.inputs[:end, trial], observed)
        np.testing.assert_array_equal(trials.targets[:end, trial], truth)
        assert trials.scored[:, trial].tolist() == [True] * end + [False] * (trials.n_steps - end)
        assert not trials.inputs[end:, trial].any()
        assert not trials.targets[end:, trial].any()


# Neurogym ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("env", "dt_ms", "steps"), [(k, *v) for k, v in (FIXED_STEPS | RANDOM_STEPS).items()])
def test_batches_are_the_environments_trials(env: str, dt_ms: float, steps: int) -> None:
    made = task(env=env, dt_ms=dt_ms, steps=steps, test_trials=2)
    trials = made.batch(np.random.default_rng(3), 40)
    expected = trials_of_neurogym(env, 40, seed_of(np.random.default_rng(3)), dt=dt_ms)
    assert_are(trials, expected)

    assert trials.n_steps == steps
    assert trials.inputs.dtype == np.float32
    assert trials.scored.dtype == bool and trials.condition.dtype == np.int64
    assert trials.inputs.shape[2] == made.n_inputs
    assert (trials.condition == -1).all()
    if env in CONTINUOUS:
        assert (made.loss, made.accuracy) == (mean_squared_error, regression_accuracy)
        assert trials.targets.dtype == np.float32 and trials.targets.shape[2] == made.n_outputs
    else:
        assert (made.loss, made.accuracy) == (cross_entropy, choice_accuracy)
        assert trials.targets.dtype == np.int64 and trials.targets.ndim == 2
        assert 0 < trials.targets.max() < made.n_outputs
    lengths = {len(observed) for observed, _ in expected}
    assert lengths == {steps} if env in FIXED_STEPS else len(lengths) > 1


def test_an_environment_with_a_generator_of_its_own() -> None:
    """AnnubesEnv draws its stimuli from a generator that its `seed` does not reach, and counts repeats."""
    options = {"env": "AnnubesEnv-v0", "steps": 15, "test_trials": 2, **CATCH, "max_sequential": 2}
    made = task(**options)
    seed = seed_of(np.random.default_rng(5))
    expected = trials_of_neurogym("AnnubesEnv-v0", 30, seed, dt=100, random_seed=seed, **CATCH, max_sequential=2)
    for _ in range(2):
        assert_are(made.batch(np.random.default_rng(5), 30), expected)


def test_all_of_neurogyms_own_environments_are_accounted_for() -> None:
    import neurogym.envs.registration

    ours = {*FIXED_STEPS, *RANDOM_STEPS, "AnnubesEnv-v0", *NO_TARGETS, *NOT_ITS_ACTIONS, *NOT_ALONE}
    assert {*neurogym.envs.registration.all_envs()} == {name for name in ours if "." not in name}


@pytest.mark.parametrize("env", sorted(NO_TARGETS | NOT_ITS_ACTIONS | NOT_ALONE))
def test_environments_that_cannot_be_tasks(env: str) -> None:
    with pytest.raises(InputError) as caught:
        task(env=env, steps=200)
    assert (caught.value.key, caught.value.value) == ("task.env", env)
    assert "PerceptualDecisionMaking-v0" in str(caught.value.remedy)
    for group, word in ((NO_TARGETS, "no observations and targets"), (NOT_ITS_ACTIONS, "not one of its actions")):
        assert (word in caught.value.problem) == (env in group)


# Seeds ---------------------------------------------------------------------------------------------------------------


def test_durations_and_choices_are_drawn_independently() -> None:
    """With one seed for all of its generators, the first fixation and the first target would last equally long."""
    made = task(env="OneTwoThreeGo-v0", dt_ms=20, steps=400, test_trials=2)
    rng = np.random.default_rng(0)
    durations = []
    for _ in range(400):
        trial = made.batch(rng, 1).inputs[:, 0]
        target_on, first_cue = np.argmax(trial[:, 2] > 0), np.argmax(trial[:, 1] > 0)
        durations.append((target_on, first_cue - target_on))
    assert abs(np.corrcoef(np.array(durations).T)[0, 1]) < 4 / np.sqrt(400)


# Parameters of the environment ---------------------------------------------------------------------------------------


def test_coherences_sigma_and_periods_reach_the_environment() -> None:
    """Stimulus by hand: (1 +- coherence) / 2 on the two channels, plus noise of sd sigma / sqrt(dt)."""
    timing = {"fixation": 40, "stimulus": 400, "delay": 60, "decision": 100}
    chosen = {"cohs": [10, 40], "timing": timing, "dt_ms": 20, "steps": 30}
    quiet = task(**chosen, sigma=0, test_trials=4).batch(np.random.default_rng(1), 64)
    noisy = task(**chosen, sigma=0.5, test_trials=4).batch(np.random.default_rng(1), 64)
    stimulus = slice(2, 22)
    assert {*np.round(quiet.inputs[stimulus, :, 1:].ravel().astype(float), 6)} == {0.3, 0.45, 0.55, 0.7}
    assert not quiet.inputs[22:].any()
    np.testing.assert_array_equal(quiet.targets > 0, np.tile(np.arange(30)[:, None] >= 25, 64))
    np.testing.assert_array_equal(quiet.targets[-1], 1 + np.argmax(quiet.inputs[5, :, 1:], -1))

    noise = (noisy.inputs - quiet.inputs)[stimulus, :, 1:].astype(float)
    sd = 0.5 / np.sqrt(20)
    assert noise.std() == pytest.approx(sd, abs=6 * sd / np.sqrt(2 * noise.size))
    np.testing.assert_array_equal(noisy.targets, quiet.targets)


def test_durations_may_be_lists_and_distributions() -> None:
    timing = {"fixation": ["uniform", [100, 400]], "delay": [200, 500], "stimulus": 300}
    made = task(timing=timing, steps=12, test_trials=2)
    trials = made.batch(np.random.default_rng(0), 200)
    fixation, total = trials.inputs[:, :, 0].sum(0), trials.scored.sum(0)
    assert {*fixation} == {1, 2, 3}
    assert {*(total - fixation)} == {3 + 2 + 1, 3 + 5 + 1}


def test_sizes_follow_the_environment() -> None:
    assert (task().n_inputs, task().n_outputs) == (3, 3)
    ring = task(dim_ring=6, cohs=[50], test_trials=6)
    assert (ring.n_inputs, ring.n_outputs) == (7, 7)
    assert {*ring.batch(np.random.default_rng(0), 100).targets[-1]} == {1, 2, 3, 4, 5, 6}
    explicit = task(env="ContextDecisionMaking-v0", use_expl_context=True, steps=41)
    assert (explicit.n_inputs, explicit.n_outputs) == (7, 3)


# Test trials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.0, 1.0, 5.0])
def test_test_trials_without_noise_by_hand(sigma: float) -> None:
    """All ten trials that there are, five coherences on two sides, each once, whatever the noise in training."""
    trials = task(sigma=sigma).test()
    assert trials.condition.tolist() == list(range(10))
    expected = set()
    for trial in range(10):
        right = trials.targets[-1, trial]
        coherence = round(100 * float(trials.inputs[1, trial, right] - trials.inputs[1, trial, 3 - right]), 4)
        expected.add((int(right), coherence))
        stimulus = np.tile([0, 0.5, 0.5], (20, 1))
        stimulus[:, right] += coherence / 200
        stimulus[:, 3 - right] -= coherence / 200
        observed = np.vstack([[[1, 0, 0]], stimulus, [[0, 0, 0]]])
        np.testing.assert_allclose(trials.inputs[:, trial], observed, rtol=0, atol=1e-6)
        assert trials.targets[:, trial].tolist() == [0] * 21 + [right]
    assert expected == {(side, coherence) for side in (1, 2) for coherence in (0, 6.4, 12.8, 25.6, 51.2)}
    assert trials.scored.all()


def test_test_trials_are_the_same_for_every_run_and_are_trials_of_the_environment() -> None:
    options = {"env": "DelayMatchCategory-v0", "steps": 30, "test_trials": 12}
    trials = task(**options).test()
    assert_same(task(**options).test(), trials)
    drawn = trials_of_neurogym("DelayMatchCategory-v0", 1000, TEST_SEED, dt=100, sigma=0)
    by_content = {(ob.tobytes(), gt.tobytes()) for ob, gt in drawn}
    picked = {(trials.inputs[:27, i].tobytes(), trials.targets[:27, i].tobytes()) for i in range(12)}
    assert len(picked) == 12 and picked <= by_content
    assert not trials.scored[27:].any()


@pytest.mark.parametrize(
    ("env", "steps", "n_trials", "answers"),
    [
        # All sequences of answers occur, equally often.
        ("DelayMatchCategory-v0", 27, 6, [(0, 1), (0, 2)] * 3),
        ("AntiReach-v0", 15, 32, [(0, choice) for choice in range(1, 33)]),
        ("DualDelayMatchSample-v0", 40, 8, [(0, a, 0, b) for a in (1, 2) for b in (1, 2)] * 2),
        ("ToneDetection-v0", 40, 4, [(0,), (1,), (2,), (3,)]),
        ("GoNogo-v0", 15, 2, [(0,), (0, 1)]),
    ],
)
def test_answers_take_turns(env: str, steps: int, n_trials: int, answers: list[tuple[int, ...]]) -> None:
    trials = task(env=env, dt_ms=50 if env == "ToneDetection-v0" else 100, steps=steps, test_trials=n_trials).test()
    assert trials.scored.all()
    seen = [tuple(int(b) for a, b in pairwise([-1, *column]) if a != b) for column in trials.targets.T]
    assert seen == answers


def test_more_test_trials_than_there_are_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        task(test_trials=11)
    assert (caught.value.key, caught.value.value) == ("task.test_trials", 11)
    assert caught.value.remedy == "Use at most 10."
    assert task(cohs=[5], test_trials=2).test().n_trials == 2
    with pytest.raises(InputError, match="only 2 different noise-free trials"):
        task(cohs=[5], test_trials=3)


# Alignment and the window --------------------------------------------------------------------------------------------


def test_the_longest_trial_has_to_fit() -> None:
    """Fixation, stimulus and decision take 22 steps."""
    with pytest.raises(InputError) as caught:
        task(steps=21)
    assert (caught.value.key, caught.value.value) == ("task.steps", 21)
    assert "at least 22 steps," in str(caught.value.remedy)
    longer = task(steps=50).batch(np.random.default_rng(0), 8)
    assert longer.scored.sum(0).tolist() == [22] * 8
    # 300 + 750 + 100 ms and a delay below 3000 ms, each rounded down to steps of 100 ms: 40 at most.
    with pytest.raises(InputError, match=r"has (3\d|40) steps"):
        task(env="ContextDecisionMaking-v0", steps=20)


def test_window_is_the_whole_trial() -> None:
    made = task(steps=30)
    assert made.window(50.0 + 100 * np.arange(22), {}).tolist() == list(range(22))


@pytest.mark.parametrize(
    ("changes", "bin_ms", "n_bins"),
    [
        ({}, 100, 21),
        ({"steps": 30}, 100, 30),  # of which 22 are the trial
        ({}, 50, 22),
        ({"timing": {"delay": [0, 300]}, "steps": 25}, 100, 22),  # trials of several lengths
    ],
)
def test_a_recording_that_does_not_fit(changes: dict[str, Any], bin_ms: float, n_bins: int) -> None:
    with pytest.raises(InputError) as caught:
        task(**changes).window(bin_ms * np.arange(n_bins), {})
    assert (caught.value.key, caught.value.value) == ("task.dt_ms", 100)
    assert f"{n_bins} bins of {bin_ms} ms" in caught.value.problem
    assert ("22 to 25 steps" if "timing" in changes else "have 22 steps of 100 ms") in caught.value.problem


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "key", "value", "words"),
    [
        ({"env": "PerceptualDecisonMaking-v0"}, "env", "PerceptualDecisonMaking-v0", "Did you mean Perceptual"),
        ({"env": "Detection-v0"}, "env", "Detection-v0", "ToneDetection-v0"),
        ({"env": "MonkeyLogic"}, "env", "MonkeyLogic", "GoNogo-v0"),
        ({"coh": [5]}, "coh", [5], "Did you mean cohs"),
        ({"dt": 10}, "dt", 10, "dt_ms"),
        ({"seed": 1}, "seed", 1, "Allowed: abort, cohs"),
        ({"env": "GoNogo-v0", "sigma": 1}, "sigma", 1, "Allowed: dt_ms, env, rewards"),
        ({"env": "yang19.dm1-v0", "coherences": [0.1]}, "coherences", [0.1], "cohs"),
        ({"env": "AnnubesEnv-v0", "catch_prob": 0.1}, "session", None, "catch_prob"),
        ({"env": "AnnubesEnv-v0", **CATCH, "random_seed": 3}, "random_seed", 3, "max_sequential"),
        ({"timing": {"stimulu": 500}}, "timing.stimulu", 500, "Did you mean stimulus"),
        ({"timing": {"stimulus": -500}}, "timing.stimulus", -500, "0 ms or more"),
        ({"timing": {"delay": [100, -100]}}, "timing.delay", [100, -100], "0 ms or more"),
        ({"dt_ms": 0}, "dt_ms", 0, "larger"),
        ({"steps": 0}, "steps", 0, "larger"),
        ({"test_trials": 0}, "test_trials", 0, "larger"),
        # Values that the environment turns down, when it is made or at a trial, in its words.
        ({"cohs": "high", "sigma": 0.5}, "cohs", "high", "cohs=None"),
        ({"sigma": "much", "cohs": [50]}, "sigma", "much", "sigma=1.0"),
        ({"sigma": float("inf")}, "sigma", float("inf"), "sigma=1.0"),
        ({"dim_ring": 0, "sigma": 0.5}, "dim_ring", 0, "dim_ring=2"),
        ({"timing": 500}, "timing", 500, "timing=None"),
        ({"timing": {"delay": "long"}}, "timing", {"delay": "long"}, "timing=None"),
        ({"timing": {"delay": ["normal", [500, 100]]}}, "timing", {"delay": ["normal", [500, 100]]}, "timing=None"),
        ({"env": "ToneDetection-v0"}, "dt_ms", 100, "smaller dt_ms"),
        ({"env": "yang19.dm1-v0", "dim_ring": 1}, "dim_ring", 1, "dim_ring=16"),
        # It takes these, but nothing is left to decide.
        ({"dt_ms": 250}, "dt_ms", 250, "smaller dt_ms"),
        ({"timing": {"decision": 0}}, "timing", {"decision": 0}, "timing=None"),
    ],
)
def test_options_that_make_no_sense(changes: dict[str, Any], key: str, value: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        task(**changes)
    assert caught.value.key == f"task.{key}"
    assert caught.value.value == value
    assert words in str(caught.value.remedy)


def test_inputs_have_to_be_numbers() -> None:
    """A pair of equal values, which the environment scales by their range."""
    with pytest.raises(InputError, match="not finite") as caught:
        task(env="DelayComparison-v0", steps=26, vpairs=[[10, 10]])
    assert caught.value.key == "task.vpairs"


def test_it_says_what_the_environment_said() -> None:
    with pytest.raises(InputError, match="catch probability must be between 0 and 1"):
        task(env="AnnubesEnv-v0", **CATCH | {"catch_prob": 2})
    with pytest.raises(InputError, match="smaller or equal tp tone duration 50"):
        task(env="ToneDetection-v0")


def test_a_job_imports_neurogym_planning_does_not_and_the_log_stays_clean() -> None:
    program = f"""
import sys
from neurorules.tasks.base.task import TASKS
module = TASKS.load("neurogym")
assert not {{"neurogym", "gymnasium", "torch"}} & set(sys.modules), "heavy imports"
import numpy as np
module.make({OPTIONS!r}, None).batch(np.random.default_rng(0), 4)
assert "neurogym" in sys.modules
"""
    done = subprocess.run([sys.executable, "-W", "default", "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_neurogym(tmp_path: Path) -> None:
    """Python without its site-packages, except for NumPy."""
    site = Path(np.__file__).parents[1]
    for folder in ("numpy", "numpy.libs"):
        if (site / folder).exists():
            (tmp_path / folder).symlink_to(site / folder)
    program = f"""
from neurorules.errors import InputError
from neurorules.tasks.neurogym import make
try:
    make({OPTIONS!r}, None)
except InputError as error:
    print(error.problem)
"""
    path = os.pathsep.join([str(Path(neurorules.__file__).parents[1]), str(tmp_path)])
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert (done.returncode, done.stdout) == (0, "The package neurogym is not installed.\n"), done.stderr


# Loss and learning ---------------------------------------------------------------------------------------------------


def test_accuracy_of_networks_that_know_nothing_the_time_and_everything() -> None:
    """The last of 22 steps requires one of two choices: guessing only there costs log 2 / 22, divided by log 3."""
    made = task()
    trials = made.test()
    fixate_or_choose = np.repeat(np.array([[[0.0, -1e3, -1e3]]] * 21 + [[[-1e3, 0.0, 0.0]]]), 10, axis=1)
    right = 1e3 * np.eye(3)[trials.targets]
    assert made.accuracy(np.zeros((22, 10, 3)), trials) == pytest.approx(1 - np.log(3))
    assert made.accuracy(fixate_or_choose, trials) == pytest.approx(1 - np.log(2) / 22)
    assert made.accuracy(right, trials) == 1


def test_accuracy_of_a_continuous_answer() -> None:
    made = task(env="ReachingDelayResponse-v0", steps=40, test_trials=20)
    trials = made.test()
    assert made.accuracy(trials.targets, trials) == 1
    # The mean over scored steps has accuracy 0; what is answered after the trial does not count.
    mean = trials.targets[trials.scored].mean(0)
    answers = np.where(trials.scored[:, :, None], mean, 1e6).astype(np.float32)
    assert made.accuracy(answers, trials) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"env": "GoNogo-v0", "steps": 18, "test_trials": 2},
        {"env": "ReachingDelayResponse-v0", "steps": 14, "test_trials": 20, "timing": {"delay": [0, 200]}},
    ],
    ids=lambda options: options["env"],
)
def test_a_network_learns(options: dict[str, Any]) -> None:
    """Plain PyTorch, driven by the task's own gradient at the outputs; both need memory of the stimulus."""
    import torch

    made = task(**options)
    torch.manual_seed(0)
    recurrent = torch.nn.RNN(made.n_inputs, 32)
    readout = torch.nn.Linear(32, made.n_outputs)
    optimiser = torch.optim.Adam([*recurrent.parameters(), *readout.parameters()], lr=1e-2)

    def answer(trials: Trials) -> torch.Tensor:
        return readout(recurrent(torch.as_tensor(trials.inputs))[0])

    def accuracy(outputs: torch.Tensor) -> float:
        return made.accuracy(outputs.detach().numpy(), made.test())

    # The result of knowing when to answer, but not what: in the decision, the mean answer over all trials.
    test = made.test()
    if options["env"] == "GoNogo-v0":
        deciding = np.arange(18)[:, None, None] >= 10
        blind = torch.as_tensor(np.where(deciding, [0.0, 0.0], [0.0, -1e3])).expand(18, 2, 2)
        assert accuracy(blind) == pytest.approx(1 - np.log(2) * 5 / 15)
    else:
        blind = torch.as_tensor(test.targets).clone()
        deciding = test.scored & (test.targets[:, :, 0] == 1)
        blind[..., 1][torch.as_tensor(deciding)] = float(test.targets[deciding, 1].mean())

    rng = np.random.default_rng(0)
    for _ in range(200):
        trials = made.batch(rng, 32)
        outputs = answer(trials)
        _, gradient = made.loss(outputs.detach(), ScoredTrials(trials, like=outputs))
        optimiser.zero_grad()
        outputs.backward(gradient)
        optimiser.step()
    assert accuracy(answer(test)) > (1 + accuracy(blind)) / 2
