"""Networks of two learning rules are farther apart than networks of one learning rule with different seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, select, untestable
from neurorules.statistics.comparison import compare_paired
from neurorules.statistics.jackknife import FEWEST, pair_pseudo_values
from neurorules.tables.base.levels import least_level, level_text
from neurorules.tables.base.pairs import at_their_level, both_ways, networks_in

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SIDES = tuple(f"{name}_{side}" for name in ("learning_rule", "setting", "seed", "accuracy") for side in "ab")


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds of jackknifed means over pairs of seeds.

    For two seeds s and t, "within" is the mean of the distances from s to t under each learning rule. "Between" is the
    mean of the distances from s under one learning rule to t under the other, in both directions. All four distances
    are between networks with different seeds, so a common start makes none of them small. Pairs share networks; the
    jackknife over seeds accounts for this. If the learning rules do not differ, it overstates the spread: about 1% of
    such studies are told apart, not 5%.

    Args:
        rows: columns of table types model_distances (with `stage`) or snapshots (for one level; networks that are not
            at the level do not count).
        parameters: learning_rules, two names; setting; stage, if the table has stages.
        margin: not used.
    """
    if why := missing_columns(rows, *SIDES, "distance"):
        return untestable(why)
    notes = []
    if "level_accuracy" in rows:
        level, least = rows["level_accuracy"].iloc[0], least_level(rows, parameters)
        if level < least:
            return untestable(f"the level is accuracy {level:.3f}: networks below {level_text(least)} have not learnt")
        found, rows = networks_in(rows), at_their_level(rows)
        near = networks_in(rows)
        if len(near) < len(found):
            notes.append(f"{len(near)} of {len(found)} networks are at accuracy {level:.2f}")
    else:
        rows = select(rows, {"stage": parameters["stage"]})
    rules, setting = parameters["learning_rules"], parameters["setting"]
    distances = _distances(rows, setting)
    seeds = sorted({seed for rule, seed, _, _ in distances if rule == rules[0]})
    seeds = [seed for seed in seeds if any(key[:2] == (rules[1], seed) for key in distances)]
    if len(seeds) < FEWEST:
        words = f"{len(seeds)} seeds have networks of both {rules[0]} and {rules[1]}; {FEWEST} are needed"
        return untestable("; ".join([words, *notes]))

    def between(a: str, b: str) -> NDArray[Any]:
        return np.array([[distances.get((a, s, b, t), np.nan) if s != t else 0.0 for t in seeds] for s in seeds])

    first, second = rules
    within = (between(first, first) + between(second, second)) / 2
    across = (between(first, second) + between(second, first)) / 2
    if not np.isfinite([within, across]).all():
        return untestable("; ".join(["not found: some pairs of networks", *notes]))
    evidence = decide_lower(compare_paired(pair_pseudo_values(within), pair_pseudo_values(across)))
    return replace(evidence, why="; ".join(filter(None, (evidence.why, *notes))))


def _distances(rows: pd.DataFrame, setting: str) -> dict[tuple[str, int, str, int], float]:
    """Distance by (learning rule, seed) of each side, in both orders."""
    both = both_ways(select(rows, {"setting_a": setting, "setting_b": setting}))
    sides = both[["learning_rule_a", "seed_a", "learning_rule_b", "seed_b", "distance"]]
    return {(a, int(s), b, int(t)): distance for a, s, b, t, distance in sides.itertuples(index=False, name=None)}
