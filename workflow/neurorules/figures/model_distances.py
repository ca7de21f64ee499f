"""Distances between trained networks: of two learning rules, and of one over its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distances between trained networks"
NEEDS = ("model_distances",)
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from."""
    from neurorules.figures import style
    from neurorules.statistics.noise_floor import part_title

    table = tables["model_distances"].rename(columns={"setting_a": "setting"})
    groups = list(table.groupby(["recording", "task", "setting"], sort=True))
    figure, axes = style.panels(len(groups), width=3.2)
    for panel, (_, rows) in zip(axes, groups, strict=True):
        names = []
        for x, ((a, b), pair) in enumerate(rows.groupby(["learning_rule_a", "learning_rule_b"], sort=True)):
            look = style.look(str(a))
            distances = pair["distance"].to_numpy()
            panel.plot(np.full(len(distances), x), distances, ".", color=look["color"], markersize=3, alpha=0.5)
            panel.plot(x + 0.2, distances.mean(), marker=look["marker"], color=look["color"], markersize=5)
            seeds = "over seeds" if a == b else style.rule_label(str(b))
            names.append(f"{style.rule_label(str(a))}\n{seeds}\n(n = {len(distances)})")
        panel.set_xticks(range(len(names)), names, fontsize=5.5)
        panel.set(xlim=(-0.5, len(names) - 0.5), ylabel=style.DISTANCE_LABEL, title=part_title(rows, table))
    style.caption(
        figure,
        context,
        table,
        [
            "Dots: pairs of trained networks (n; pairs that share a network are not independent).",
            "Large markers: their mean.",
            "'Over seeds': networks that differ in their seed alone.",
            "All steps of all test trials.",
        ],
    )
    return {"figure": figure, "csv": table}
