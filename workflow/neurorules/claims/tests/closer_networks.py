"""Networks of one kind are closer to given networks than those of another kind (Figure 3B)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Evidence,
    decide_lower,
    missing_columns,
    seed_means,
    select,
    untestable,
)
from neurorules.statistics.comparison import compare, compare_paired
from neurorules.tables.base.levels import least_level
from neurorules.tables.base.pairs import comparable

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("learning_rule_a", "setting_a", "seed_a", "accuracy_a", "accuracy_b", "stage", "distance")


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Tests whether networks `first` are closer to networks `to` than networks `second` are.

    Distances between n networks and m are not n x m replicates. Two tests, one over each side's networks, must agree:
    Welch's over the seeds of `first` and `second`, averaged over `to`; and a paired test over the seeds of `to`,
    averaged over the others. The numbers are from the first test, `p_claimed_paired` from the second.

    Args:
        rows: columns of table type model_distances: learning_rule_a, setting_a, seed_a, accuracy_a, the same _b, stage,
            distance.
        parameters: first, second, to, each {learning_rule, setting}; stage; least_accuracy, the lowest accuracy at
            which pairs of stage "matched" count.
        margin: not used.
    """
    if why := missing_columns(rows, *COLUMNS):
        return untestable(why)
    least = least_level(rows, parameters)
    sides, notes = [], []
    for name in ("first", "second"):
        what = f"{' '.join(parameters[name].values())} to {' '.join(parameters['to'].values())}"
        found = pairs_between(rows, parameters[name], parameters["to"], parameters["stage"])
        if found.empty:
            return untestable(f"not found: {what}")
        pairs, why = comparable(found, least)
        if pairs.empty:
            return untestable(f"{what}: {why}")
        sides.append(pairs)
        notes += [f"{what}: {why}"] * bool(why)
    first, second = sides
    over_networks = compare(seed_means(first, "distance"), seed_means(second, "distance"))
    to_first, to_second = (pairs.groupby("seed_to")["distance"].mean() for pairs in (first, second))
    targets = sorted(set(to_first.index) & set(to_second.index))
    paired = compare_paired(to_first[targets].to_numpy(), to_second[targets].to_numpy())
    numbers = {"p_claimed_paired": paired.p_lower, "difference_paired": paired.difference}
    both = (decide_lower(over_networks), decide_lower(paired))
    results = {evidence.result for evidence in both}
    # Both tests have to be significant, so the larger p decides.
    p = {
        "p_claimed": float(np.max([evidence.p_claimed for evidence in both])),
        "p_against": float(np.max([evidence.p_against for evidence in both])),
    }
    if results in ({HOLDS}, {FAILS}):
        return Evidence(results.pop(), "; ".join(notes), over_networks, numbers, **p)
    why = both[0].why or both[1].why or "the two tests disagree"
    return Evidence(UNDECIDED, "; ".join([why, *notes]), over_networks, numbers, **p)


def pairs_between(rows: pd.DataFrame, networks: Mapping[str, str], to: Mapping[str, str], stage: str) -> pd.DataFrame:
    """Distances from `networks` to networks `to`, on either side of a pair.

    Args:
        rows: as in `decide`.
        networks, to: {learning_rule, setting}, different from each other.
        stage: "trained" or "matched".

    Returns:
        Columns seed, seed_to, stage, distance, accuracy_a and accuracy_b.
    """
    import pandas as pd

    sides = []
    for here, there in (("a", "b"), ("b", "a")):
        wanted = {f"{key}_{here}": value for key, value in networks.items()}
        wanted |= {f"{key}_{there}": value for key, value in to.items()}
        found = select(rows, {**wanted, "stage": stage})
        columns = {f"seed_{here}": "seed", f"seed_{there}": "seed_to"}
        # The table may also have a column `seed`, for other rows.
        sides.append(found[[*columns, "stage", "distance", "accuracy_a", "accuracy_b"]].rename(columns=columns))
    return pd.concat(sides, ignore_index=True)
