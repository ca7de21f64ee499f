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


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table, with `r_with_data` for each seed's components."""
    from neurorules.claims.derivations.dpca_correlations import with_correlations
    from neurorules.plotting import conditions, panels, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = with_correlations(tables["dpca"])
    parts = list(table.groupby(PANEL_GROUP, sort=True))
    most_rules = max(rows["learning_rule"].nunique() for _, rows in parts)  # including the data
    across = min(PARTS_PER_ROW, len(parts))
    bands = -(-len(parts) // PARTS_PER_ROW)
    columns = across * len(COMPONENTS)
    figure, axes = panels.make_grid(bands * most_rules, columns, width=2.0, height=1.7)
    blocks = axes.reshape(bands, most_rules, across, len(COMPONENTS))
    lines, legend = dict[str, None](), dict[str, Any]()
    for panel in axes.flat:
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
        labels = _labels(rows)
        lines[f"{titles.panel_title(rows, table, ', ')}: {conditions.condition_words(labels)}"] = None
        legend |= conditions.condition_legend(labels)
        for panel in block[0]:
            panel.set_title(f"{titles.panel_title(rows, table)}\n{panel.get_title()}")
        for panel in block[len(names) - 1]:
            panel.set_xlabel("Time (ms)")
    panels.legend_of(figure, legend)
    first = table.loc[table["seed"] >= 0, "seed"].min()
    panels.caption(
        figure,
        context,
        table,
        [
            f"One line per condition. {'; '.join(lines)}.",
            f"Networks: seed {first} after training.",
            "%: share of the variance explained.",
            "r: correlation with the data's component over conditions and times; signs are chosen so that r > 0.",
            "All seeds are in the CSV.",
        ],
    )
    return {"figure": figure, "csv": table}


def _labels(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Each condition's labels from the recording, in the order of the conditions."""
    import json

    return [json.loads(text) for text in rows.drop_duplicates("condition").sort_values("condition")["condition_labels"]]


def _draw(panel: Axes, rows: pd.DataFrame, component: str) -> None:
    from neurorules.plotting.conditions import condition_lines

    for condition, line_style in enumerate(condition_lines(_labels(rows))):
        line = rows[rows["condition"] == condition].sort_values("time_ms")
        panel.plot(line["time_ms"], line["projection"], **line_style, linewidth=0.7)
    title = f"{component}: {rows['explained_variance'].iloc[0]:.0%}"
    r = rows["r_with_data"].iloc[0]
    panel.set_title(title if np.isnan(r) else f"{title}, r = {r:.2f}")
