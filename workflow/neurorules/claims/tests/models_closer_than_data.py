"""Networks of different learning rules are closer to each other than to the recording (Figure 6)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, untestable
from neurorules.statistics.comparison import compare_paired
from neurorules.tables.base.levels import guessing_level, least_level, level_text
from neurorules.tables.base.pairs import (
    DATA,
    at_their_level,
    both_ways,
    fractions_correct,
    networks_in,
    of_different_networks,
)

SIDE_COLUMNS = ("learning_rule", "setting", "seed", "accuracy")
NETWORK = ["seed_a", "learning_rule_a", "setting_a"]


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds.

    Compares each network's mean distance to the networks of other learning rules with its distance to the recording,
    both averaged over the networks of a seed. Only networks at the level count, and only pairs of two different
    networks: with the same seed, learning rules share the untrained network.

    Args:
        rows: columns of table type snapshots, for one level; the recording is learning rule "data".
        parameters: least_accuracy and least_share, see `least_level`.
        margin: not used.
    """
    if why := missing_columns(rows, *(f"{c}_{s}" for c in SIDE_COLUMNS for s in "ab"), "level_accuracy", "distance"):
        return untestable(why)
    level, least = rows["level_accuracy"].iloc[0], least_level(rows, parameters)
    networks, near = networks_in(rows), at_their_level(rows)
    if level < least:
        return untestable(_not_learnt(rows, level, least, len(networks_in(near)), len(networks)))
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
        return untestable("; ".join(["not found: the recording, or networks of two learning rules", *notes]))
    to_models = of_different_networks(pairs)
    if same := (len(pairs) - len(to_models)) // 2:
        notes.append(f"without {same} of {len(pairs) // 2} pairs that compare a network with itself")
    if to_models.empty:
        return untestable("; ".join(notes))
    # Networks without a partner count on neither side.
    with_partner = to_data.merge(to_models[NETWORK].drop_duplicates(), on=NETWORK)
    network = ["seed_a", "learning_rule_a"]
    means = [side.groupby(network)["distance"].mean().groupby("seed_a").mean() for side in (to_models, with_partner)]
    seeds = sorted(set(means[0].index) & set(means[1].index))
    evidence = decide_lower(compare_paired(*(of_seed[seeds].to_numpy() for of_seed in means)))
    return replace(evidence, why="; ".join(filter(None, (evidence.why, *notes))))


def _not_learnt(rows: pd.DataFrame, level: float, least: float, n_near: int, n_networks: int) -> str:
    """The reason why a level is too low for a test."""
    why = f"the level is accuracy {level:.3f}: networks below {level_text(least)} have not learnt"
    more = [] if math.isnan(guessing := guessing_level(rows)) else [f"guessing gives {guessing:.3f}"]
    if len(correct := fractions_correct(rows)):
        more.append(f"{correct.mean():.0%} of trials are correct at this level")
    more.append(f"{n_near} of {n_networks} networks are at this level")
    return f"{why} ({'; '.join(more)})"
