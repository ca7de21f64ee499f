"""Guessing levels of tasks, worked out by hand, and the fraction of trials that are right."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.fraction_correct import equal_timing, fraction_correct
from neurorules.tasks.base.guessing import best_shared, guessing
from neurorules.tasks.base.losses import (
    MeanSquaredError,
    ScoredTrials,
    choice_accuracy,
    cross_entropy,
    half_mean_squared_error,
    mean_squared_error,
    regression_accuracy,
)
from neurorules.tasks.base.task import Loss, Task, make_task
from neurorules.tasks.base.trials import Trials

pytestmark = pytest.mark.filterwarnings("error", "ignore:.*render_modes")

CONFIG: dict[str, Any] = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text("utf-8"))["tasks"]


def task_of(name: str, **changes: Any) -> Task:
    return make_task(CONFIG[name].get("module", name), CONFIG[name]["task"] | changes, None)


@pytest.mark.parametrize(
    ("name", "changes", "asked", "steps"),
    [
        # 1700 ms, of which 300 ms are the decision; each period is rounded down to whole steps separately.
        ("mante2013", {}, 6, 34),
        ("mante2013", {"dt_ms": 15}, 20, 113),
        ("2af", {}, 1, 22),
        ("dms", {}, 9, 32),
        ("perceptual-decision", {}, 15, 50),
    ],
)
def test_guessing_one_of_two_choices_costs_ln_2_in_the_steps_that_ask_for_one(
    name: str, changes: dict[str, Any], asked: int, steps: int
) -> None:
    """Cross-entropy is 0 during fixation and ln 2 after; accuracy is 1 minus its mean over steps."""
    guess = guessing(task_of(name, **changes))
    assert guess.accuracy == pytest.approx(1 - asked / steps * math.log(2), abs=1e-12)
    assert guess.fraction_correct == 0.5


def test_guessing_on_romo() -> None:
    """In a share rho of the scored steps each output should be .5 in half of the trials, else 0.

    The best single answer is .25 there: squared error rho / 16, of a variance of rho / 8 - rho^2 / 16. So accuracy is
    1 - 1 / (2 - rho). The response is 20 of 40 scored steps: fixation 6, stimuli 2 x 2, delay 10 (of 5 tau).
    """
    task = task_of("romo")
    scored = task.test().scored
    rho = 20 / scored[:, 0].sum()
    assert rho == 0.5
    guess = guessing(task)
    assert guess.accuracy == pytest.approx(1 - 1 / (2 - rho), abs=1e-12)
    assert guess.fraction_correct == 0.5


class Given:
    """A task that has given test trials, and nothing else."""

    n_inputs = 1

    def __init__(self, targets: Any, scored: Any = None, loss: Loss = mean_squared_error, n_outputs: int = 1) -> None:
        self.targets = np.array(targets)
        shape = self.targets.shape[:2]
        self.scored = np.ones(shape, bool) if scored is None else np.array(scored, bool)
        self.loss, self.n_outputs = loss, n_outputs
        self.accuracy = choice_accuracy if loss is cross_entropy else regression_accuracy

    def test(self) -> Trials:
        shape = self.targets.shape[:2]
        return Trials(np.zeros((*shape, 1), np.float32), self.targets, self.scored, np.arange(shape[1]))


def reach(n_trials: int, n_steps: int = 12) -> Given:
    """Speed along evenly spaced directions: sin(pi t) (cos, sin) of the direction."""
    angle = 2 * np.pi * np.arange(n_trials) / n_trials
    speed = np.sin(np.pi * (np.arange(n_steps) + 0.5) / n_steps)
    return Given(speed[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1), n_outputs=2)


def test_guessing_on_reaches_around_a_circle_is_0() -> None:
    """Directions cancel at every step: the mean movement is zero and explains no variance."""
    guess = guessing(reach(8))  # type: ignore[arg-type]
    assert guess.accuracy == pytest.approx(0.0, abs=1e-12)
    assert guess.fraction_correct == 1 / 8


def test_guessing_on_reaches_with_a_common_part() -> None:
    """A movement in time that all share, g(t), with variance over time: 1 - own / (own + common)."""
    task = reach(8)
    common = np.linspace(-1, 1, 12)
    task.targets = task.targets + common[:, None, None]
    own, shared = (np.sin(np.pi * (np.arange(12) + 0.5) / 12) ** 2).mean() / 2, (common**2).mean()
    assert guessing(task).accuracy == pytest.approx(1 - own / (own + shared))  # type: ignore[arg-type]


def test_guesses_know_the_timing() -> None:
    """Trials of two lengths end in one of two choices: ln 2 in 4 of 2 x 2 + 2 x 3 steps, 0 in the others."""
    targets = np.array([[0, 0, 0, 0], [1, 2, 0, 0], [0, 0, 2, 1]])
    scored = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 1, 1]])
    guess = guessing(Given(targets, scored, cross_entropy, 3))  # type: ignore[arg-type]
    assert guess.accuracy == pytest.approx(1 - 4 / 10 * math.log(2))
    assert guess.fraction_correct == 0.5


def test_the_commonest_answer_is_guessed() -> None:
    guess = guessing(Given([[1, 1, 1, 0]], loss=cross_entropy, n_outputs=2))  # type: ignore[arg-type]
    assert guess.accuracy == pytest.approx(1 + 0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert guess.fraction_correct == 0.75


def test_where_nothing_differs_there_is_nothing_to_guess() -> None:
    guess = guessing(Given([[1, 1], [0, 0]], loss=cross_entropy, n_outputs=2))  # type: ignore[arg-type]
    assert math.isnan(guess.accuracy) and math.isnan(guess.fraction_correct)
    alone = Given([[1, 0], [0, 0]], [[1, 1], [1, 0]], cross_entropy, 2)  # each trial has its own timing
    assert math.isnan(guessing(alone).accuracy)  # type: ignore[arg-type]


class Quartic:
    """Mean (y - y*)^4: convex, and the mean is not its minimum."""

    def pointwise(self, outputs: torch.Tensor, batch: ScoredTrials) -> torch.Tensor:
        return (outputs - batch.targets).pow(4).sum(-1) * batch.scored / batch.n_scored

    def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
        error = (outputs - batch.targets) * batch.scored.unsqueeze(-1)
        return self.pointwise(outputs, batch).sum(), 4 * error.pow(3) / batch.n_scored.unsqueeze(-1)


def test_a_loss_of_another_form_is_minimized() -> None:
    """Targets 0, 0, 0, 1: the minimum of 3 y^4 + (y - 1)^4 has (1 - y)^3 = 3 y^3, so y = 1 / (1 + 3^(1/3))."""
    task = Given([[[0.0], [0.0], [0.0], [1.0]]], loss=Quartic())
    found = best_shared(task.loss, task.test(), equal_timing(task.scored), 1)
    np.testing.assert_allclose(found, 1 / (1 + 3 ** (1 / 3)), atol=1e-3)


@pytest.mark.parametrize("loss", [mean_squared_error, half_mean_squared_error, MeanSquaredError(7.0)])
def test_the_mean_minimizes_a_squared_error(loss: MeanSquaredError) -> None:
    task = Given(np.random.default_rng(0).standard_normal((3, 5, 2)), loss=loss, n_outputs=2)
    batch = ScoredTrials(task.test(), like=torch.zeros(1, dtype=torch.float64))
    shared = torch.as_tensor(best_shared(loss, task.test(), equal_timing(task.scored), 2))
    least = float(loss(shared.clone(), batch)[0])
    for step in np.random.default_rng(1).normal(0, 0.1, (20, 3, 1, 2)):
        assert float(loss(shared + torch.as_tensor(step), batch)[0]) > least


# ---- fraction correct


def test_fraction_of_right_choices_is_that_of_the_larger_output() -> None:
    """The two alternatives differ only in the last step, in which the larger output is the choice."""
    rng = np.random.default_rng(0)
    choice = rng.integers(1, 3, 40)
    targets = np.zeros((4, 40), np.int64)
    targets[-1] = choice
    outputs = rng.standard_normal((4, 40, 3))
    task = Given(targets, loss=cross_entropy, n_outputs=3)
    expected = (outputs[-1, :, 1:].argmax(-1) + 1 == choice).mean()
    assert fraction_correct(cross_entropy, outputs, task.test()) == pytest.approx(expected)
    assert 0.2 < expected < 0.8


def test_fraction_of_reaches_whose_direction_is_decoded() -> None:
    """Turned by less than half the angle between directions all are right; by more, none."""
    task = reach(8)
    for degrees, expected in ((0, 1.0), (22, 1.0), (23, 0.0), (180, 0.0)):
        angle = np.deg2rad(degrees)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        outputs = task.targets @ turn
        assert fraction_correct(mean_squared_error, outputs, task.test()) == expected


def test_outputs_that_favour_no_answer_are_right_by_chance() -> None:
    task = reach(8)
    assert fraction_correct(mean_squared_error, np.zeros((12, 8, 2)), task.test()) == pytest.approx(1 / 8)
    halfway = (task.targets + np.roll(task.targets, -1, 1)) / 2  # between own and the next direction
    assert fraction_correct(mean_squared_error, halfway, task.test()) == pytest.approx(1 / 2)


def test_outputs_that_are_no_numbers_are_wrong() -> None:
    task = reach(4)
    outputs = task.targets.copy()
    outputs[3, 0] = float("nan")
    assert fraction_correct(mean_squared_error, outputs, task.test()) == 0.75


def test_trials_of_other_timing_are_no_alternatives() -> None:
    targets = np.array([[0, 0, 0], [1, 2, 0], [0, 0, 2]])
    scored = np.array([[1, 1, 1], [1, 1, 1], [0, 0, 1]])
    trials = Given(targets, scored, cross_entropy, 3).test()
    outputs = np.zeros((3, 3, 3))
    outputs[1, :2, 1] = 1.0  # choice 1 in the two trials that can be told apart
    assert fraction_correct(cross_entropy, outputs, trials) == 0.5


def test_a_loss_of_tensors_alone_is_scored_too() -> None:
    """The fourth power ranks the answers of one output as the square does."""
    rng = np.random.default_rng(0)
    task = Given(rng.standard_normal((1, 30, 1)), loss=Quartic())
    outputs = task.targets + 0.05 * rng.standard_normal(task.targets.shape)
    expected = (np.abs(outputs - task.targets[0, :, 0]).argmin(-1).ravel() == np.arange(30)).mean()
    assert fraction_correct(task.loss, outputs, task.test()) == pytest.approx(expected)
    assert 0.05 < expected < 0.8
