"""Hierarchical bootstrap over neurons and seeds of the difference between two groups' mean distances.

Neurons and seeds are crossed: each network is compared with the same neurons. A resample draws neurons with
replacement, the same for both groups, and seeds with replacement within each group (Saravanan, Berman & Sober 2020).

Three things make the plain percentile interval miss. Few seeds: the variance of resampled means is (n - 1) / n of
what it estimates, so that deviations over seeds are scaled by sqrt(n / (n - 1)). A normal tail where a t belongs: the
tail probability is the normal's at the t quantile (Hesterberg 2015, "expanded percentile"), with Welch's and
Satterthwaite's degrees of freedom over both groups' seeds and the neurons. And bias: a resample has fewer different
neurons than the recording, and lies further from every network; what is left of it in the difference is taken out
by centring resamples on the difference with the recording's own neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAN = float("nan")

# Draws of seeds for each resample of neurons.
SEED_DRAWS = 50


@dataclass(frozen=True)
class CrossedInterval:
    """A difference of means with an interval over neurons and seeds.

    Attributes:
        difference: of the groups' means with the recording's own neurons, first minus second.
        low, high: 95% interval; NaN with fewer than two seeds in a group.
        sd_neurons: SD of the difference over resamples of the neurons, seeds as they are.
        sd_seeds: standard error of the difference over seeds, neurons as they are.
        bias: mean difference over resamples of the neurons, less `difference`.
        freedom: degrees of freedom of the tails.
        n_first, n_second: seeds.
        n_neurons: neurons.
        n_resamples: resamples of the neurons.
    """

    difference: float
    low: float
    high: float
    sd_neurons: float
    sd_seeds: float
    bias: float
    freedom: float
    n_first: int
    n_second: int
    n_neurons: int
    n_resamples: int


def crossed_interval(
    first: NDArray[Any], second: NDArray[Any], n_neurons: int, level: float = 0.95, seed: int = 2025
) -> CrossedInterval:
    """Interval over neurons and seeds of the mean of the first group less that of the second.

    Args:
        first, second: (seed, 1 + resample) distances; column 0 with the neurons that were recorded, the others with the
            same resamples of them in both groups.
        n_neurons: how many were recorded.
        level: of confidence.
        seed: of the draws of seeds.
    """
    from scipy import special  # takes half as long to import as scipy.stats

    n_first, n_second = len(first), len(second)
    means = first.mean(0) - second.mean(0)
    difference, resampled = float(means[0]), means[1:]
    if min(n_first, n_second) < 2 or len(resampled) < 2:
        sd = float(resampled.std(ddof=1)) if len(resampled) > 1 else NAN
        nothing = (NAN, NAN, sd, NAN, NAN, NAN)
        return CrossedInterval(difference, *nothing, n_first, n_second, n_neurons, len(resampled))

    variances = np.array(
        [
            first[:, 0].var(ddof=1) / n_first,
            second[:, 0].var(ddof=1) / n_second,
            resampled.var(ddof=1),
        ]
    )
    freedoms = np.array([n_first - 1, n_second - 1, max(n_neurons - 1, 1)])
    total = variances.sum()
    freedom = float(total**2 / (variances**2 / freedoms).sum()) if total > 0 else NAN
    rng = np.random.default_rng(seed)
    draws = resampled - resampled.mean() + _seed_deviations(first[:, 1:], rng) - _seed_deviations(second[:, 1:], rng)
    low, high = difference, difference
    if total > 0:
        tail = float(special.ndtr(special.stdtrit(freedom, (1 - level) / 2)))
        low, high = (difference + float(q) for q in np.quantile(draws, [tail, 1 - tail]))
    return CrossedInterval(
        difference=difference,
        low=low,
        high=high,
        sd_neurons=float(np.sqrt(variances[2])),
        sd_seeds=float(np.sqrt(variances[:2].sum())),
        bias=float(resampled.mean() - difference),
        freedom=freedom,
        n_first=n_first,
        n_second=n_second,
        n_neurons=n_neurons,
        n_resamples=len(resampled),
    )


def _seed_deviations(distances: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """(draw, resample) means over seeds drawn with replacement, less the mean over all, of unbiased variance.

    Args:
        distances: (seed, resample).
        rng: draws the seeds, for each resample of the neurons by itself.
    """
    n, n_resamples = distances.shape
    counts = rng.multinomial(n, np.full(n, 1 / n), size=(SEED_DRAWS, n_resamples))
    means = np.einsum("drs,sr->dr", counts, distances) / n - distances.mean(0)
    deviations: NDArray[Any] = means * np.sqrt(n / (n - 1))
    return deviations
