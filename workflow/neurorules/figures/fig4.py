"""Figure 4: first demixed principal components of recording and networks, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Demixed principal components of recording and networks"
TABLES = ("dpca",)
PRODUCTS = ("pdf", "png", "csv")

COMPONENTS = ("time 1", "condition 1")
PARTS_PER_ROW = 3
# As many directions of reach at most are told apart by colours around a circle.
MOST_DIRECTIONS = 8


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from, with `r_with_data` of each seed's components."""
    from neurorules.claims.derivations.dpca_correlations import with_correlations
    from neurorules.plotting import panels, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = with_correlations(tables["dpca"])
    parts = list(table.groupby(PANEL_GROUP, sort=True))
    most_rules = max(rows["learning_rule"].nunique() for _, rows in parts)  # the data among them
    across = min(PARTS_PER_ROW, len(parts))
    bands = -(-len(parts) // PARTS_PER_ROW)
    columns = across * len(COMPONENTS)
    figure, axes = panels.make_panels(bands * most_rules * columns, width=2.0, height=1.7, per_row=columns)
    blocks = np.array(axes, object).reshape(bands, most_rules, across, len(COMPONENTS))
    for panel in axes:
        panel.set_axis_off()
    for number, (_, rows) in enumerate(parts):
        block = blocks[number // across, :, number % across]
        names = ["data", *sorted(set(rows["learning_rule"]) - {"data"})]
        for name, row in zip(names, block, strict=False):
            runs = rows[rows["learning_rule"] == name]
            visible = runs[runs["seed"] == runs["seed"].min()]
            for panel, component in zip(row, COMPONENTS, strict=True):
                panel.set_axis_on()
                _draw(panel, visible[visible["component"] == component], component)
            row[0].set_ylabel(f"{'Data' if name == 'data' else titles.rule_label(name)}\nprojection")
        for panel in block[0]:
            panel.set_title(f"{titles.panel_title(rows, table)}\n{panel.get_title()}")
        for panel in block[len(names) - 1]:
            panel.set_xlabel("Time (ms)")
    first = table.loc[table["seed"] >= 0, "seed"].min()
    panels.caption(
        figure,
        context,
        table,
        [
            "One line per condition, coloured in their order (up to 8: around the circle, its second half dashed).",
            f"Networks: seed {first} after training.",
            "%: explained part of all variance.",
            "r: correlation with the data's component over conditions and times; signs are chosen so that r > 0.",
            "All seeds are in the CSV.",
        ],
    )
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, rows: pd.DataFrame, component: str) -> None:
    import matplotlib

    conditions = list(dict.fromkeys(rows["condition"]))
    around = len(conditions) <= MOST_DIRECTIONS
    colours = matplotlib.colormaps["twilight" if around else "viridis"](
        # The first and the last condition are neighbours around a circle; the palest colour does not show on paper.
        np.linspace(0.12, 0.88 if around else 0.95, len(conditions))
    )
    for i, (condition, colour) in enumerate(zip(conditions, colours, strict=True)):
        line = rows[rows["condition"] == condition].sort_values("time_ms")
        # The two halves of the circle are equally dark.
        dashes = "--" if around and i > len(conditions) // 2 else "-"
        panel.plot(line["time_ms"], line["projection"], color=colour, linestyle=dashes, linewidth=0.7)
    title = f"{component}: {rows['explained_variance'].iloc[0]:.0%}"
    r = rows["r_with_data"].iloc[0]
    panel.set_title(title if np.isnan(r) else f"{title}, r = {r:.2f}")
