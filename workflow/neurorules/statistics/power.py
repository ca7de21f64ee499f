"""Power of the t-tests in `comparison` for a given true difference, SDs and numbers of seeds.

The difference D of two means is normal with the true difference as its mean. All tests reject if D is in a region
bounded by the estimated standard error e: D < -t e (one-sided), or |D| < margin - t e (two one-sided tests). Given the
division of the sum of squares Q between two groups, t e is a constant times sqrt(Q), and Q is chi-squared. So power is
an integral over Q and, in Welch's test, also over the division, which is a beta variable. It is exact except for the
quadrature; Welch's degrees of freedom are those of the sample, as in the test itself.

Sources: Owen 1965 (Biometrika 52:437) and Schuirmann 1987 (J Pharmacokinet Biopharm 15:657) for one SD.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.statistics.comparison import Comparison

NAN = float("nan")
ALPHA, ENOUGH = 0.05, 0.8

# Nodes of the quadratures over Q and over its division; with twice as many, power is the same to five decimals.
NODES, SHARE_NODES = 96, 48
MOST_REPLICATES = 100_000


@dataclass(frozen=True)
class Design:
    """The groups that a test compares.

    Attributes:
        sd, n: true SD and number of replicates of the first group; in a paired test, of the differences within pairs.
        sd_second, n_second: the same for the second group; n_second is 0 for a fixed value and for pairs.
    """

    sd: float
    n: int
    sd_second: float = NAN
    n_second: int = 0

    @staticmethod
    def of(comparison: Comparison) -> Design | None:
        """The design of a test that was made, with the SDs that it found; None if there was nothing to test."""
        if not math.isfinite(comparison.p_different):
            return None
        if math.isfinite(comparison.sd_of_pairs):
            return Design(comparison.sd_of_pairs, comparison.n_first)
        groups = [group for group in (comparison.first, comparison.second) if math.isfinite(group.sd)]
        if len(groups) == 1:  # the other is a fixed value
            return Design(groups[0].sd, groups[0].n)
        return Design(groups[0].sd, groups[0].n, groups[1].sd, groups[1].n)

    @property
    def error(self) -> float:
        """True standard error of the difference of means."""
        second = self.sd_second**2 / self.n_second if self.n_second else 0.0
        return math.sqrt(self.sd**2 / self.n + second)

    def with_replicates(self, n: int) -> Design:
        """The same design with n replicates in every group."""
        return replace(self, n=n, n_second=n if self.n_second else 0)


def power_equivalence(design: Design, margin: float, difference: float = 0.0, alpha: float = ALPHA) -> float:
    """Probability that two one-sided tests place the difference within +-margin.

    Args:
        design: of the test.
        margin: of equivalence, above 0.
        difference: the true difference. At the margin, power is the test's size, at most alpha.
        alpha: level of each of the two tests.
    """
    weights, factors, freedom = _bounds(design, alpha)
    if math.isinf(design.error) or margin <= 0:
        return 0.0
    # The region is empty above this Q.
    most = (margin / factors) ** 2
    nodes, node_weights = _legendre(NODES)
    # With sqrt(Q) as the variable, the density is smooth near 0, and concentrated if n is large.
    low, high = _chi_range(freedom)
    ends = np.minimum(np.sqrt(most), high)
    width = np.maximum(ends - low, 0.0)[:, None]
    root = low + width * nodes
    half = margin - factors[:, None] * root
    inside = _normal((half - difference) / design.error) - _normal((-half - difference) / design.error)
    inner = (width * node_weights * _chi_density(root, freedom) * np.maximum(inside, 0.0)).sum(1)
    return float(weights @ inner)


def power_lower(design: Design, difference: float, alpha: float = ALPHA) -> float:
    """Probability that the one-sided test finds the first group lower.

    Args:
        design: of the test.
        difference: the true difference, first minus second; below 0 if the claim is true.
        alpha: level of the test. Half of it gives one tail of the two-sided test.
    """
    weights, factors, freedom = _bounds(design, alpha)
    nodes, node_weights = _legendre(NODES)
    low, high = _chi_range(freedom)
    root = low + (high - low) * nodes
    inside = _normal((-factors[:, None] * root - difference) / design.error)
    return float(weights @ ((high - low) * node_weights * _chi_density(root, freedom) * inside).sum(1))


def replicates_for(power: Callable[[Design], float], design: Design, enough: float = ENOUGH) -> float:
    """The smallest number of replicates per group with which a test has enough power, at the SDs of a design.

    Args:
        power: a function of the design: `power_equivalence` or `power_lower` with their other arguments set.
        design: only its SDs, and whether there are two groups, count.
        enough: the required power.

    Returns:
        A whole number; NaN if no number up to MOST_REPLICATES is enough.
    """
    few, many = 1, 2
    while power(design.with_replicates(many)) < enough:
        few, many = many, 2 * many
        if many > MOST_REPLICATES:
            return NAN
    while many - few > 1:
        between = (few + many) // 2
        few, many = (few, between) if power(design.with_replicates(between)) >= enough else (between, many)
    return float(many)


def detectable_difference(design: Design, alpha: float = ALPHA, enough: float = ENOUGH) -> float:
    """The smallest absolute true difference that the one-sided test finds with enough power."""
    from scipy import optimize

    high = 4 * design.error
    while power_lower(design, -high, alpha) < enough:
        high *= 2
    return float(optimize.brentq(lambda size: power_lower(design, -size, alpha) - enough, 0.0, high, rtol=1e-6))


def sd_interval(sd: float, freedom: float, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of an SD (chi-squared; assumes normal replicates).

    Args:
        sd: the estimated SD.
        freedom: its degrees of freedom.
        level: of confidence.
    """
    from scipy import special

    tail = (1 - level) / 2
    high, low = 2 * special.gammaincinv(freedom / 2, [tail, 1 - tail])
    return sd * math.sqrt(freedom / low), sd * math.sqrt(freedom / high)


def _bounds(design: Design, alpha: float) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Weights and factors, (division,), such that t e = factor x sqrt(Q), and the degrees of freedom of Q."""
    from scipy import special  # ten times as fast as scipy.stats, which checks its arguments

    if not design.n_second:
        freedom = design.n - 1
        factor = special.stdtrit(freedom, 1 - alpha) * design.error / math.sqrt(freedom)
        return np.ones(1), np.array([factor]), freedom
    f1, f2 = design.n - 1, design.n_second - 1
    # Nodes in the probability of the share: its density may be unbounded (with two replicates).
    _, weights = _legendre(SHARE_NODES)
    share = _share_quantiles(f1, f2)
    v1 = design.sd**2 * share / (f1 * design.n)
    v2 = design.sd_second**2 * (1 - share) / (f2 * design.n_second)
    welch = (v1 + v2) ** 2 / (v1**2 / f1 + v2**2 / f2)
    return weights, special.stdtrit(welch, 1 - alpha) * np.sqrt(v1 + v2), f1 + f2


@cache
def _share_quantiles(f1: int, f2: int) -> NDArray[Any]:
    """Quantiles (SHARE_NODES,) of the first group's share of the sum of squares, each divided by its own variance."""
    from scipy import special

    quantiles: NDArray[Any] = special.betaincinv(f1 / 2, f2 / 2, _legendre(SHARE_NODES)[0])
    return quantiles


@cache
def _legendre(n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gauss-Legendre nodes and weights on 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


@cache
def _chi_range(freedom: int) -> tuple[float, float]:
    """The range that contains sqrt(Q), except for a probability of 2e-12."""
    from scipy import special

    low, high = np.sqrt(2 * special.gammaincinv(freedom / 2, [1e-12, 1 - 1e-12]))
    return float(low), float(high)


def _chi_density(root: NDArray[Any], freedom: int) -> NDArray[Any]:
    """Density of sqrt(Q), the chi distribution."""
    constant = (freedom / 2 - 1) * math.log(2) + math.lgamma(freedom / 2)
    density: NDArray[Any] = np.exp((freedom - 1) * np.log(root) - root**2 / 2 - constant)
    return density


def _normal(values: NDArray[Any]) -> NDArray[Any]:
    from scipy import special

    below: NDArray[Any] = special.ndtr(values)
    return below
