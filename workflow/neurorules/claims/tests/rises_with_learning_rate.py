"""The lower their learning rate, the closer networks are to given other networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.claims.tests.closer_networks import COLUMNS, pairs_between
from neurorules.statistics.comparison import compare_paired
from neurorules.tables.base.levels import least_level
from neurorules.tables.base.pairs import comparable

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sample t-test over seeds: the slope of distance against log10(learning rate) is above 0.

    The ledger's first value is 0, its second the slope (distance per factor of ten).

    Args:
        rows: as for closer_networks.
        parameters: learning_rule, settings {setting: learning rate}, to {learning_rule, setting}, stage; least_accuracy
            as for closer_networks.
        margin: not used.
    """
    if why := missing_columns(rows, *COLUMNS):
        return untestable(why)
    least = least_level(rows, parameters)
    distances, notes = {}, []
    for setting, rate in parameters["settings"].items():
        networks = {"learning_rule": parameters["learning_rule"], "setting": setting}
        pairs, why = comparable(pairs_between(rows, networks, parameters["to"], parameters["stage"]), least)
        notes += [f"{setting}: {why}"] * bool(why)
        if not pairs.empty:
            distances[float(rate)] = pairs.groupby("seed")["distance"].mean()
    if len(distances) < 2:
        return untestable("; ".join(["fewer than two of the learning rates are available", *notes]))
    rates = np.log10(list(distances))
    seeds = sorted(set.intersection(*(set(of_rate.index) for of_rate in distances.values())))
    if not seeds:
        return untestable("; ".join(["no seed common to all learning rates", *notes]))
    table = np.stack([of_rate[seeds].to_numpy() for of_rate in distances.values()])
    slopes = np.polyfit(rates, table, 1)[0]
    evidence = decide_lower(compare_paired(np.zeros_like(slopes), slopes), {"learning_rates": len(rates)})
    return replace(evidence, why="; ".join(filter(None, (evidence.why, *notes))))
