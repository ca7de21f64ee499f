"""Dynamical similarity between networks and recording over training, for a grid of hyperparameters (Figure 8B)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
COSTLY = True
NEEDS_RECORDING = True
COMPARISON_KEYS = ("dsa_n_delays", "dsa_ranks", "dsa_checkpoints", "dsa_restarts", "dsa_scores")


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording with too few time points even for the smallest number of delays.

    Raises:
        InputError: the smallest number of delays is too large.
    """
    from neurorules.errors import InputError
    from neurorules.similarity.dsa import check_delays

    n_conditions, n_times, _ = recording["rates"].shape
    try:
        check_delays(n_conditions, n_times, min(options.comparison.dsa_n_delays))
    except InputError as error:
        key = "comparison.dsa_n_delays"
        raise InputError(error.problem, key=key, value=error.value, remedy=error.remedy) from error


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per seed x checkpoint x delays x rank x score.

    `dsa_checkpoints` of the run's checkpoints are used, evenly spaced, including the first and the last. The angular
    score takes far longer than the other, so only the last checkpoint has it. Numbers of delays that are too large for
    the recording's time points are left out.

    Raises:
        InputError: the recording has too few time points even for the smallest number of delays.
    """
    import pandas as pd

    from neurorules.errors import InputError
    from neurorules.similarity.dsa import DelayDynamics, angles, wasserstein

    comparison = model.options.comparison
    check(recording, model.options)
    recorded: dict[int, DelayDynamics] = {}
    for n_delays in comparison.dsa_n_delays:
        with suppress(InputError):
            recorded[n_delays] = DelayDynamics(recording["rates"].values, n_delays)
    rows = []
    for seed, run in model.runs.items():
        activity = model.activity(seed, recording)
        last = run.sizes["checkpoint"] - 1
        for index in np.unique(np.linspace(0, last, comparison.dsa_checkpoints).round().astype(int)):
            at_checkpoint = activity.at(index)
            scores = [s for s in comparison.dsa_scores if s != "angular" or index == last]
            pairs = {n_delays: (DelayDynamics(at_checkpoint, n_delays), of) for n_delays, of in recorded.items()}
            angle_of: dict[int, dict[int, float]] = {}
            if "angular" in scores:  # all delays of a rank at once
                for rank in comparison.dsa_ranks:
                    found_angles = angles(list(pairs.values()), rank, comparison.dsa_restarts)
                    angle_of[rank] = dict(zip(pairs, found_angles, strict=True))
            for n_delays, (system, of_recording) in pairs.items():
                for rank in comparison.dsa_ranks:
                    found = {"angular": angle_of[rank][n_delays]} if angle_of else {}
                    if "wasserstein" in scores:
                        found["wasserstein"] = wasserstein(system.eigenvalues(rank), of_recording.eigenvalues(rank))
                    rows += [
                        {
                            **model.labels,
                            "seed": seed,
                            "update": int(run["checkpoint"].values[index]),
                            "accuracy": float(run["accuracy"].values[index]),
                            "n_delays": n_delays,
                            "rank": rank,
                            "score": score,
                            "distance": found[score],
                        }
                        for score in scores
                    ]
    return pd.DataFrame(rows)
