"""The comparison of two stimuli across a delay, against values worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.task import make_task
from neurorules.tasks.base.trials import Trials
from neurorules.tasks.romo import RomoTask

OPTIONS: dict[str, Any] = {
    "dt": 0.5,
    "fixation": 3,
    "stimulus": 1,
    "delay": [2, 8],
    "decision_delay": 5,
    "response": 10,
    "amplitude": [0.5, 1.5],
    "least_difference": 0.2,
    "target": 0.5,
    "test_amplitudes": [0.5, 0.75, 1.0, 1.25, 1.5],
    "test_delay": 5,
}


def task(**changes: Any) -> RomoTask:
    made = make_task("romo", OPTIONS | changes, None)
    assert isinstance(made, RomoTask)
    return made


def amplitudes_of(trials: Trials) -> np.ndarray:
    """The first and the second stimulus, (2, trial), from the inputs."""
    n_trials = trials.n_trials
    shown = trials.inputs[:, :, 0].astype(float)
    last = trials.n_steps - 1 - (shown[::-1] != 0).argmax(0)
    return np.stack([shown[6], shown[last, np.arange(n_trials)]])


def delays_of(trials: Trials) -> np.ndarray:
    """(trial,) steps without input between the stimuli."""
    return (trials.inputs[8:, :, 0] != 0).argmax(0)


# Periods -------------------------------------------------------------------------------------------------------------


def expected_trial(n_steps: int, delay: int, first: float, second: float) -> tuple[list, list, list]:
    """Inputs, targets and scored steps by hand: 6 steps, 2, `delay`, 2, 10, 20, and what is left of `n_steps`."""
    left = n_steps - (40 + delay)
    inputs = [0.0] * 6 + [first] * 2 + [0.0] * delay + [second] * 2 + [0.0] * (30 + left)
    answer = [0.5, 0.0] if first > second else [0.0, 0.5]
    targets = [[0.0, 0.0]] * (20 + delay) + [answer] * 20 + [[0.0, 0.0]] * left
    scored = [True] * (10 + delay) + [False] * 10 + [True] * 20 + [False] * left
    return inputs, targets, scored


def test_every_step_of_generated_trials() -> None:
    """With every delay there is: 3 + 1 + 8 + 1 + 5 + 10 = 28 time units are 56 steps, the length of a batch."""
    trials = task().batch(np.random.default_rng(0), 300)
    assert trials.inputs.shape == (56, 300, 1) and trials.targets.shape == (56, 300, 2)
    assert {*delays_of(trials)} == set(range(4, 16))
    assert (trials.condition == -1).all()  # none of the test trials
    for trial, (delay, first, second) in enumerate(zip(delays_of(trials), *amplitudes_of(trials), strict=True)):
        inputs, targets, scored = expected_trial(56, delay, first, second)
        assert trials.inputs[:, trial, 0].tolist() == inputs
        assert trials.targets[:, trial].tolist() == targets
        assert trials.scored[:, trial].tolist() == scored


def test_every_step_of_the_test_trials() -> None:
    """All ordered pairs of five amplitudes a quarter apart, delay 10 steps; 50 steps, nothing after the response."""
    trials = task().test()
    levels = (0.5, 0.75, 1.0, 1.25, 1.5)
    pairs = [(first, second) for first in levels for second in levels if first != second]
    assert trials.n_trials == len(pairs) == 20
    assert trials.condition.tolist() == list(range(20))
    for trial, pair in enumerate(pairs):
        inputs, targets, scored = expected_trial(50, 10, *pair)
        assert trials.inputs[:, trial, 0].tolist() == inputs
        assert trials.targets[:, trial].tolist() == targets
        assert trials.scored[:, trial].tolist() == scored


def test_each_duration_has_its_place() -> None:
    """In steps of 1: 4 without input, stimulus 2, delay 3, stimulus 2, 5 not scored, response 6. Decimals are cut."""
    changes = {"dt": 1, "fixation": 4.9, "stimulus": 2, "delay": [3, 3], "decision_delay": 5, "response": 6.5}
    trials = task(**changes, target=2).batch(np.random.default_rng(1), 5)
    assert trials.n_steps == 22
    assert (trials.inputs[:, :, 0] != 0).all(1).tolist() == [False] * 4 + [True] * 2 + [False] * 3 + [True] * 2 + [
        False
    ] * 11
    assert trials.scored.all(1).tolist() == [True] * 11 + [False] * 5 + [True] * 6
    assert trials.targets.sum(-1).tolist() == [[0.0] * 5] * 16 + [[2.0] * 5] * 6


def test_tenths_are_whole_steps() -> None:
    """1 / 0.1 is 10 steps, .3 / .1 is 3 (in floating point 2.9999999999999996)."""
    assert 0.3 / 0.1 < 3
    trials = task(dt=0.1, fixation=0.3, delay=[0.3, 0.3]).batch(np.random.default_rng(1), 2)
    assert trials.n_steps == 3 + 10 + 3 + 10 + 50 + 100


def test_no_fixation_and_no_delays_are_allowed() -> None:
    trials = task(fixation=0, delay=[0, 0], decision_delay=0, test_delay=0).test()
    assert trials.n_steps == 2 + 2 + 20
    assert (trials.inputs[:4] > 0).all() and not trials.inputs[4:].any()
    assert trials.scored.all()
    assert (trials.targets[4:].sum(-1) == 0.5).all()


def test_a_test_delay_may_lie_beyond_the_drawn_ones() -> None:
    trials = task(test_delay=12).test()
    assert trials.n_steps == 64
    assert trials.scored[-1].all()
    assert delays_of(trials).tolist() == [24] * 20


# What is drawn -------------------------------------------------------------------------------------------------------


def test_delays_are_uniform_in_steps() -> None:
    """U(2, 8) cut to steps of .5: 4 to 15, twelve of equal probability; 8 itself has none."""
    delays = delays_of(task().batch(np.random.default_rng(0), 20_000))
    counts = np.bincount(delays)
    assert not counts[:4].any() and len(counts) == 16
    assert chisquare(counts[4:]).pvalue > 0.001


def test_delays_that_are_no_whole_steps() -> None:
    """U(1, 2.25) in steps of .5: 2 and 3 with probability .5 / 1.25, 4 with .25 / 1.25."""
    counts = np.bincount(delays_of(task(delay=[1, 2.25]).batch(np.random.default_rng(0), 20_000)))
    assert not counts[:2].any()
    assert chisquare(counts[2:], [8000, 8000, 4000]).pvalue > 0.001


@pytest.mark.parametrize("least", [0.0, 0.2, 0.7])
def test_amplitudes_are_uniform_where_they_differ_enough(least: float) -> None:
    """Against drawing again until they differ, and its density: of the square, two triangles of side 1 - least.

    The difference then has density proportional to 1 - difference; the sum is symmetric about 2.
    """
    n = 20_000
    amplitudes = amplitudes_of(task(least_difference=least).batch(np.random.default_rng(3), n))
    difference = amplitudes[0] - amplitudes[1]
    assert amplitudes.min() >= 0.5 and amplitudes.max() <= 1.5
    assert np.abs(difference).min() > least - 1e-6
    assert kstest(np.abs(difference), lambda x: 1 - (1 - x) ** 2 / (1 - least) ** 2).pvalue > 0.001
    assert abs((difference > 0).mean() - 0.5) < 5 * 0.5 / np.sqrt(n)
    smaller, larger = np.sort(amplitudes, 0)
    assert kstest(smaller - 0.5, lambda x: 1 - (1 - least - x) ** 2 / (1 - least) ** 2).pvalue > 0.001
    assert kstest(1.5 - larger, lambda x: 1 - (1 - least - x) ** 2 / (1 - least) ** 2).pvalue > 0.001

    rng = np.random.default_rng(4)
    drawn = rng.uniform(0.5, 1.5, (2, 8 * n if least > 0.5 else 2 * n))
    kept = drawn[:, np.abs(drawn[0] - drawn[1]) >= least]
    for ours, theirs in zip(amplitudes, kept, strict=True):
        assert kstest(ours, theirs).pvalue > 0.001


def test_amplitudes_and_delays_are_drawn_independently() -> None:
    trials = task().batch(np.random.default_rng(5), 20_000)
    drawn = np.stack([*amplitudes_of(trials), delays_of(trials)])
    assert np.abs(np.corrcoef(drawn)[2, :2]).max() < 5 / np.sqrt(20_000)


# Test trials, the window, errors -------------------------------------------------------------------------------------


def test_test_pairs_differ_enough() -> None:
    """Of .6, .8, 1 (at least .2 apart): all six, though 1 - .8 falls short of .2 in floating point. At .3: two."""
    assert 1.0 - 0.8 < 0.2
    levels = [1.0, 0.6, 0.8]
    sixths = amplitudes_of(task(test_amplitudes=levels).test())
    np.testing.assert_allclose(
        sixths.T, [(0.6, 0.8), (0.6, 1), (0.8, 0.6), (0.8, 1), (1, 0.6), (1, 0.8)], rtol=0, atol=1e-6
    )
    pairs = amplitudes_of(task(test_amplitudes=levels, least_difference=0.3).test())
    np.testing.assert_allclose(pairs.T, [(0.6, 1), (1, 0.6)], rtol=0, atol=1e-6)
    assert task(test_amplitudes=levels, least_difference=0).test().n_trials == 6  # equal ones have no answer


def test_there_is_no_window() -> None:
    with pytest.raises(InputError) as caught:
        task().window(np.arange(50.0), Options({}))
    assert caught.value.key == "comparison.recording"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dt", 0),
        ("fixation", -1),
        ("stimulus", 0.4),
        ("delay", [8, 2]),
        ("delay", [-1, 2]),
        ("decision_delay", -5),
        ("response", 0),
        ("amplitude", [1.5, 0.5]),
        ("amplitude", [1, 1]),
        ("least_difference", 1.0),
        ("least_difference", -0.1),
        ("target", 0),
        ("test_amplitudes", [1.0, 1.0, 1.5]),
        ("test_amplitudes", [1.0, 1.1]),
        ("test_delay", -1),
    ],
)
def test_options_that_make_no_sense(key: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        task(**{key: value})
    assert caught.value.key == f"task.{key}"
    assert caught.value.value is value
    assert caught.value.remedy
