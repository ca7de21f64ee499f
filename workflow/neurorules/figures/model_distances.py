"""Distances between trained networks: of two learning rules, and of one over its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distances between trained networks"
TABLES = ("model_distances",)
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from: pairs of one setting, at the last checkpoint."""
    from neurorules.plotting import style
    from neurorules.statistics.noise_floor import PART, part_title

    table = tables["model_distances"]
    of_one_setting = table["setting_a"] == table["setting_b"]
    drawn = table[of_one_setting & (table["moment"] == "last")].rename(columns={"setting_a": "setting"})
    groups = list(drawn.groupby(PART, sort=True))
    figure, axes = style.panels(max(1, len(groups)), width=3.2)
    if not groups:
        axes[0].set(xticks=[], yticks=[])
        style.say(axes[0], "There are no two networks of one setting to compare.")
    for panel, (_, rows) in zip(axes, groups, strict=False):
        names = []
        for x, ((a, b), pair) in enumerate(rows.groupby(["learning_rule_a", "learning_rule_b"], sort=True)):
            look = style.look(str(a))
            distances = pair["distance"].to_numpy()
            panel.plot(np.full(len(distances), x), distances, ".", color=look["color"], markersize=3, alpha=0.5)
            panel.plot(x + 0.2, distances.mean(), marker=look["marker"], color=look["color"], markersize=5)
            seeds = "over seeds" if a == b else style.rule_label(str(b))
            names.append(f"{style.rule_label(str(a))}\n{seeds}\n(n = {len(distances)})")
        panel.set_xticks(range(len(names)), names, fontsize=5.5)
        panel.set(xlim=(-0.5, len(names) - 0.5), ylabel=style.DISTANCE_LABEL, title=part_title(rows, drawn))
    style.caption(
        figure,
        context,
        table,
        [
            "Dots: pairs of trained networks (n; pairs that share a network are not independent).",
            "Large markers: their mean.",
            "'Over seeds': networks that differ in their seed alone.",
            "All steps of all test trials, at the last checkpoint.",
        ],
    )
    return {"figure": figure, "csv": table}


def between(pairs: pd.DataFrame, learning_rule: str, other: str) -> pd.DataFrame:
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
        pairs: see `between`, with a column learning_rate_a.

    Returns:
        Columns learning_rate_a, moment, seed_a, accuracy_a, distance.
    """
    of_network = pairs.groupby(["learning_rate_a", "moment", "seed_a"], as_index=False)
    return of_network[["accuracy_a", "distance"]].mean()


def fixed_setting(pairs: pd.DataFrame) -> str:
    """The setting of a learning rule, side b, that others are compared with: base, else the first by name."""
    settings = sorted(pairs["setting_b"].unique())
    return "base" if "base" in settings else settings[0]


def with_learning_rates(pairs: pd.DataFrame, context: Mapping[str, Any]) -> pd.DataFrame:
    """The table with columns learning_rate_a and learning_rate_b."""
    from neurorules.plotting.curves import varied

    rates = {f"learning_rate{side}": varied(pairs, context, "learning_rate", side) for side in ("_a", "_b")}
    return pairs.assign(**rates)


def rate_label(learning_rate: float) -> str:
    """A learning rate as papers write it: 1e-3."""
    return np.format_float_scientific(learning_rate, trim="-", exp_digits=1)
