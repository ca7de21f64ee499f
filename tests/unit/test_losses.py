"""Losses against automatic differentiation, accuracies against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neurorules.tasks.base.losses import (
    ScoredTrials,
    choice_accuracy,
    cross_entropy,
    half_mean_squared_error,
    mean_squared_error,
    regression_accuracy,
)
from neurorules.tasks.base.trials import Trials

N_STEPS, N_TRIALS, N_OUTPUTS = 7, 5, 3


def trials_of(targets: np.ndarray, scored: np.ndarray) -> Trials:
    n_steps, n_trials = scored.shape
    return Trials(np.zeros((n_steps, n_trials, 1), np.float32), targets, scored, np.zeros(n_trials, np.int64))


def scored_trials(targets: np.ndarray, scored: np.ndarray, dtype: torch.dtype = torch.float64) -> ScoredTrials:
    return ScoredTrials(trials_of(targets, scored), like=torch.zeros(1, dtype=dtype))


def outputs_and_mask(seed: int) -> tuple[torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(seed)
    scored = rng.random((N_STEPS, N_TRIALS)) < 0.6
    assert 0 < scored.sum() < scored.size
    return torch.tensor(3 * rng.standard_normal((N_STEPS, N_TRIALS, N_OUTPUTS)), requires_grad=True), scored


@pytest.mark.parametrize("seed", range(3))
def test_losses_of_trials_in_numpy_are_those_of_pytorch(seed: int) -> None:
    """Each trial's share of the mean over scored points, here of trials that differ in how many they have."""
    made, scored = outputs_and_mask(seed)
    outputs, rng = made.detach(), np.random.default_rng(seed + 100)
    classes, values = rng.integers(0, N_OUTPUTS, scored.shape), rng.standard_normal(outputs.shape)
    of_choices = cross_entropy.per_trial(outputs.numpy(), classes, scored)
    of_values = half_mean_squared_error.per_trial(outputs.numpy(), values, scored)
    for trial in range(N_TRIALS):
        mask, answers = scored[:, trial], outputs[:, trial][scored[:, trial]]
        nats = torch.nn.functional.cross_entropy(answers, torch.tensor(classes[mask, trial]), reduction="sum")
        square = torch.nn.functional.mse_loss(answers, torch.tensor(values[mask, trial]), reduction="sum")
        assert of_choices[trial] == pytest.approx(nats.item(), rel=1e-12)
        assert of_values[trial] == pytest.approx(square.item() / 2 / N_OUTPUTS, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_mean_squared_error_and_its_gradient_equal_autograd(seed: int) -> None:
    outputs, scored = outputs_and_mask(seed)
    targets = np.random.default_rng(seed + 100).standard_normal(outputs.shape)
    mask = torch.tensor(scored)
    expected = torch.nn.functional.mse_loss(outputs[mask], torch.tensor(targets)[mask])
    (expected_gradient,) = torch.autograd.grad(expected, outputs)

    loss, gradient = mean_squared_error(outputs.detach(), scored_trials(targets, scored))

    assert loss == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, expected_gradient, rtol=0, atol=1e-12)
    assert (gradient[~mask] == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_cross_entropy_and_its_gradient_equal_autograd(seed: int) -> None:
    outputs, scored = outputs_and_mask(seed)
    targets = np.random.default_rng(seed + 100).integers(0, N_OUTPUTS, scored.shape)
    mask = torch.tensor(scored)
    expected = torch.nn.functional.cross_entropy(outputs[mask], torch.tensor(targets)[mask])
    (expected_gradient,) = torch.autograd.grad(expected, outputs)
    given = outputs.detach().clone()

    loss, gradient = cross_entropy(given, scored_trials(targets, scored))

    assert loss == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, expected_gradient, rtol=0, atol=1e-12)
    assert (gradient[~mask] == 0).all()
    torch.testing.assert_close(given, outputs.detach(), rtol=0, atol=0)  # its input is not modified


def test_mean_squared_error_by_hand() -> None:
    """Errors 1, 2, 3, 4 at the scored step: (1 + 4 + 9 + 16) / 4; the unscored step does not count."""
    targets = np.zeros((2, 2, 2), np.float32)
    outputs = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[9.0, 9.0], [9.0, 9.0]]])
    scored = np.array([[True, True], [False, False]])
    loss, gradient = mean_squared_error(outputs, scored_trials(targets, scored, torch.float32))
    assert loss == 7.5
    assert gradient.tolist() == [[[0.5, 1.0], [1.5, 2.0]], [[0.0, 0.0], [0.0, 0.0]]]
    assert gradient.dtype == torch.float32


def test_half_mean_squared_error_by_hand() -> None:
    """The same errors: half of 7.5, and the error over the number of scored values, 4."""
    targets = np.zeros((2, 2, 2), np.float32)
    outputs = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[9.0, 9.0], [9.0, 9.0]]])
    scored = np.array([[True, True], [False, False]])
    batch = scored_trials(targets, scored, torch.float32)
    loss, gradient = half_mean_squared_error(outputs, batch)
    assert loss == 3.75
    assert gradient.tolist() == [[[0.25, 0.5], [0.75, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]
    assert half_mean_squared_error.pointwise(outputs, batch).tolist() == [[0.625, 3.125], [0.0, 0.0]]


@pytest.mark.parametrize("seed", range(3))
def test_half_mean_squared_error_and_its_gradient_equal_autograd(seed: int) -> None:
    """A stack of two networks, each with its own batch."""
    outputs, scored = outputs_and_mask(seed)
    other, mask = outputs_and_mask(seed + 50)
    targets = np.random.default_rng(seed + 100).standard_normal((2, *outputs.shape))
    batches = [
        Trials(np.zeros((N_STEPS, N_TRIALS, 1), np.float32), t, s, np.zeros(N_TRIALS, np.int64))
        for t, s in zip(targets, (scored, mask), strict=True)
    ]
    both = ScoredTrials(batches, like=torch.zeros(1, dtype=torch.float64))
    loss, gradient = half_mean_squared_error(torch.stack([outputs, other]).detach(), both)
    pointwise = half_mean_squared_error.pointwise(torch.stack([outputs, other]).detach(), both)
    for k, (y, batch) in enumerate(zip((outputs, other), batches, strict=True)):
        at = torch.tensor(batch.scored)
        expected = torch.nn.functional.mse_loss(y[at], torch.tensor(targets[k])[at]) / 2
        (expected_gradient,) = torch.autograd.grad(expected, y)
        assert loss[k] == pytest.approx(expected.item(), rel=1e-12)
        assert pointwise[k].sum() == pytest.approx(expected.item(), rel=1e-12)
        torch.testing.assert_close(gradient[k], expected_gradient, rtol=0, atol=1e-12)


def test_large_outputs_do_not_overflow_the_cross_entropy() -> None:
    """-log softmax of (1000, 0, 0) at class 1 is 1000, and its gradient (1, -1, 0)."""
    loss, gradient = cross_entropy(
        torch.tensor([[[1000.0, 0.0, 0.0]]]), scored_trials(np.array([[1]]), np.ones((1, 1), bool))
    )
    assert loss == 1000.0
    assert gradient.tolist() == [[[1.0, -1.0, 0.0]]]


def test_regression_accuracy_by_hand() -> None:
    """Output 1: targets 0, 1, 2, errors 1, 0, 1: 2/2. Output 2: targets 0, 3, 6, errors 0, 3, 0: 9/18.

    NMSE is the mean of 1 and 1/2; a fourth, unscored, point has no part in it.
    """
    targets = np.array([[[0.0, 0.0]], [[1.0, 3.0]], [[2.0, 6.0]], [[50.0, 50.0]]])
    outputs = np.array([[[1.0, 0.0]], [[1.0, 0.0]], [[1.0, 6.0]], [[0.0, 0.0]]])
    scored = np.array([[True], [True], [True], [False]])
    assert regression_accuracy(outputs, trials_of(targets, scored)) == pytest.approx(0.25, abs=1e-15)


def test_regression_accuracy_of_perfect_and_of_mean_outputs() -> None:
    rng = np.random.default_rng(3)
    targets = rng.standard_normal((N_STEPS, N_TRIALS, N_OUTPUTS))
    batch = trials_of(targets, np.ones((N_STEPS, N_TRIALS), bool))
    assert regression_accuracy(targets, batch) == 1.0
    mean = np.broadcast_to(targets.mean((0, 1)), targets.shape)
    assert regression_accuracy(mean, batch) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, 0.7])
def test_squared_error_of_a_constant_target_counts_undivided(constant: float) -> None:
    """Seven points, each off by 1/4: 7/16. The other output (targets 1..7, mean 4, spread 28) errs by 1: 7/28.

    0.1 and 0.7 cannot be averaged without rounding, and are constant all the same.
    """
    targets = np.stack([np.full(7, constant), np.arange(1.0, 8.0)], -1)[:, None, :]
    outputs = targets + np.array([0.25, -1.0])
    accuracy = regression_accuracy(outputs, trials_of(targets, np.ones((7, 1), bool)))
    assert accuracy == pytest.approx(1 - (7 / 16 + 7 / 28) / 2, abs=1e-12)


def test_choice_accuracy_of_a_uniform_output_is_one_minus_ln_3() -> None:
    rng = np.random.default_rng(4)
    targets = rng.integers(0, 3, (N_STEPS, N_TRIALS))
    batch = trials_of(targets, np.ones((N_STEPS, N_TRIALS), bool))
    outputs = np.full((N_STEPS, N_TRIALS, 3), 0.3)
    assert choice_accuracy(outputs, batch) == pytest.approx(1 - math.log(3), abs=1e-12)


def test_choice_accuracy_of_sure_and_right_answers_is_one() -> None:
    targets = np.array([[0, 1, 2]])
    batch = trials_of(targets, np.ones((1, 3), bool))
    assert choice_accuracy(1000.0 * np.eye(3)[None], batch) == 1.0


# ---- losses in compiled code


@pytest.mark.parametrize("n_networks", [0, 3], ids=["one network", "a stack"])
@pytest.mark.parametrize("loss", [mean_squared_error, half_mean_squared_error, cross_entropy])
@pytest.mark.parametrize("shared", [False, True], ids=["own trials", "one batch for all"])
def test_compiled_losses_equal_those_that_pytorch_differentiates(loss, n_networks: int, shared: bool) -> None:
    """Value and gradient in float64, against automatic differentiation of the sum of `pointwise`."""
    from neurorules.training.compiled_loss import CompiledLoss, compiled_loss

    rng = np.random.default_rng(0)
    own = n_networks and not shared
    shape = (7, 5, 3)
    targets = [rng.integers(0, 3, shape[:2]) if loss is cross_entropy else rng.standard_normal(shape) for _ in range(3)]
    batches = [
        Trials(np.zeros((*shape[:2], 1)), target, rng.random(shape[:2]) < 0.6, np.zeros(5, np.int64))
        for target in targets
    ]
    outputs = 30.0 * torch.as_tensor(rng.standard_normal((n_networks, *shape) if n_networks else shape))
    batch = ScoredTrials(batches if own else batches[0], like=outputs)
    compiled = compiled_loss(loss)
    assert isinstance(compiled, CompiledLoss)
    value, gradient = compiled(outputs, batch)
    traced = outputs.clone().requires_grad_()
    expected = loss.pointwise(traced, batch).sum((-2, -1))
    expected.sum().backward()
    np.testing.assert_allclose(value, expected.detach(), rtol=1e-12)
    np.testing.assert_allclose(gradient, traced.grad, rtol=0, atol=1e-13 * 30)
    assert value.shape == expected.shape and gradient.shape == outputs.shape


def test_a_loss_of_another_kind_is_not_replaced() -> None:
    from neurorules.tasks.base.losses import MeanSquaredError
    from neurorules.training.compiled_loss import compiled_loss

    class Other(MeanSquaredError):
        pass

    other = Other()
    assert compiled_loss(other) is other
