"""Distance by linear CKA from the unbiased estimator of HSIC (Song et al. 2012; Nguyen, Raghu & Kornblith 2021).

CKA compares Gram matrices K = X X^T and L = Y Y^T of samples. Their diagonals, each sample's product with itself, agree
whatever the features are, so CKA of few samples with many features is too high. The unbiased estimator leaves out the
diagonals. With K~ and L~, which are K and L with a zero diagonal, and n samples,

    HSIC(K, L) = [ tr(K~ L~) + (1^T K~ 1)(1^T L~ 1) / ((n - 1)(n - 2)) - 2 / (n - 2) 1^T K~ L~ 1 ] / (n (n - 3))
    distance   = 1 - HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), clipped to 0..1

This corrects the bias due to few samples, completely only if samples are independent. Neighbouring time bins are not,
so for smoothed rates it removes part of the bias. The bias due to few neurons (Kang, Canatar & Chung 2025) is a
different one and remains; `similarity/extrapolation.py` extrapolates over the number of neurons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "Debiased CKA distance"

LEAST_SAMPLES = 4


def unbiased_hsic(x: Samples, y: Samples) -> float:
    """Unbiased HSIC with linear kernels, computed in feature space, of at least 4 samples.

    With centred columns K 1 = 0, so sums over K~ are sums over K's diagonal.
    """
    k, l = x.square_sums, y.square_sums  # noqa: E741
    n = len(k)
    crossed = float(np.linalg.norm(x.scatter if x is y else x.cross(y)) ** 2)
    total = crossed - n / (n - 2) * float(k @ l) + float(k.sum() * l.sum()) / ((n - 1) * (n - 2))
    return total / (n * (n - 3))


def debiased_cka(x: Samples, y: Samples) -> float:
    """CKA from unbiased estimates; may be below 0, and is 0 if a representation has no variance left."""
    if len(x.square_sums) < LEAST_SAMPLES:
        return 0.0
    of_x, of_y = unbiased_hsic(x, x), unbiased_hsic(y, y)
    return unbiased_hsic(x, y) / float(np.sqrt(of_x * of_y)) if of_x > 0 and of_y > 0 else 0.0


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """1 - debiased linear CKA, clipped to 0..1; 1 with fewer than 4 samples.

    Args:
        x, y: (condition, time, feature) or (sample, feature) of the same samples, any numbers of features.
    """
    return between(Samples(x), Samples(y))


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    return float(np.clip(1.0 - debiased_cka(x, y), 0.0, 1.0))
