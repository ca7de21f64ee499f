"""The companion's Figure 5: like Figure 1, with more gains."""

from __future__ import annotations

from neurorules.plotting.loss_curves import loss_curves_by_gain

TITLE = "Loss over training by initial gain, more gains"
TABLES = ("loss_curve",)
PRODUCTS = ("pdf", "png", "csv")

make = loss_curves_by_gain
