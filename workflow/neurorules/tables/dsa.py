"""Dynamical similarity between networks and recording over training, for a grid of hyperparameters (Figure 8B)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.similarity.dsa import DelayDynamics
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
COSTLY = True
NEEDS_RECORDING = True
COMPARISON_KEYS = ("dsa_n_delays", "dsa_ranks", "dsa_choice", "dsa_checkpoints", "dsa_restarts", "dsa_scores")

INPUT = "input"  # of dsa_scores; gives three scores


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording with too few time points, or too few conditions to choose delays and rank.

    Raises:
        InputError: the smallest number of delays is too large, or no condition can be held out.
    """
    from neurorules.errors import InputError
    from neurorules.similarity.delay_sweep import check_held_out
    from neurorules.similarity.dsa import check_delays

    n_conditions, n_times, _ = recording["rates"].shape
    try:
        check_delays(n_conditions, n_times, min(options.comparison.dsa_n_delays))
    except InputError as error:
        key = "comparison.dsa_n_delays"
        raise InputError(error.problem, key=key, value=error.value, remedy=error.remedy) from error
    if options.comparison.dsa_choice != "all":
        check_held_out(n_conditions)


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x checkpoint x delays x rank x score.

    `dsa_checkpoints` of the run's checkpoints are used, evenly spaced, including the first and the last. The angular
    score takes far longer than the others, so only the last checkpoint has it. Numbers of delays that are too large for
    the recording's time points are left out. The score `input` has rows for its parts, too. Unless `dsa_choice` is
    `all`, there is one number of delays and one rank, with the column `prediction_error`; the scores with and without
    inputs choose separately.

    Raises:
        InputError: the recording has too few time points even for the smallest number of delays, or no input of the
            task varies in the compared window.
    """
    import pandas as pd

    from neurorules.runs.evaluate import compared_inputs
    from neurorules.similarity.dsa import DelayDynamics
    from neurorules.similarity.input_dsa import InputDynamics, input_distances, varying_inputs

    comparison = model.options.comparison
    check(recording, model.options)
    rates = recording["rates"].values
    plain = [score for score in comparison.dsa_scores if score != INPUT]
    grid = _grid(rates, comparison) if plain else {}
    recorded = {n_delays: DelayDynamics(rates, n_delays) for n_delays in _delays(grid)}
    driven: dict[int, InputDynamics] = {}
    if INPUT in comparison.dsa_scores:
        inputs = varying_inputs(compared_inputs(model.options, model.task, recording))
        driven_grid = _grid(rates, comparison, inputs)
        driven = {n_delays: InputDynamics(rates, inputs, n_delays) for n_delays in _delays(driven_grid)}
    rows = []
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        last = run.sizes["checkpoint"] - 1
        for index in np.unique(np.linspace(0, last, comparison.dsa_checkpoints).round().astype(int)):
            at_checkpoint = activity.at(index)
            labels = {
                **model.labels,
                "seed": seed,
                "update": int(run["checkpoint"].values[index]),
                "accuracy": float(run["accuracy"].values[index]),
            }
            scores = [score for score in plain if score != "angular" or index == last]
            pairs = {n_delays: (DelayDynamics(at_checkpoint, n_delays), of) for n_delays, of in recorded.items()}
            found = _plain_distances(pairs, grid, scores, comparison.dsa_restarts)
            rows += _rows(labels, grid, found)
            if driven:
                systems = {d: (InputDynamics(at_checkpoint, inputs, d), of) for d, of in driven.items()}
                found = {(d, rank): input_distances(*systems[d], rank) for d, rank in driven_grid}
                rows += _rows(labels, driven_grid, found)
    return pd.DataFrame(rows)


def _grid(
    rates: NDArray[Any], comparison: Options, inputs: NDArray[Any] | None = None
) -> dict[tuple[int, int], dict[str, float]]:
    """The numbers of delays and ranks that are used, with further columns of their rows."""
    from neurorules.errors import InputError
    from neurorules.similarity.delay_sweep import best, sweep
    from neurorules.similarity.dsa import check_delays

    if comparison.dsa_choice != "all":
        candidates = sweep(rates, comparison.dsa_n_delays, comparison.dsa_ranks, inputs)
        chosen = best(candidates, comparison.dsa_choice)
        return {(chosen.n_delays, chosen.rank): {"prediction_error": chosen.prediction_error}}
    grid: dict[tuple[int, int], dict[str, float]] = {}
    for n_delays in comparison.dsa_n_delays:
        with suppress(InputError):
            check_delays(rates.shape[0], rates.shape[1], n_delays)
            grid |= {(n_delays, rank): {} for rank in comparison.dsa_ranks}
    return grid


def _delays(grid: Iterable[tuple[int, int]]) -> list[int]:
    return list(dict.fromkeys(n_delays for n_delays, _ in grid))


def _plain_distances(
    pairs: dict[int, tuple[DelayDynamics, DelayDynamics]],
    grid: Iterable[tuple[int, int]],
    scores: list[str],
    restarts: int,
) -> dict[tuple[int, int], dict[str, float]]:
    """The scores without inputs for every number of delays and rank of a grid."""
    from neurorules.similarity.dsa import angles, wasserstein

    found: dict[tuple[int, int], dict[str, float]] = {place: dict.fromkeys(scores, 0.0) for place in grid}
    if "angular" in scores:  # all delays of a rank at once
        for rank in dict.fromkeys(rank for _, rank in grid):
            places = [place for place in grid if place[1] == rank]
            of_rank = angles([pairs[n_delays] for n_delays, _ in places], rank, restarts)
            for place, angle in zip(places, of_rank, strict=True):
                found[place]["angular"] = angle
    if "wasserstein" in scores:
        for (n_delays, rank), of_place in found.items():
            system, of_recording = pairs[n_delays]
            of_place["wasserstein"] = wasserstein(system.eigenvalues(rank), of_recording.eigenvalues(rank))
    return found


def _rows(
    labels: dict[str, Any],
    grid: dict[tuple[int, int], dict[str, float]],
    found: dict[tuple[int, int], dict[str, float]],
) -> list[dict[str, Any]]:
    return [
        {**labels, "n_delays": n_delays, "rank": rank, "score": score, "distance": distance, **further}
        for (n_delays, rank), further in grid.items()
        for score, distance in found[n_delays, rank].items()
    ]
