"""The curves of Figure 1 with changes that the paper's text calls robust: units, time step, intervals, batch size."""

from __future__ import annotations

from neurorules.plotting.curves import distance_against_accuracy

TITLE = "Distance against accuracy: units, time step, intervals, batch size"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

make = distance_against_accuracy
