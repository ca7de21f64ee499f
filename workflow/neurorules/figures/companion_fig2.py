"""The companion's Figure 2: like Figure 1, on the 2AF and DMS tasks."""

from __future__ import annotations

from neurorules.plotting.loss_curves import loss_curves_by_gain

TITLE = "Loss over training by initial gain, 2AF and DMS"
TABLES = ("loss_curve",)
PRODUCTS = ("pdf", "png", "csv")

make = loss_curves_by_gain
