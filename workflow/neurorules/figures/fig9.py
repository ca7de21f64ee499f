"""Figure 9: the curves of Figure 1 for node perturbation and evolution strategies."""

from __future__ import annotations

from neurorules.plotting.curves import distance_against_accuracy

TITLE = "Distance against accuracy: node perturbation and evolution strategies"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

make = distance_against_accuracy
