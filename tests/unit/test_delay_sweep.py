"""The choice of delays and rank by prediction of held-out conditions, against scikit-learn and known systems."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from neurorules.errors import InputError
from neurorules.similarity.delay_sweep import best, sweep


def noisy(seed: int, n_delays: int = 1, n_conditions: int = 20, n_times: int = 40) -> np.ndarray:
    """Two oscillations moved by noise, in 8 features with small random walks; with two delays, only x_{t-2} matters.

    No change is the best prediction of a random walk.
    """
    rng = np.random.default_rng(seed)
    turn = np.zeros((4, 4))
    for k, phase in enumerate((0.5, 1.3)):
        turn[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[np.cos(phase), -np.sin(phase)], [np.sin(phase), np.cos(phase)]]
    states = [rng.standard_normal((n_conditions, 4)) for _ in range(n_delays)]
    for _ in range(n_times - n_delays):
        states.append(0.95 * states[-n_delays] @ turn.T + 0.3 * rng.standard_normal((n_conditions, 4)))
    features = np.linalg.qr(rng.standard_normal((8, 8)))[0][:4]
    activity: np.ndarray = np.stack(states, axis=1) @ features
    return activity + 0.005 * np.cumsum(rng.standard_normal(activity.shape), axis=1)


@pytest.mark.parametrize("n_delays", [1, 3])
@pytest.mark.parametrize("has_inputs", [False, True])
def test_errors_are_those_of_least_squares_on_the_other_conditions(n_delays: int, has_inputs: bool) -> None:
    """With all directions, the map is the regression of a time on those before it; folds by scikit-learn."""
    activity = noisy(0)
    inputs = np.random.default_rng(1).standard_normal((20, 40, 2))
    activity[:, :, 0] += np.cumsum(inputs, axis=1)[..., 0]
    squares, changes = 0.0, 0.0
    for fold in range(5):
        held_out = np.arange(20) % 5 == fold

        def samples(conditions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            rows = [
                (np.concatenate([*activity[c, t - n_delays : t], *[inputs[c, t]] * has_inputs]), activity[c, t], t, c)
                for c in np.flatnonzero(conditions)
                for t in range(n_delays, 40)
            ]
            return (
                np.array([row[0] for row in rows]),
                np.array([row[1] for row in rows]),
                np.array([activity[c, t - 1] for _, _, t, c in rows]),
            )

        x, y, _ = samples(~held_out)
        x_new, y_new, before = samples(held_out)
        predicted = LinearRegression(fit_intercept=False).fit(x, y).predict(x_new)
        squares += ((predicted - y_new) ** 2).sum()
        changes += ((y_new - before) ** 2).sum()
    (found,) = sweep(activity, [n_delays], [8 * n_delays], inputs if has_inputs else None)
    assert found.prediction_error == pytest.approx(squares / changes, rel=1e-5)
    n, rank = 20 * (40 - n_delays) * 8, 8 * n_delays
    n_parameters = rank**2 + 2 * has_inputs * rank + 1
    assert found.aic == pytest.approx(np.log(squares / n) + 2 * n_parameters / n, rel=1e-6)


def test_the_dimension_of_a_known_system_is_found() -> None:
    """Four directions have dynamics, the other four are random walks."""
    found = sweep(noisy(2), [1], [1, 2, 3, 4, 6, 8])
    assert best(found, "prediction_error").rank == 4
    assert best(found, "aic").rank == 4
    errors = [one.prediction_error for one in found]
    assert errors[3] < 0.5 * errors[1] and 1 > errors[0] > errors[1]


def test_the_delay_of_a_known_system_is_found() -> None:
    """x_t depends on x_{t-2} alone: one delay predicts little, two predict it."""
    found = sweep(noisy(3, n_delays=2), [1, 2], [4, 8])
    assert best(found, "prediction_error").n_delays == 2
    error = {(one.n_delays, one.rank): one.prediction_error for one in found}
    assert error[2, 8] < 0.5 * error[1, 4]


def test_inputs_explain_what_they_drive() -> None:
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((10, 30, 1))
    activity = noisy(5, n_conditions=10, n_times=30)
    driven = activity + 3 * inputs * activity.std() * np.ones(8)
    without, known = (sweep(driven, [1], [5], given)[0].prediction_error for given in (None, inputs))
    assert known < 0.5 * without


def test_scale_and_rotation_do_not_matter() -> None:
    activity = noisy(6)
    turned = 7 * activity @ np.linalg.qr(np.random.default_rng(7).standard_normal((8, 8)))[0]
    for one, other in zip(sweep(activity, [1, 4], [2, 5]), sweep(turned, [1, 4], [2, 5]), strict=True):
        assert (one.n_delays, one.rank) == (other.n_delays, other.rank)
        assert one.prediction_error == pytest.approx(other.prediction_error, rel=1e-5)


def test_a_candidate_is_judged_at_the_same_times_whatever_the_others() -> None:
    """Four delays leave the first four times out, for one delay too."""
    activity = noisy(8)
    both = sweep(activity, [1, 4], [4])
    (later,) = sweep(activity[:, 3:], [1], [4])
    assert [one.n_delays for one in both] == [1, 4]
    assert both[0].prediction_error != pytest.approx(sweep(activity, [1], [4])[0].prediction_error, rel=1e-9)
    assert both[0].prediction_error == pytest.approx(later.prediction_error, rel=0.02)  # fitted to fewer times


def test_what_cannot_be_chosen() -> None:
    activity = noisy(9, n_conditions=3, n_times=10)
    assert [one.n_delays for one in sweep(activity, [2, 30], [2])] == [2]
    with pytest.raises(InputError, match="30 delays are too many"):
        sweep(activity, [30], [2])
    with pytest.raises(InputError, match=r"(?s)only one condition.*dsa_choice: all"):
        sweep(activity[:1], [1], [2])
