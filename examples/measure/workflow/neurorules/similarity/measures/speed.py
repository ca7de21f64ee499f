"""Speed of the population's state: 1 - correlation between the speeds of network and recording.

Speed is the Euclidean distance between the activity of all features at one time and the next, in the same condition.
"""

from __future__ import annotations

import numpy as np

LABEL = "Speed distance\n(1 - correlation of speeds)"


def speeds(activity: np.ndarray) -> np.ndarray:
    """(condition x step between times,)"""
    steps = np.diff(np.asarray(activity, np.float64), axis=1)
    return np.linalg.norm(steps, axis=2).ravel()


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """1 - Pearson correlation of speeds: 0 if they are proportional, about 1 if unrelated, 2 if opposite.

    Args:
        x, y: (condition, time, feature), with the same conditions and times and any numbers of features.
    """
    of_x, of_y = speeds(x), speeds(y)
    if np.ptp(of_x) == 0 or np.ptp(of_y) == 0:
        return 1.0
    return float(1.0 - np.corrcoef(of_x, of_y)[0, 1])
