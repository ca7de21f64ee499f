"""Figure 10: the curves of Figure 1 with errors fed back through fixed random weights."""

from __future__ import annotations

from neurorules.plotting.curves import distance_against_accuracy

TITLE = "Distance against accuracy: random feedback"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

make = distance_against_accuracy
