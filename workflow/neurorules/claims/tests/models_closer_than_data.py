"""Networks of different learning rules are closer to each other than to the recording (Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.statistics.comparison import compare_paired
from neurorules.tables.base.matched import LEAST_ACCURACY
from neurorules.tables.base.pairs import DATA, at_their_level, both_ways, networks_in, of_different_networks

SIDE_COLUMNS = ("learning_rule", "setting", "seed", "accuracy")
NETWORK = ["seed_a", "learning_rule_a", "setting_a"]


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds.

    For each network: its mean distance to the networks of other learning rules, and its distance to the recording; both
    averaged over the networks of a seed. Only networks that are at the level count, and pairs of two networks: learning
    rules share those of a seed before its first update.

    Args:
        rows: columns of table type snapshots, of one level; the recording is learning rule "data".
        parameters: least_accuracy, the lowest level at which a comparison says something.
        margin: not used.
    """
    if why := missing_columns(rows, *(f"{c}_{s}" for c in SIDE_COLUMNS for s in "ab"), "level_accuracy", "distance"):
        return untestable(why)
    level, least = rows["level_accuracy"].iloc[0], float(parameters.get("least_accuracy", LEAST_ACCURACY))
    if level < least:
        return untestable(f"the level is accuracy {level:.3f}: networks below {least:g} have not learnt")
    networks, near = networks_in(rows), at_their_level(rows)
    n_near = len(networks_in(near))
    notes = [f"{n_near} of {len(networks)} networks are at accuracy {level:.2f}"] if n_near < len(networks) else []
    if not n_near:
        found = networks.values()
        return untestable(f"{notes[0]} (found: {min(found):.2f} to {max(found):.2f})" if networks else "no networks")
    both = both_ways(near)
    both = both[both["learning_rule_a"] != DATA]
    to_data = both[both["learning_rule_b"] == DATA]
    pairs = both[(both["learning_rule_b"] != DATA) & (both["learning_rule_b"] != both["learning_rule_a"])]
    if to_data.empty or pairs.empty:
        return untestable("; ".join(["not there: the recording, or networks of two learning rules", *notes]))
    to_models = of_different_networks(pairs)
    if same := (len(pairs) - len(to_models)) // 2:
        notes.append(f"without {same} of {len(pairs) // 2} pairs, in which a network is compared with itself")
    if to_models.empty:
        return untestable("; ".join(notes))
    # Networks that have nobody left to be compared with count on neither side.
    with_partner = to_data.merge(to_models[NETWORK].drop_duplicates(), on=NETWORK)
    network = ["seed_a", "learning_rule_a"]
    means = [side.groupby(network)["distance"].mean().groupby("seed_a").mean() for side in (to_models, with_partner)]
    seeds = sorted(set(means[0].index) & set(means[1].index))
    evidence = decide_lower(compare_paired(*(of_seed[seeds].to_numpy() for of_seed in means)))
    return replace(evidence, why="; ".join(filter(None, (evidence.why, *notes))))
