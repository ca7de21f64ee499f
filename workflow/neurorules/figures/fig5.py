"""Figure 5: noise floor and the distances of trained and untrained networks, per recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distances against the neuron-split noise floor"
TABLES = ("noise_floor",)
PRODUCTS = ("pdf", "png", "csv")
PUBLISHED = "table3"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.claims.derivations.noise_floor_summary import (
        AVERAGE,
        OF_RECORDING,
        REARRANGED,
        noise_floor_groups,
        noise_floor_statistics,
    )
    from neurorules.plotting import panels, style, titles
    from neurorules.plotting.imported import imported_networks
    from neurorules.tables.base.columns import PANEL_GROUP

    groups = noise_floor_groups(tables["noise_floor"])
    table = noise_floor_statistics(groups, context["published"])
    parts = list(table.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_panels(len(parts))
    special = {"floor": style.DATA, AVERAGE: style.AVERAGE, "untrained": style.UNTRAINED}
    moved = {"_shuffled": ("x", "conditions shuffled"), "_rotated": ("+", "reaches turned by 180°")}
    for panel, (key, of_panel) in zip(axes, parts, strict=True):
        in_order = ~of_panel["quantity"].str.endswith(REARRANGED)
        rows, rearranged = of_panel[in_order], of_panel[~in_order].set_index("quantity")["mean"]
        drawn = groups[(groups[PANEL_GROUP] == list(key)).all(axis=1)]
        for x, row in enumerate(rows.to_dict("records")):
            name = row["quantity"]
            look = style.line_style(name)
            colour, _, marker = special.get(name) or tuple(look.values())
            distances = drawn.loc[drawn["group"] == name, "distance"].to_numpy()
            violin = panel.violinplot(distances, [x], widths=0.8, showextrema=False)
            bodies: Any = violin["bodies"]
            for body in bodies:
                body.set(facecolor=colour, alpha=0.25, linewidth=0)
            panel.errorbar(x, row["mean"], row["sd"], color=colour, marker=marker, markersize=5, capsize=2, linewidth=1)
            for ending, (sign, label) in moved.items():
                if f"{name}{ending}" in rearranged:
                    value = rearranged[f"{name}{ending}"]
                    panel.plot(x + 0.36, value, sign, color="#7b5ea7", markersize=5, label="_")
                    panel.plot([], [], sign, color="#7b5ea7", markersize=5, label=label)
            if name not in OF_RECORDING:
                seeds = drawn[drawn["group"] == name].groupby("seed")["distance"].mean()
                panel.plot(np.full(len(seeds), x + 0.22), seeds, ".", color=colour, markersize=3)
            if np.isfinite(row["published_mean"]) and not row["synthetic"]:
                panel.errorbar(
                    x - 0.25,
                    row["published_mean"],
                    row["published_sd"],
                    color="#999999",
                    marker="_",
                    capsize=0,
                    linewidth=0.8,
                    label="published" if x == 0 else None,
                )
        floor = rows.loc[rows["quantity"] == "floor", "mean"].iloc[0]
        panel.axhline(floor, color=style.DATA[0], linewidth=0.6, linestyle=":")
        labels = {"floor": "data–data (floor)", "untrained": "untrained", AVERAGE: "average"}
        names = [labels.get(n) or titles.rule_label(n) for n in rows["quantity"]]
        panel.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
        panel.set(ylabel=style.DISTANCE_LABEL, title=titles.panel_title(rows, table))
    panels.legend(figure, axes)
    imported = table[table["quantity"].isin(imported_networks())]
    own = table.drop(imported.index) if len(imported) < (table["n_seeds"] > 0).sum() else table
    seeds, repeats = int(own["n_seeds"].max()), int(table.loc[table["quantity"] == "floor", "n"].max())
    elsewhere = f"Networks trained elsewhere: {titles.seeds_text(imported['n_seeds'])} each." if len(imported) else ""
    turned = table["quantity"].str.endswith("_rotated").any()
    published = (np.isfinite(table["published_mean"]) & ~table["synthetic"].astype(bool)).any()
    panels.caption(
        figure,
        context,
        table,
        [
            f"Error bars: SD over {repeats} splits x {seeds} seeds; violins: all of them.",
            f"Dots: means of seeds (n = {seeds}).",
            *filter(None, [elsewhere]),
            f"Groups of {', '.join(map(str, sorted(table['group_size'].unique())))} neurons or units.",
            "Average: the second group's average over conditions in place of a network.",
            "Crosses: conditions shuffled so that none keeps its place (a new order for each split)"
            + ("; plus signs: each reach compared with the opposite one." if turned else "."),
            *(["Published: one network each, SD over splits; ours is over splits and seeds."] if published else []),
        ],
    )
    return {"figure": figure, "csv": table}
