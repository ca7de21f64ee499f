"""The share of pseudo-recordings whose learning rule is recovered, from tables of type recovery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MEASURE_NAMES = {"procrustes": "Procrustes", "cca": "CCA", "cka": "CKA", "dsa": "DSA"}
SITUATION = ["control", "stage", "level_accuracy", "neurons", "trials", "measure"]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of pseudo-recordings and AUC, with intervals. Draws from one network are averaged first.

    `quantity` is "recovered", the share for which the true learning rule is closest; "calibrated", see `calibrated`;
    "auc"; or "confusion", the share of a learning rule's pseudo-recordings that are closest to `recovered_as`. Controls
    without a true difference use the network's own half of the seeds in place of its learning rule.
    """
    import pandas as pd

    from neurorules.statistics.proportion import exact_interval
    from neurorules.tables.base.columns import PANEL_GROUP

    rows = []
    carried = ["recording", "recording_title", "synthetic", "task", "setting", "conditions"]
    for key, of_situation in table.groupby([*PANEL_GROUP, *SITUATION], sort=False, dropna=False):
        first = of_situation.iloc[0]
        labels = {name: first[name] for name in carried} | dict(zip([*PANEL_GROUP, *SITUATION], key, strict=True))
        by_rule = first["control"].startswith("rules")
        own = of_situation["learning_rule"] if by_rule else "own half"
        told = of_situation.assign(recovered=(of_situation["recovered_as"] == own).astype(float))
        values: list[tuple[str, str, str, pd.Series]] = [
            (quantity, "", "", _per_network(told, column))
            for quantity, column in (("recovered", "recovered"), ("auc", "auc"))
        ]
        if first["control"] == "rules":
            if (correct := calibrated(told)) is not None:
                values.append(("calibrated", "", "", _per_network(told.assign(correct=correct), "correct")))
            rules = sorted(told["learning_rule"].unique())
            for rule in rules:
                of_rule = told[told["learning_rule"] == rule]
                for other in rules:
                    is_other = of_rule.assign(value=(of_rule["recovered_as"] == other).astype(float))
                    values.append(("confusion", rule, other, _per_network(is_other, "value")))
        for quantity, rule, other, per_network in values:
            low, high = exact_interval(float(per_network.mean()), len(per_network))
            rows.append(
                {
                    **labels,
                    "quantity": quantity,
                    "learning_rule": rule,
                    "recovered_as": other,
                    "value": per_network.mean(),
                    "interval_low": low,
                    "interval_high": high,
                    "networks": len(per_network),
                    "statement": _statement(told, labels, float(per_network.mean()), low, high, len(per_network))
                    if quantity == "recovered" and first["control"] == "rules"
                    else "",
                }
            )
    columns = [*carried, *SITUATION, "quantity", "learning_rule", "recovered_as", "value"]
    return pd.DataFrame(rows, columns=[*columns, "interval_low", "interval_high", "networks", "statement"])


def calibrated(rows: pd.DataFrame) -> pd.Series | None:
    """1 if the learning rule is recovered with a threshold calibrated on networks of other seeds, otherwise 0.

    The networks of one learning rule may be closer to everything, so that all pseudo-recordings are assigned to it. The
    sign of the difference between the two mean distances is then not informative, but its size may be. So the
    difference is compared with a threshold: the midpoint between its means for the two learning rules, over
    pseudo-recordings of other seeds.

    Args:
        rows: rows of one situation and measure; columns learning_rule, seed, distance, distance_to_other.

    Returns:
        None unless there are two learning rules with at least two seeds each.
    """
    import pandas as pd

    rules = sorted(rows["learning_rule"].unique())
    if len(rules) != 2 or rows.groupby("learning_rule")["seed"].nunique().min() < 2:
        return None
    is_first = rows["learning_rule"] == rules[0]
    closer_to_first = (rows["distance_to_other"] - rows["distance"]) * np.where(is_first, 1.0, -1.0)
    correct = pd.Series(0.0, index=rows.index)
    for seed, of_seed in rows.groupby("seed"):
        others = rows["seed"] != seed
        middle = closer_to_first[others].groupby(rows["learning_rule"]).mean().mean()
        told_first = closer_to_first[of_seed.index] > middle
        correct[of_seed.index] = (told_first == is_first[of_seed.index]).astype(float)
    return correct


def _per_network(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby(["learning_rule", "seed"])[column].mean()


def _statement(told: pd.DataFrame, labels: Mapping[str, Any], share: float, low: float, high: float, n: int) -> str:
    """A sentence on whether a recording of this size could distinguish networks of these learning rules."""
    from neurorules.learning.base.learning_rule import load_learning_rule

    rules = [load_learning_rule(str(rule)).label for rule in sorted(told["learning_rule"].unique())]
    chance = 1 / len(rules)
    could = "could" if low > chance else "is not shown to be able to"
    trials = f"{labels['trials']} trials each" if labels["trials"] else "no spike noise"
    return (
        f"With {labels['neurons']} neurons, {labels['conditions']} conditions and {trials}, "
        f"{MEASURE_NAMES[labels['measure']]} tells {' from '.join(rules)} in {share:.0%} of pseudo-recordings "
        f"[{low:.0%}, {high:.0%}], n = {n} networks; chance is {chance:.0%}: such a recording {could} tell networks of "
        "these learning rules apart."
    )


def at_own(table: pd.DataFrame, control: str = "rules") -> pd.DataFrame:
    """Rows with the recording's own numbers of neurons and trials, after training. DSA is measured only for these.

    They are the first rows of the table.
    """
    rules = table[(table["control"] == "rules") & (table["stage"] == "trained")]
    if not len(rules):
        return rules
    first = rules.iloc[0]
    same = (table["neurons"] == first["neurons"]) & (table["trials"] == first["trials"])
    return table[same & (table["control"] == control) & (table["stage"] != "matched")]
