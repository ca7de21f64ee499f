"""Tables of pairs of networks, turned so that one learning rule is side a."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def pairs_between(pairs: pd.DataFrame, learning_rule: str, other: str) -> pd.DataFrame:
    """The pairs of a network of one learning rule with one of another, the former as side a.

    With the same learning rule twice, each pair stands there both ways round, so that grouping by side a gives every
    network all of its partners.
    """
    import pandas as pd

    sides = {"_a": "_b", "_b": "_a"}
    swapped = pairs.rename(columns={c: c[:-2] + sides[c[-2:]] for c in pairs.columns if c[-2:] in sides})
    both = pd.concat([pairs, swapped[pairs.columns]], ignore_index=True)
    return both[(both["learning_rule_a"] == learning_rule) & (both["learning_rule_b"] == other)]


def seed_means(pairs: pd.DataFrame) -> pd.DataFrame:
    """Per network of side a, the mean distance over its partners: networks, not pairs, are the replicates.

    Args:
        pairs: see `pairs_between`, with a column learning_rate_a.

    Returns:
        Columns learning_rate_a, stage, seed_a, accuracy_a, distance.
    """
    of_network = pairs.groupby(["learning_rate_a", "stage", "seed_a"], as_index=False)
    return of_network[["accuracy_a", "distance"]].mean()


def fixed_setting(pairs: pd.DataFrame) -> str:
    """The setting of a learning rule, side b, that others are compared with: base, else the first by name."""
    settings = sorted(pairs["setting_b"].unique())
    return "base" if "base" in settings else settings[0]
