"""Tests between two groups of replicates, with effect size and equivalence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """Difference of two groups' means (first minus second).

    Attributes:
        difference: of the means, in the units of the data.
        p_different: two-sided Welch t-test.
        p_equivalent: two one-sided Welch t-tests against +-margin, the larger p (NaN without a margin).
        cohens_d: difference over the pooled SD.
        n_first, n_second: replicates.
    """

    difference: float
    p_different: float
    p_equivalent: float
    cohens_d: float
    n_first: int
    n_second: int


def compare(first: np.ndarray, second: np.ndarray, margin: float = float("nan")) -> Comparison:
    """Compare two groups of independent replicates; NaN where a group has fewer than two."""
    from scipy import stats

    first, second = np.asarray(first, float), np.asarray(second, float)
    n1, n2 = len(first), len(second)
    difference = float(first.mean() - second.mean())
    nan = float("nan")
    if min(n1, n2) < 2:
        return Comparison(difference, nan, nan, nan, n1, n2)
    v1, v2 = first.var(ddof=1) / n1, second.var(ddof=1) / n2
    pooled = np.sqrt(((n1 - 1) * n1 * v1 + (n2 - 1) * n2 * v2) / (n1 + n2 - 2))
    cohens_d = difference / pooled if pooled > 0 else nan
    if v1 + v2 == 0:
        return Comparison(difference, nan, nan, cohens_d, n1, n2)
    freedom = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    error = np.sqrt(v1 + v2)
    p_different = 2 * stats.t.sf(abs(difference) / error, freedom)
    p_equivalent = max(
        stats.t.sf((difference + margin) / error, freedom),
        stats.t.cdf((difference - margin) / error, freedom),
    )
    return Comparison(difference, float(p_different), float(p_equivalent), float(cohens_d), n1, n2)


def compare_with_value(replicates: np.ndarray, value: float, margin: float = float("nan")) -> Comparison:
    """Compare replicates with a fixed value: one-sample t-tests; NaN with fewer than two replicates."""
    from scipy import stats

    replicates = np.asarray(replicates, float)
    n, nan = len(replicates), float("nan")
    difference = float(replicates.mean() - value)
    sd = replicates.std(ddof=1) if n > 1 else 0.0
    if sd == 0:
        return Comparison(difference, nan, nan, nan, n, 1)
    error = sd / np.sqrt(n)
    return Comparison(
        difference,
        float(2 * stats.t.sf(abs(difference) / error, n - 1)),
        float(max(stats.t.sf((difference + margin) / error, n - 1), stats.t.cdf((difference - margin) / error, n - 1))),
        float(difference / sd),
        n,
        1,
    )
