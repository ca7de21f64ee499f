"""Networks of different learning rules are closer to each other than to the recording (Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.statistics.comparison import compare_paired

DATA = "data"


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds.

    For each network: its mean distance to the networks of other learning rules, and its distance to the recording; both
    averaged over the networks of a seed.

    Args:
        rows: columns of table type snapshots, of one level; the recording is learning rule "data".
        parameters: none.
        margin: not used.
    """
    if why := missing_columns(rows, "learning_rule_a", "learning_rule_b", "seed_a", "seed_b", "distance"):
        return untestable(why)
    swap = {f"{key}_{x}": f"{key}_{y}" for key in ("learning_rule", "seed") for x, y in (("a", "b"), ("b", "a"))}
    both = pd.concat([rows, rows.rename(columns=swap)], ignore_index=True)
    both = both[both["learning_rule_a"] != DATA]
    to_data = both[both["learning_rule_b"] == DATA]
    to_models = both[(both["learning_rule_b"] != DATA) & (both["learning_rule_b"] != both["learning_rule_a"])]
    if to_data.empty or to_models.empty:
        return untestable("not there: the recording, or networks of two learning rules")
    network = ["seed_a", "learning_rule_a"]
    means = [side.groupby(network)["distance"].mean().groupby("seed_a").mean() for side in (to_models, to_data)]
    seeds = sorted(set(means[0].index) & set(means[1].index))
    return decide_lower(compare_paired(*(of_seed[seeds].to_numpy() for of_seed in means)))
