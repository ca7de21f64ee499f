"""Power of the t-tests in `comparison`: how often they come out for a given true difference, SDs and numbers of seeds.

Two means differ by D, which is normal with the true difference as its mean. All the tests reject where D lies in a
region that the estimated standard error e bounds: D < -t e (one-sided), or |D| < margin - t e (two one-sided tests).
Given how the sum of squares Q is divided between two groups, t e is a constant times sqrt(Q), and Q is chi-squared. So
power is an integral over Q, and in Welch's test over the division too, which is a beta variable. It is exact but for
the quadrature; Welch's degrees of freedom are those of the sample, as in the test itself.

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

# Nodes of the quadratures over Q, and over its division; with twice as many, power is the same to five decimals.
NODES, SHARE_NODES = 96, 48
MOST_REPLICATES = 100_000


@dataclass(frozen=True)
class Design:
    """Groups that a test compares.

    Attributes:
        sd, n: true SD and replicates of the first group; of the differences within pairs in a paired test.
        sd_second, n_second: of the second group; n_second 0 for a fixed value, and for pairs.
    """

    sd: float
    n: int
    sd_second: float = NAN
    n_second: int = 0

    @staticmethod
    def of(comparison: Comparison) -> Design | None:
        """The design of a test that was made, with the SDs that it found; None where there was nothing to test."""
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
        """The same with n replicates in every group."""
        return replace(self, n=n, n_second=n if self.n_second else 0)


def power_equivalence(design: Design, margin: float, difference: float = 0.0, alpha: float = ALPHA) -> float:
    """Probability that two one-sided tests put the difference within +-margin.

    Args:
        design: of the test.
        margin: of equivalence, above 0.
        difference: the true one. At the margin, power is the test's size, at most alpha.
        alpha: level of each of the two tests.
    """
    weights, factors, freedom = _bounds(design, alpha)
    if math.isinf(design.error) or margin <= 0:
        return 0.0
    # The region is empty above this Q.
    most = (margin / factors) ** 2
    nodes, node_weights = _legendre(NODES)
    # sqrt(Q) as the variable keeps the density smooth near 0, and where n is large it is concentrated.
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
        difference: the true one, first less second; below 0 where the claim is true.
        alpha: level of the test. Half of it gives that tail of the two-sided test.
    """
    weights, factors, freedom = _bounds(design, alpha)
    nodes, node_weights = _legendre(NODES)
    low, high = _chi_range(freedom)
    root = low + (high - low) * nodes
    inside = _normal((-factors[:, None] * root - difference) / design.error)
    return float(weights @ ((high - low) * node_weights * _chi_density(root, freedom) * inside).sum(1))


def replicates_for(power: Callable[[Design], float], design: Design, enough: float = ENOUGH) -> float:
    """The fewest replicates per group, at the SDs of a design, with which a test has enough power.

    Args:
        power: of a design: `power_equivalence` or `power_lower` with the rest of their arguments.
        design: of which only the SDs, and whether there are two groups, count.
        enough: the power that is wanted.

    Returns:
        A whole number, NaN where no number up to MOST_REPLICATES is enough.
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
    """The smallest true difference, as a size, that the one-sided test finds with enough power."""
    from scipy import optimize

    high = 4 * design.error
    while power_lower(design, -high, alpha) < enough:
        high *= 2
    return float(optimize.brentq(lambda size: power_lower(design, -size, alpha) - enough, 0.0, high, rtol=1e-6))


def sd_interval(sd: float, freedom: float, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of an SD (chi-squared; replicates are taken for normal).

    Args:
        sd: the one found.
        freedom: degrees of freedom that it was found with.
        level: of confidence.
    """
    from scipy import special

    tail = (1 - level) / 2
    high, low = 2 * special.gammaincinv(freedom / 2, [tail, 1 - tail])
    return sd * math.sqrt(freedom / low), sd * math.sqrt(freedom / high)


def _bounds(design: Design, alpha: float) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Weights and factors (division,) with t e = factor x sqrt(Q), and the degrees of freedom of Q."""
    from scipy import special  # without the checks of scipy.stats, ten times as fast

    if not design.n_second:
        freedom = design.n - 1
        factor = special.stdtrit(freedom, 1 - alpha) * design.error / math.sqrt(freedom)
        return np.ones(1), np.array([factor]), freedom
    f1, f2 = design.n - 1, design.n_second - 1
    # Nodes in the probability of the share: its density may have no bound (with two replicates).
    _, weights = _legendre(SHARE_NODES)
    share = _share_quantiles(f1, f2)
    v1 = design.sd**2 * share / (f1 * design.n)
    v2 = design.sd_second**2 * (1 - share) / (f2 * design.n_second)
    welch = (v1 + v2) ** 2 / (v1**2 / f1 + v2**2 / f2)
    return weights, special.stdtrit(welch, 1 - alpha) * np.sqrt(v1 + v2), f1 + f2


@cache
def _share_quantiles(f1: int, f2: int) -> NDArray[Any]:
    """(SHARE_NODES,) quantiles of the first group's share of the sum of squares, each over its own variance."""
    from scipy import special

    quantiles: NDArray[Any] = special.betaincinv(f1 / 2, f2 / 2, _legendre(SHARE_NODES)[0])
    return quantiles


@cache
def _legendre(n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Nodes and weights of Gauss and Legendre on 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


@cache
def _chi_range(freedom: int) -> tuple[float, float]:
    """Between which sqrt(Q) lies, all but 2e-12."""
    from scipy import special

    low, high = np.sqrt(2 * special.gammaincinv(freedom / 2, [1e-12, 1 - 1e-12]))
    return float(low), float(high)


def _chi_density(root: NDArray[Any], freedom: int) -> NDArray[Any]:
    """Density of sqrt(Q), the chi distribution's."""
    constant = (freedom / 2 - 1) * math.log(2) + math.lgamma(freedom / 2)
    density: NDArray[Any] = np.exp((freedom - 1) * np.log(root) - root**2 / 2 - constant)
    return density


def _normal(values: NDArray[Any]) -> NDArray[Any]:
    from scipy import special

    below: NDArray[Any] = special.ndtr(values)
    return below
