"""Stochastic shape distance between networks and recordings, whose responses vary from trial to trial.

For neurons that were recorded together, and networks with noise in their units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.similarity.stochastic_shape import Gaussians
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "model"
COSTLY = True
NEEDS_RECORDING = True
NEEDS_SIMULTANEOUS = True
NEEDS = ("weights", "steps", "accuracy")
COMPARISON_KEYS = ("stochastic_alphas", "stochastic_components", "stochastic_bins", "stochastic_repeats")

# All models of a recording use the same halves of its trials, so that they can be compared.
SPLIT_SEED, SHUFFLE_SEED = 2025, 2026
FEWEST = 4  # trials per condition: two per half, for a covariance


def check(recording: xr.Dataset, options: Options) -> None:
    """Reject a recording without single trials of neurons recorded together, or with too few trials.

    Raises:
        InputError: see `simultaneous_trials`; or a condition has fewer than 4 trials.
    """
    _trials(recording)


def table(model: ScoredModel, recording: xr.Dataset) -> pd.DataFrame:
    """One row per quantity x stage x seed x repeat x alpha; stage in {untrained, trained}.

    In each repeat, the trials of the recording are split into random halves. Quantities are floor, the distance between
    the halves; uncorrelated, the distance from the first half to the second half without noise correlations; and model,
    the distance from the first half to as many trials of the network. All covariances are thus from equally few trials.
    The first two are about the recording alone: their seed is -1 and their stage is empty.

    Raises:
        InputError: the recording has no noise covariances, see `check`.
    """
    import pandas as pd

    from neurorules.runs.run import checkpoint_index, stages_of
    from neurorules.similarity.stochastic_shape import stochastic_shape_distance
    from neurorules.similarity.trial_halves import trial_halves, without_correlations
    from neurorules.training.streams import stream_seed

    comparison = model.options.comparison
    rates, condition = _trials(recording)
    n_conditions, n_bins = recording.sizes["condition"], recording.sizes["time"]
    bins = np.unique(np.linspace(0, n_bins - 1, min(comparison.stochastic_bins or n_bins, n_bins)).round().astype(int))
    rates = rates[:, bins]
    splits = trial_halves(condition, n_conditions, comparison.stochastic_repeats, SPLIT_SEED)
    sizes = [len(half) for half in splits[0][0]]
    halves = [[[rates[of_condition] for of_condition in half] for half in split] for split in splits]
    first = [_gaussians(split[0], comparison) for split in halves]
    shared = {
        **model.labels,
        "neurons": rates.shape[-1],
        "conditions": n_conditions,
        "bins": len(bins),
        "components": min(comparison.stochastic_components or rates.shape[-1], rates.shape[-1]),
        "group_size": min(sizes),
    }

    def rows(found: Iterator[Gaussians], **values: Any) -> Iterator[dict[str, Any]]:
        for repeat, (x, y) in enumerate(zip(first, found, strict=True)):
            for alpha in comparison.stochastic_alphas:
                yield {
                    **shared,
                    **values,
                    "repeat": repeat,
                    "noise_share": _noise_share(y),
                    "alpha": float(alpha),
                    "distance": stochastic_shape_distance(x, y, alpha),
                }

    rng = np.random.default_rng(SHUFFLE_SEED)
    nan = float("nan")
    alone = {"stage": "", "seed": -1, "accuracy": nan, "fraction_correct": nan, "noise_sd": nan}
    second = (_gaussians(split[1], comparison) for split in halves)
    table = [*rows(second, quantity="floor", **alone)]
    shuffled = (_gaussians(without_correlations(split[1], rng), comparison) for split in halves)
    table += rows(shuffled, quantity="uncorrelated", **alone)
    for seed, run in model.runs.items():
        noise = stream_seed(model.options.task_name, seed, "single trials")
        for stage in stages_of(run):
            activity, index = model.activity(seed, recording), checkpoint_index(run, stage)
            networks = (
                _gaussians(activity.single_trials(index, sizes, bins, noise, repeat), comparison)
                for repeat in range(len(splits))
            )
            table += rows(
                networks,
                quantity="model",
                stage=stage,
                seed=seed,
                accuracy=float(run["accuracy"].values[index]),
                fraction_correct=activity.fraction_correct(index),
                noise_sd=float(model.options.network.noise_sd),
            )
    return pd.DataFrame(table)


def _trials(recording: xr.Dataset) -> tuple[NDArray[Any], NDArray[Any]]:
    """Single trials (trial, time, neuron) and their conditions, of neurons recorded together."""
    from neurorules.errors import InputError
    from neurorules.recordings.simultaneous import simultaneous_trials

    rates, condition = simultaneous_trials(recording)
    counts = np.bincount(condition, minlength=recording.sizes["condition"])
    if counts.min() < FEWEST:
        raise InputError(
            f"A condition of {recording.attrs['name']} has {counts.min()} trials. Random halves need at least "
            f"{FEWEST}, two each for a covariance.",
            key="trial_condition",
            value=int(counts.min()),
            remedy=f"Leave out conditions with fewer trials (for sessions: min_trials: {FEWEST}), or remove "
            "stochastic_shape from use_figures.",
        )
    return rates, condition


def _gaussians(trials: list[NDArray[Any]], comparison: Options) -> Gaussians:
    from neurorules.similarity.stochastic_shape import gaussians_of_trials

    found = gaussians_of_trials(trials)
    return found if comparison.stochastic_components is None else found.principal(comparison.stochastic_components)


def _noise_share(response: Gaussians) -> float:
    """Share of the trial-to-trial variance in the variance over conditions, times and trials."""
    signal, noise = float(np.square(response.means).sum()), float(np.square(response.factors).sum())
    return noise / (signal + noise) if noise else 0.0
