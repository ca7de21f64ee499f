"""Distances between trained networks of two learning rules, and of one learning rule over its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distances between trained networks"
TABLES = ("model_distances", "model_dynamics")
PRODUCTS = ("pdf", "png", "csv")

# The measure of each table type.
MEASURES = {"model_distances": "procrustes", "model_dynamics": "dsa"}
LABELS = {"procrustes": "", "dsa": "DSA, Wasserstein distance\n(mean over delays and ranks)"}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table: pairs of one setting, at the last checkpoint."""
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP, below_each_other
    from neurorules.tables.base.levels import least_level
    from neurorules.tables.base.pairs import comparable

    table = below_each_other([of_type.assign(measure=MEASURES[name]) for name, of_type in tables.items()])
    of_one_setting = table["setting_a"] == table["setting_b"]
    trained = table[of_one_setting & (table["stage"] == "trained")]
    shown, note = comparable(trained.rename(columns={"setting_a": "setting"}), least_level(trained))
    groups = list(shown.groupby([*PANEL_GROUP, "measure"], sort=True))[::-1]
    figure, axes = panels.make_panels(max(1, len(groups)), width=3.2)
    if not groups:
        panels.mark_empty(axes[:1], "There are no two networks with the same setting to compare.")
    for panel, (_, rows) in zip(axes, groups, strict=False):
        names = []
        for x, ((a, b), pair) in enumerate(rows.groupby(["learning_rule_a", "learning_rule_b"], sort=True)):
            line_style = style.line_style(str(a))
            distances = pair["distance"].to_numpy()
            panel.plot(np.full(len(distances), x), distances, ".", color=line_style["color"], markersize=3, alpha=0.5)
            panel.plot(x + 0.2, distances.mean(), marker=line_style["marker"], color=line_style["color"], markersize=5)
            seeds = "over seeds" if a == b else titles.rule_label(str(b))
            names.append(f"{titles.rule_label(str(a))}\n{seeds}\n(n = {len(distances)})")
        panel.set_xticks(range(len(names)), names, fontsize=points(5.5))
        panel.set(xlim=(-0.5, len(names) - 0.5), title=titles.panel_title(rows, shown))
        panel.set_ylabel(LABELS[rows["measure"].iloc[0]] or style.DISTANCE_LABEL)
    panels.caption(
        figure,
        context,
        table,
        [
            "Dots: pairs of trained networks (n; pairs that share a network are not independent).",
            "Large markers: their mean.",
            "'Over seeds': networks that differ only in their seed.",
            "All steps of all test trials, at the last checkpoint.",
            *titles.sentences(note),
        ],
    )
    return {"figure": figure, "csv": table}
