"""Stochastic shape distance of networks to recordings, with random halves of the recording's trials as the floor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Stochastic shape distance: means and noise covariances of single trials"
TABLES = ("stochastic_shape",)
PRODUCTS = ("pdf", "png", "csv")

REFERENCES = {"floor": "floor", "uncorrelated": "uncorrelated"}
MEANS_OVER_REPEATS = ["learning_rule", "stage", "seed"]


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    import numpy as np

    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["stochastic_shape"]
    groups = list(table.groupby([*PANEL_GROUP, "alpha"], sort=True))
    figure, axes = panels.make_panels(len(groups), width=3.4, height=2.6)
    for panel, ((*_, alpha), rows) in zip(axes, groups, strict=True):
        networks = rows[rows["quantity"] == "model"]
        means = networks.groupby(MEANS_OVER_REPEATS, sort=True)["distance"].mean().reset_index()
        names = []
        for x, ((learning_rule, stage), of) in enumerate(means.groupby(["learning_rule", "stage"], sort=True)):
            look = style.line_style(str(learning_rule))
            fill = look["color"] if stage == "trained" else "white"
            panel.plot(
                np.full(len(of), x),
                of["distance"],
                linestyle="",
                marker=look["marker"],
                color=look["color"],
                markerfacecolor=fill,
                markersize=4,
            )
            names.append(f"{titles.rule_label(str(learning_rule))}\n{stage}\n(n = {len(of)})")
        # The references are the same in the tables of all models of a recording.
        for quantity, dashes in zip(REFERENCES, ((0, ()), (0, (1, 2))), strict=True):
            of = rows[rows["quantity"] == quantity].drop_duplicates("repeat")["distance"]
            panel.axhline(of.mean(), color="#555555", linewidth=0.8, linestyle=dashes, label=REFERENCES[quantity])
            panel.axhspan(of.min(), of.max(), color="#555555", alpha=0.12, linewidth=0)
        panel.set_xticks(range(len(names)), names, fontsize=points(5.5))
        panel.set(xlim=(-0.5, len(names) - 0.5), ylabel=f"Stochastic shape distance\n(weight of covariances {alpha:g})")
        panel.set_title(titles.panel_title(rows, table))
    panels.legend(figure, axes)
    first = table.iloc[0]
    trials = sorted(table["group_size"].unique())
    words = [
        "Distance from random halves of the recording's trials to as many single trials of a network. "
        f"Fewest trials per condition in a half: {' or '.join(map(str, trials))}. Principal components: "
        f"{first['components']}, time bins: {first['bins']}.",
        f"Points: n networks, means over {table['repeat'].nunique()} halves; open: untrained.",
        "Floor: from one half to the other; line: mean, band: range over splits, which share trials. Uncorrelated: to "
        "the other half with the trials of each neuron shuffled.",
        "Weight 0: means only (Procrustes). 1: Wasserstein distance.",
    ]
    silent = sorted(table.loc[table["noise_sd"] == 0, "setting"].unique())
    if silent:
        words.append(f"Networks without noise, whose trials do not vary: {', '.join(silent)}.")
    panels.caption(figure, context, table, words)
    return {"figure": figure, "csv": table}
