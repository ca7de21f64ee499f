"""The lower their learning rate, the closer networks come to given others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.claims.tests.closer_networks import pairs_between
from neurorules.statistics.comparison import compare_paired

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sample t-test over seeds: the slope of distance against log10(learning rate) is above 0.

    The ledger's first is 0, its second the slope (distance per factor of ten).

    Args:
        rows: as of closer_networks.
        parameters: learning_rule, settings {setting: learning rate}, to {learning_rule, setting}, stage.
        margin: not used.
    """
    if why := missing_columns(rows, "learning_rule_a", "setting_a", "seed_a", "stage", "distance"):
        return untestable(why)
    distances = {}
    for setting, rate in parameters["settings"].items():
        networks = {"learning_rule": parameters["learning_rule"], "setting": setting}
        pairs = pairs_between(rows, networks, parameters["to"], parameters["stage"])
        if not pairs.empty:
            distances[float(rate)] = pairs.groupby("seed")["distance"].mean()
    if len(distances) < 2:
        return untestable("fewer than two of the learning rates are there")
    rates = np.log10(list(distances))
    seeds = sorted(set.intersection(*(set(of_rate.index) for of_rate in distances.values())))
    if not seeds:
        return untestable("no seed that all learning rates have")
    table = np.stack([of_rate[seeds].to_numpy() for of_rate in distances.values()])
    slopes = np.polyfit(rates, table, 1)[0]
    return decide_lower(compare_paired(np.zeros_like(slopes), slopes), {"learning_rates": len(rates)})
