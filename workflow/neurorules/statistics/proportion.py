"""Confidence interval of a proportion, or of a mean of values between 0 and 1."""

from __future__ import annotations


def exact_interval(share: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a proportion (Clopper and Pearson 1934), which does not shrink to zero width at 0 and 1.

    It also holds for a mean of n independent values between 0 and 1, for which it is conservative: values that are all
    0 or 1 vary most.

    Args:
        share: the proportion, or the mean.
        n: independent replicates.
        level: of confidence.
    """
    from scipy import special

    tail, successes = (1 - level) / 2, share * n
    low = 0.0 if successes <= 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(special.betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high
