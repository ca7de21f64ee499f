"""Representational similarity analysis (Kriegeskorte, Mur & Bandettini 2008).

A sample is the activity of all features at one condition and time. Each representation has a dissimilarity matrix
(RDM), with one entry d_ij for each pair of samples; the distance is 1 - r, where r compares the entries of the two
matrices. Columns are centred first, as for the other measures. `comparison.rsa_dissimilarity` is one of

    squared_euclidean   d_ij = ||x_i - x_j||^2, the default. It ignores rotation and shift.
    correlation         d_ij = 1 - the correlation of x_i and x_j over features. It ignores each sample's mean over
                        features and its norm, and therefore not rotation. A sample without variance over features is
                        correlated with nothing: d_ij = 1.

and `comparison.rsa_comparison` is one of

    spearman            Pearson correlation of ranks, ties at their mean rank; the default. It assumes only that one
                        set of dissimilarities rises with the other.
    kendall_tau_a       (concordant - discordant pairs of entries) / all pairs of entries. It is for matrices with many
                        ties, which Spearman's correlation favours (Nili et al. 2014). With ties, an RDM's tau with
                        itself is below 1, so equal representations are at a distance above 0.
    cosine              sum d_ij e_ij / sqrt(sum d_ij^2 sum e_ij^2). Dissimilarities are positive, so unrelated
                        representations have a cosine far above 0, and a distance far below 1. After double-centring of
                        squared Euclidean matrices it would be linear CKA (Williams 2024).

The distance is symmetric and ignores the scale of either representation. It ranges from 0 to 2 (1 for cosine). 1 - r
need not satisfy the triangle inequality. Dissimilarities are rounded to 1e-9 of the largest, so that rounding errors
do not break ties. With more than `MOST_SAMPLES` samples, only every k-th time of each condition counts, with the
smallest k that leaves no more: pairs grow with the square of samples, and neighbouring times are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "RSA distance"
OPTIONS = ("rsa_dissimilarity", "rsa_comparison")

# 8 conditions x 121 times and 72 x 15 are below. 1200 samples are 719,400 pairs, which take about 0.15 s to compare.
MOST_SAMPLES = 1200
DECIMALS = 9
# Norms below this share of the largest are rounding errors of a sample without variance over features.
NEGLIGIBLE = 1e-12


def distance(
    x: NDArray[Any], y: NDArray[Any], rsa_dissimilarity: str = "squared_euclidean", rsa_comparison: str = "spearman"
) -> float:
    """1 - r of two dissimilarity matrices, 0 to 2; 1 if all dissimilarities of one are equal.

    Args:
        x, y: (condition, time, feature) or (sample, feature) of the same samples, any numbers of features.
        rsa_dissimilarity, rsa_comparison: see the module.
    """
    return between(Samples(x), Samples(y), rsa_dissimilarity, rsa_comparison)


def between(
    x: Samples, y: Samples, rsa_dissimilarity: str = "squared_euclidean", rsa_comparison: str = "spearman"
) -> float:
    """`distance` of activities that are compared more than once."""
    compare = {"spearman": _spearman, "kendall_tau_a": _kendall_tau_a, "cosine": _cosine}[rsa_comparison]
    of_x, of_y = dissimilarities(x, rsa_dissimilarity), dissimilarities(y, rsa_dissimilarity)
    if not len(of_x) or np.ptp(of_x) == 0 or np.ptp(of_y) == 0:
        return 1.0
    if compare is not _cosine:
        of_x, of_y = (_ranks(samples, rsa_dissimilarity) for samples in (x, y))
    return float(1.0 - compare(of_x, of_y))


def dissimilarities(samples: Samples, rsa_dissimilarity: str) -> NDArray[Any]:
    """The entries above the diagonal of the dissimilarity matrix, (pair,), as shares of the largest."""
    entries: NDArray[Any] = samples.kept(
        ("rsa dissimilarities", rsa_dissimilarity), lambda: _dissimilarities(_patterns(samples), rsa_dissimilarity)
    )
    return entries


def _patterns(samples: Samples) -> NDArray[Any]:
    """The samples that are compared, (sample, feature)."""
    shape = samples.activity.shape
    stride = -(-len(samples.centred) // MOST_SAMPLES)
    while stride < shape[-2] and len(samples.centred) // shape[-2] * -(-shape[-2] // stride) > MOST_SAMPLES:
        stride += 1
    kept: NDArray[Any] = samples.centred.reshape(-1, *shape[-2:])[:, ::stride].reshape(-1, shape[-1])
    return kept


def _dissimilarities(patterns: NDArray[Any], rsa_dissimilarity: str) -> NDArray[Any]:
    if rsa_dissimilarity == "correlation":
        patterns = patterns - patterns.mean(1, keepdims=True)
        norms = np.linalg.norm(patterns, axis=1, keepdims=True)
        varies = norms > NEGLIGIBLE * norms.max()
        patterns = np.where(varies, patterns / np.where(varies, norms, 1.0), 0.0)
        matrix = 1.0 - patterns @ patterns.T
    else:
        products = patterns @ patterns.T
        squares = products.diagonal()
        matrix = squares[:, None] + squares - 2 * products
    entries = matrix[np.triu_indices(len(patterns), 1)]
    largest = entries.max(initial=0.0)
    shares: NDArray[Any] = np.round(entries / largest, DECIMALS) if largest > 0 else np.zeros_like(entries)
    return shares


def _ranks(samples: Samples, rsa_dissimilarity: str) -> NDArray[Any]:
    """Ranks of the dissimilarities, ties at their mean rank, (pair,)."""
    from scipy.stats import rankdata

    ranks: NDArray[Any] = samples.kept(
        ("rsa ranks", rsa_dissimilarity), lambda: rankdata(dissimilarities(samples, rsa_dissimilarity))
    )
    return ranks


def _spearman(ranks_x: NDArray[Any], ranks_y: NDArray[Any]) -> float:
    return _cosine(ranks_x - ranks_x.mean(), ranks_y - ranks_y.mean())


def _cosine(of_x: NDArray[Any], of_y: NDArray[Any]) -> float:
    return float(of_x @ of_y / np.sqrt((of_x @ of_x) * (of_y @ of_y)))


def _kendall_tau_a(ranks_x: NDArray[Any], ranks_y: NDArray[Any]) -> float:
    """SciPy's tau-b is (P - Q) / sqrt((n - n_x) (n - n_y)), with n pairs of entries, n_x and n_y of them tied."""
    from scipy.stats import kendalltau

    n = len(ranks_x) * (len(ranks_x) - 1) / 2
    untied = [n - _tied_pairs(ranks) for ranks in (ranks_x, ranks_y)]
    return float(kendalltau(ranks_x, ranks_y, method="asymptotic").statistic * np.sqrt(untied[0] * untied[1]) / n)


def _tied_pairs(ranks: NDArray[Any]) -> float:
    counts = np.unique(ranks, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())
