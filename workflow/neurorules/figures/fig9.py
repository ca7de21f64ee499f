"""Figure 9: the curves of Figure 1 for node perturbation and evolution strategies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distance against accuracy: node perturbation and evolution strategies"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

NODE_PERTURBATION = (
    "Node perturbation: an independent sample for each trial and step, which acts on the loss only through the readout "
    "at that step."
)


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting.curves import distance_against_accuracy

    return distance_against_accuracy(tables, context, [NODE_PERTURBATION])
