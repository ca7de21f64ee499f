"""Numbers of delays and ranks compared by how well they predict held-out conditions, for dynamical similarity.

Conditions are divided into folds. The linear map of `dsa.py`, or that of `input_dsa.py` if inputs are given, is fitted
to the conditions of the other folds, directions included, and predicts each next time of the held-out conditions from
the embedding of the times before. For each number of delays and rank:

    prediction_error   mean squared error, divided by that of predicting no change; 1 is no better, 0 is perfect
    aic                log(mean squared error) + 2 p / N, with N predicted values and p parameters,
                       p = rank^2 + rank inputs + 1

The map predicts the change in its own directions; what it leaves out is predicted not to change. Errors are in all
features, so ranks can be compared. Every candidate predicts the same times, those after the largest number of delays.
Values of neighbouring times and neurons are not independent, so N is too large, and AIC counts parameters too little.

The sweep of the package dsa-metric 2.0.2 differs. It holds out the last conditions only. It compares what a low rank
leaves out with zero, so the highest rank wins wherever activity is smooth. It counts the first times, which are copied,
as predicted without error, so more delays look better. With several delays, it pairs activity with inputs of earlier
times. Its AIC does not count the parameters of B.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.similarity.dsa import N_COMPONENTS, check_delays, delay_embedding, leading_axes, leading_directions
from neurorules.similarity.input_dsa import fit_driven

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRITERIA = ("prediction_error", "aic")
FOLDS = 5


@dataclass(frozen=True)
class Candidate:
    """A number of delays and a rank, with their error and AIC on held-out conditions, see the module."""

    n_delays: int
    rank: int
    prediction_error: float
    aic: float


def check_held_out(n_conditions: int) -> None:
    """Check that conditions can be held out.

    Raises:
        InputError: there is one condition only.
    """
    if n_conditions < 2:
        raise InputError(
            "Delays and rank cannot be chosen by prediction: there is only one condition, so none can be held out.",
            key="comparison.dsa_choice",
            remedy="Use dsa_choice: all.",
        )


def sweep(
    activity: NDArray[Any],
    n_delays: Sequence[int],
    ranks: Sequence[int],
    inputs: NDArray[Any] | None = None,
    n_components: int = N_COMPONENTS,
    n_folds: int = FOLDS,
) -> list[Candidate]:
    """Candidates, for every number of delays that the times allow and every rank.

    Args:
        activity: (condition, time, feature).
        n_delays, ranks: what is compared.
        inputs: (condition, time, input), see `InputDynamics`; None for dynamics without inputs.
        n_components: directions that are embedded.
        n_folds: every `n_folds`-th condition is held out together; as many folds as conditions, if there are fewer.

    Raises:
        InputError: there is one condition only, or too few times for every number of delays.
    """
    activity = np.asarray(activity, np.float64)
    n_conditions, n_times, _ = activity.shape
    check_held_out(n_conditions)
    fold = np.arange(n_conditions) % min(n_folds, n_conditions)
    fewest = n_conditions - int(np.bincount(fold).max())  # conditions that a map is fitted to
    allowed = []
    for delays in sorted(set(n_delays)):
        with suppress(InputError):
            check_delays(fewest, n_times, delays)
            allowed.append(delays)
    if not allowed:
        check_delays(fewest, n_times, min(n_delays))
    driven = np.zeros((n_conditions, n_times, 0)) if inputs is None else np.asarray(inputs, np.float64)
    first = allowed[-1]
    squares = np.zeros((len(allowed), len(ranks)))
    for k in range(fold.max() + 1):
        for i, delays in enumerate(allowed):
            squares[i] += _squared_errors(activity, driven, fold == k, delays, ranks, n_components, first)
    n_values = activity[:, first:].size
    no_change = (np.diff(activity[:, first - 1 :], axis=1) ** 2).sum()
    found = []
    for i, delays in enumerate(allowed):
        for j, rank in enumerate(ranks):
            penalty = 2 * (rank**2 + rank * driven.shape[-1] + 1) / n_values
            aic = np.log(squares[i, j] / n_values) + penalty
            found.append(Candidate(delays, rank, float(squares[i, j] / no_change), float(aic)))
    return found


def best(candidates: Sequence[Candidate], criterion: str) -> Candidate:
    """The candidate with the smallest of CRITERIA; of equal ones, the one with fewer delays, then the lower rank."""
    return min(candidates, key=lambda one: (getattr(one, criterion), one.n_delays, one.rank))


def _squared_errors(
    activity: NDArray[Any],
    inputs: NDArray[Any],
    held_out: NDArray[Any],
    n_delays: int,
    ranks: Sequence[int],
    n_components: int,
    first: int,
) -> NDArray[Any]:
    """(rank,) summed squared errors of predicting the held-out conditions (condition,) from time `first` on."""
    n_conditions, n_times, n_features = activity[~held_out].shape
    n_axes = min(n_components, n_features, n_conditions * (n_times - n_delays + 1) // n_delays)
    axes = leading_axes(activity[~held_out].reshape(-1, n_features), n_axes)
    seen, new = (delay_embedding(activity[part] @ axes, n_delays) for part in (~held_out, held_out))
    samples = seen.reshape(-1, seen.shape[-1])
    vectors, singular = leading_directions(samples)
    directions = samples.T @ vectors / singular
    scale = singular / np.sqrt(len(samples))
    latest = scale[:, None] * directions[-axes.shape[1] :].T @ axes.T  # (direction, feature)
    seen, new = (part @ (directions / scale) for part in (seen, new))
    entering = [inputs[part][:, n_delays:] for part in (~held_out, held_out)]
    change = np.diff(activity[held_out][:, n_delays - 1 :], axis=1)
    errors = np.zeros(len(ranks))
    for j, rank in enumerate(ranks):
        now, then = (part[..., :rank].reshape(-1, min(rank, len(scale))) for part in (seen[:, :-1], seen[:, 1:]))
        a, b = fit_driven(now, entering[0].reshape(len(now), -1), then)
        state = new[:, :-1, :rank]
        predicted = (state @ a.T + entering[1] @ b.T - state) @ latest[:rank]
        off = (predicted - change)[:, first - n_delays :]
        errors[j] = (off**2).sum()
    return errors
