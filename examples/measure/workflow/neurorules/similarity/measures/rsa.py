"""Representational similarity (Kriegeskorte et al. 2008): 1 - rank correlation of the dissimilarities of samples.

A sample is the activity of all features at one condition and time. Dissimilarity is the Euclidean distance.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from neurorules.similarity.procrustes import as_samples

LABEL = "Representational distance\n(1 - rank correlation)"


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """1 - Spearman correlation of the dissimilarities: 0 if the order is the same, about 1 if unrelated, 2 if reversed.

    Args:
        x, y: (condition, time, feature), with the same conditions and times and any numbers of features.
    """
    of_x, of_y = pdist(as_samples(x)), pdist(as_samples(y))
    if np.ptp(of_x) == 0 or np.ptp(of_y) == 0:
        return 1.0
    return float(1.0 - spearmanr(of_x, of_y).statistic)
