"""The companion's Figure 1: loss over training by gain of the initial weights, on the Romo task."""

from __future__ import annotations

from neurorules.plotting.loss_curves import loss_curves_by_gain

TITLE = "Loss over training by initial gain"
TABLES = ("loss_curve",)
PRODUCTS = ("pdf", "png", "csv")

make = loss_curves_by_gain
