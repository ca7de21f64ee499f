"""Tests between two groups of replicates or their summaries: p-values, intervals, effect size, equivalence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAN = float("nan")


@dataclass(frozen=True)
class Summary:
    """Mean, SD and n of a group of replicates: all that a test needs, and all that a paper prints.

    Attributes:
        mean, sd: over the replicates; the sample SD (n - 1), NaN with fewer than two.
        n: replicates.
    """

    mean: float
    sd: float
    n: int

    @staticmethod
    def of(replicates: NDArray[Any]) -> Summary:
        """The summary of replicates, (n,)."""
        values = np.asarray(replicates, float)
        n = len(values)
        return Summary(float(values.mean()) if n else NAN, float(values.std(ddof=1)) if n > 1 else NAN, n)

    @staticmethod
    def printed(mean: float, sd: float, n: int, population_sd: bool) -> Summary:
        """A printed mean and SD; a population SD (dividing by n) is converted to a sample SD."""
        return Summary(mean, sd * math.sqrt(n / (n - 1)) if population_sd else sd, n)


@dataclass(frozen=True)
class Comparison:
    """Difference of two groups' means (first minus second).

    Attributes:
        difference: of the means, in the units of the data.
        p_different: two-sided t-test.
        p_equivalent: two one-sided t-tests against +-margin, the larger p (NaN without a margin).
        cohens_d: difference over the pooled SD.
        n_first, n_second: replicates.
        first, second: summaries of the groups.
        p_lower, p_higher: one-sided t-tests, small if the first is lower, or higher.
        p_beyond: one-sided t-test that the absolute difference exceeds the margin (NaN without a margin).
        ci95: 95% confidence interval of the difference, for reporting.
        ci90: 90% interval; it is within +-margin exactly if p_equivalent < .05, and entirely beyond it on one side
            exactly if p_beyond < .05.
        hedges_g: Cohen's d, corrected for its bias in small samples.
        g_ci95: 95% confidence interval of Hedges' g, see `effect_size_interval`.
        sd_of_pairs: SD of the differences within pairs, for paired tests only.
    """

    difference: float
    p_different: float
    p_equivalent: float
    cohens_d: float
    n_first: int
    n_second: int
    first: Summary = Summary(NAN, NAN, 0)
    second: Summary = Summary(NAN, NAN, 0)
    p_lower: float = NAN
    p_higher: float = NAN
    p_beyond: float = NAN
    ci95: tuple[float, float] = (NAN, NAN)
    ci90: tuple[float, float] = (NAN, NAN)
    hedges_g: float = NAN
    g_ci95: tuple[float, float] = (NAN, NAN)
    sd_of_pairs: float = NAN


def compare(
    first: NDArray[Any], second: NDArray[Any], margin: float = NAN, equal_variances: bool = False
) -> Comparison:
    """Compare two groups of independent replicates; NaN if a group has fewer than two."""
    return compare_summaries(Summary.of(first), Summary.of(second), margin, equal_variances)


def compare_summaries(
    first: Summary, second: Summary, margin: float = NAN, equal_variances: bool = False
) -> Comparison:
    """Compare two groups by their summaries.

    Args:
        first, second: the groups.
        margin: of equivalence, in the units of the data.
        equal_variances: use Student's t-test, like the papers, instead of Welch's.
    """
    n1, n2 = first.n, second.n
    difference = first.mean - second.mean
    if min(n1, n2) < 2:
        return Comparison(difference, NAN, NAN, NAN, n1, n2, first, second)
    pooled = math.sqrt(((n1 - 1) * first.sd**2 + (n2 - 1) * second.sd**2) / (n1 + n2 - 2))
    v1, v2 = first.sd**2 / n1, second.sd**2 / n2
    if equal_variances:
        error, freedom = pooled * math.sqrt(1 / n1 + 1 / n2), float(n1 + n2 - 2)
    else:
        error = math.sqrt(v1 + v2)
        freedom = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1)) if error > 0 else NAN
    scale = 1 / math.sqrt(1 / n1 + 1 / n2)
    return _comparison(first, second, difference, error, freedom, margin, pooled, scale, n1 + n2 - 2)


def compare_with_value(replicates: NDArray[Any], value: float, margin: float = NAN) -> Comparison:
    """Compare replicates with a fixed value: one-sample t-tests; NaN with fewer than two replicates."""
    return compare_summary_with_value(Summary.of(replicates), value, margin)


def compare_summary_with_value(first: Summary, value: float, margin: float = NAN) -> Comparison:
    """Compare a group's summary with a fixed value."""
    difference, second = first.mean - value, Summary(value, NAN, 1)
    if first.n < 2:
        return Comparison(difference, NAN, NAN, NAN, first.n, 1, first, second)
    scale = math.sqrt(first.n)
    return _comparison(first, second, difference, first.sd / scale, first.n - 1, margin, first.sd, scale, first.n - 1)


def compare_paired(first: NDArray[Any], second: NDArray[Any], margin: float = NAN) -> Comparison:
    """Compare two values of each replicate: one-sample t-tests of their differences with 0.

    Args:
        first, second: (n,), in the same order of replicates.
        margin: of equivalence.
    """
    from dataclasses import replace

    result = compare_with_value(np.asarray(first, float) - np.asarray(second, float), 0.0, margin)
    return replace(
        result,
        n_second=len(second),
        first=Summary.of(first),
        second=Summary.of(second),
        sd_of_pairs=result.first.sd,
    )


# Degrees of freedom above which the noncentral t is approximated by a normal; its bounds are then off by less than
# 0.5%.
NORMAL_FROM = 100


@lru_cache(maxsize=256)  # a claim is tested at several margins, which do not change it
def effect_size_interval(d: float, scale: float, freedom: float, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of Cohen's d: all effects that are consistent with the observed t.

    t = d x scale follows a noncentral t distribution around (true d) x scale. This is exact for one sample and for two
    with equal variances. For unequal variances, for which Welch's test is used, it is an approximation.

    Args:
        d: difference over SD.
        scale: sqrt(n) for one sample, 1 / sqrt(1 / n1 + 1 / n2) for two.
        freedom: degrees of freedom of the SD.
        level: of confidence.
    """
    from scipy import optimize, special

    t = d * scale
    if not math.isfinite(t):
        return NAN, NAN
    if t < 0:  # scipy's noncentral t is more accurate on this side
        low, high = effect_size_interval(-d, scale, freedom, level)
        return -high, -low

    # Abramowitz & Stegun 26.7.10: (centre - noncentrality) / spread is about standard normal.
    centre, spread = t * (1 - 1 / (4 * freedom)), math.sqrt(1 + t**2 / (2 * freedom))

    def excess(noncentrality: float, probability: float) -> float:
        below = float(special.nctdtr(freedom, noncentrality, t))
        if math.isnan(below):  # as in scipy's far tails
            below = float(special.ndtr((centre - noncentrality) / spread))
        return below - probability

    def bound(probability: float) -> float:
        near = centre - special.ndtri(probability) * spread
        if freedom > NORMAL_FROM:
            return float(near) / scale
        step = 2.0 + abs(t)
        low, high = near - step, near + step
        for _ in range(8):
            if excess(low, probability) > 0 > excess(high, probability):
                return float(optimize.brentq(excess, low, high, (probability,))) / scale
            low, high = low - step, high + step
        return NAN

    tail = (1 - level) / 2
    return bound(1 - tail), bound(tail)


def small_sample_factor(freedom: float) -> float:
    """Hedges' g over Cohen's d (Hedges 1981, exact form)."""
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def _comparison(
    first: Summary,
    second: Summary,
    difference: float,
    error: float,
    freedom: float,
    margin: float,
    sd: float,
    scale: float,
    sd_freedom: float,
) -> Comparison:
    """The tests of a difference with a standard error; `sd`, `scale` and `sd_freedom` are for the effect size."""
    from scipy import special

    # With rounding, equal replicates have an SD of about 1e-17: no spread to test against.
    if not error > 1e-14 * max(abs(first.mean), abs(second.mean)):
        return Comparison(difference, NAN, NAN, NAN, first.n, second.n, first, second)

    def interval(level: float) -> tuple[float, float]:
        half = error * float(special.stdtrit(freedom, (1 + level) / 2))
        return difference - half, difference + half

    t, d = difference / error, difference / sd
    above = special.stdtr(freedom, -(difference + margin) / error)
    below = special.stdtr(freedom, (difference - margin) / error)
    # With one degree of freedom there is no finite correction.
    factor = small_sample_factor(sd_freedom) if sd_freedom > 1 else NAN
    low, high = effect_size_interval(d, scale, sd_freedom)
    return Comparison(
        difference=difference,
        p_different=float(2 * special.stdtr(freedom, -abs(t))),
        p_equivalent=float(np.maximum(above, below)),
        cohens_d=d,
        n_first=first.n,
        n_second=second.n,
        first=first,
        second=second,
        p_lower=float(special.stdtr(freedom, t)),
        p_higher=float(special.stdtr(freedom, -t)),
        p_beyond=float(special.stdtr(freedom, (margin - abs(difference)) / error)),
        ci95=interval(0.95),
        ci90=interval(0.90),
        hedges_g=d * factor,
        g_ci95=(low * factor, high * factor),
    )


def rounding_range(
    first: Summary, second: Summary, half_unit: float, population_sd: bool, equal_variances: bool = True
) -> tuple[float, float]:
    """The smallest and largest two-sided p consistent with rounded numbers.

    A p-value printed with rounded means and SDs cannot be recomputed exactly, but must be in this range.

    Args:
        first, second: as printed, before any correction of the SD.
        half_unit: half a unit in the last printed digit, 0.0005 for three digits.
        population_sd: whether the printed SDs divide by n.
        equal_variances: use Student's test instead of Welch's.
    """
    import itertools

    p = [
        compare_summaries(
            Summary.printed(first.mean + a, max(first.sd + b, 0.0), first.n, population_sd),
            Summary.printed(second.mean + c, max(second.sd + d, 0.0), second.n, population_sd),
            equal_variances=equal_variances,
        ).p_different
        for a, b, c, d in itertools.product((-half_unit, 0.0, half_unit), repeat=4)
    ]
    return float(np.nanmin(p)), float(np.nanmax(p))
