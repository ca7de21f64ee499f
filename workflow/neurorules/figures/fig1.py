"""Figure 1B: distance to the recording against normalized accuracy, by learning rule."""

from __future__ import annotations

from neurorules.plotting.curves import distance_against_accuracy

TITLE = "Distance to the recording against task accuracy"
TABLES = ("distances", "baselines", "resampled_distances")
PRODUCTS = ("pdf", "png", "csv")

make = distance_against_accuracy
