"""Hierarchical bootstrap over neurons and seeds for the difference between two groups' mean distances.

Neurons and seeds are crossed: each network is compared with the same neurons. A resample draws neurons with
replacement, the same for both groups, and seeds with replacement within each group (Saravanan, Berman & Sober 2020).

Three corrections are made to the plain percentile interval. Few seeds: the variance of resampled means is too small by
a factor (n - 1) / n, so deviations over seeds are scaled by sqrt(n / (n - 1)). Tails: the tail probability is the
normal probability at the t quantile (Hesterberg 2015, "expanded percentile"), with Welch-Satterthwaite degrees of
freedom over both groups' seeds and the neurons. Bias: a resample has fewer distinct neurons than the recording and is
further from every network. Resamples are centred on the difference with the recorded neurons, which removes what
remains of this bias in the difference.
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
        difference: of the groups' means with the recorded neurons themselves, first minus second.
        low, high: 95% interval; NaN with fewer than two seeds in a group.
        sd_neurons: SD of the difference over resamples of the neurons, with fixed seeds.
        sd_seeds: standard error of the difference over seeds, with fixed neurons.
        bias: mean difference over resamples of the neurons, minus `difference`.
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
    """Interval over neurons and seeds for the difference of two groups' means, first minus second.

    Args:
        first, second: distances (seed, 1 + resample); column 0 has the recorded neurons, the others have resamples of
            them, the same in both groups.
        n_neurons: number of recorded neurons.
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
    """Means over seeds drawn with replacement minus the mean over all, (draw, resample), with unbiased variance.

    Args:
        distances: (seed, resample).
        rng: draws the seeds, separately for each resample of the neurons.
    """
    n, n_resamples = distances.shape
    counts = rng.multinomial(n, np.full(n, 1 / n), size=(SEED_DRAWS, n_resamples))
    means = np.einsum("drs,sr->dr", counts, distances) / n - distances.mean(0)
    deviations: NDArray[Any] = means * np.sqrt(n / (n - 1))
    return deviations
