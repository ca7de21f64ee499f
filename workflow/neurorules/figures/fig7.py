"""Figure 7: the curves of Figure 1 without noise, under Dale's law with ReLU units, and with sparse weights."""

from __future__ import annotations

from neurorules.plotting.curves import distance_against_accuracy

TITLE = "Distance against accuracy: no noise, Dale's law and ModProp, sparse weights"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

make = distance_against_accuracy
