"""Batches of training trials: which network sees which trials, and when they are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from neurorules.errors import InputError
from neurorules.study.load import load_study
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.task import Task, make_task
from neurorules.tasks.base.trials import Trials
from neurorules.training.batches import Batches

STREAMS = {3: 30, 5: 50}


@pytest.fixture(scope="module")
def task(repository: Path) -> Task:
    study = load_study(repository / "config" / "demo.yaml")
    options = study.options.training(next(model for model in study.selection.trained if model.task == "romo"))
    return make_task(options["task_module"], options["task"], None)


def drawn(task: Task, seed: int, updates: int) -> list:
    """The batches of a seed, drawn from its own stream alone."""
    rng = np.random.default_rng(STREAMS[seed])
    return [task.batch(rng, 6) for _ in range(updates)]


@pytest.mark.parametrize("ahead", [False, True])
def test_networks_see_the_trials_of_their_seeds(task: Task, ahead: bool) -> None:
    seeds = [5, 3, 5]
    batches = Batches(task, 6, 3, seeds, STREAMS, torch.zeros(3, 10, dtype=torch.float64))
    expected = {seed: drawn(task, seed, 3) for seed in STREAMS}
    for update in range(3):
        if ahead:
            batches.prepare()
            batches.prepare()  # a second time changes nothing
        batch = batches.next()
        assert (batch.n_steps, batch.n_trials) == batch.inputs.shape[1:3]
        for k, seed in enumerate(seeds):
            trials, of_network = expected[seed][update], batch.scored.of_network(k)
            np.testing.assert_array_equal(batch.inputs[k], trials.inputs)
            np.testing.assert_array_equal(of_network.targets, trials.targets)
            np.testing.assert_array_equal(of_network.scored, trials.scored)
            assert of_network.n_scored.item() == trials.scored.sum()


def test_a_single_network_has_no_network_axis(task: Task) -> None:
    batch = Batches(task, 6, 1, [3], {3: 30}, torch.zeros(10)).next()
    trials = drawn(task, 3, 1)[0]
    np.testing.assert_array_equal(batch.inputs, trials.inputs)
    assert batch.scored.targets.shape == ScoredTrials(trials, torch.zeros(1)).targets.shape == trials.targets.shape


def test_a_stack_of_one_seed_shares_its_batch(task: Task) -> None:
    batches = Batches(task, 6, 2, [3, 3, 3], {3: 30}, torch.zeros(3, 10))
    for trials in drawn(task, 3, 2):
        batch = batches.next()
        np.testing.assert_array_equal(batch.inputs, trials.inputs)
        for k in range(3):
            np.testing.assert_array_equal(batch.scored.of_network(k).targets, trials.targets)


class Reusing:
    """A task that overwrites one array of its trials in the next batch."""

    def __init__(self, task: Task, field: str) -> None:
        self.task, self.field, self.memory = task, field, None

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        trials = self.task.batch(rng, n_trials)
        new = getattr(trials, self.field)
        if self.memory is None:
            self.memory = np.empty_like(new)
        self.memory[:] = new
        return replace(trials, **{self.field: self.memory})


@pytest.mark.parametrize("ahead", [False, True])
def test_trials_drawn_ahead_are_those_drawn_one_by_one(task: Task, ahead: bool) -> None:
    batches = Batches(task, 6, 30, [3], {3: 30}, torch.zeros(10))
    for trials in drawn(task, 3, 30):
        batch = batches.next()
        np.testing.assert_array_equal(batch.inputs, trials.inputs)
        np.testing.assert_array_equal(batch.scored.targets, trials.targets)
        if ahead:
            batches.prepare()


class Counting:
    """A task that counts its batches."""

    def __init__(self, task: Task) -> None:
        self.task, self.n_batches = task, 0

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        self.n_batches += 1
        return self.task.batch(rng, n_trials)


@pytest.mark.parametrize("updates", [1, 8, 11])
def test_no_batch_is_drawn_that_is_not_needed(task: Task, updates: int) -> None:
    counting = Counting(task)
    batches = Batches(counting, 6, updates, [3, 5], STREAMS, torch.zeros(2, 10))
    for _ in range(updates):
        batches.next()
    assert counting.n_batches == 2 * updates


@pytest.mark.parametrize("field", ["inputs", "targets", "scored"])
def test_a_task_that_overwrites_its_trials_is_refused(task: Task, field: str) -> None:
    with pytest.raises(InputError, match="share memory") as error:
        Batches(Reusing(task, field), 6, 30, [3], {3: 30}, torch.zeros(10)).next()
    assert error.value.remedy is not None and "new arrays" in error.value.remedy


class Reversed:
    """A task whose inputs are views: backward in time, and the same for all trials."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        trials = self.task.batch(rng, n_trials)
        return replace(trials, inputs=np.broadcast_to(trials.inputs[::-1, :1], trials.inputs.shape))


def test_a_task_may_return_views(task: Task) -> None:
    batch = Batches(Reversed(task), 6, 1, [3], {3: 30}, torch.zeros(10)).next()
    first = drawn(task, 3, 1)[0].inputs[::-1, 0]
    for k in range(6):
        np.testing.assert_array_equal(batch.inputs[:, k], first)
