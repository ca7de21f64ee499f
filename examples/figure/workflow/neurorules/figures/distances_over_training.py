"""Distance to the recording over training, by every measure of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.similarity.measures.base.measure import MEASURES

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Distance to the recording over training, by measure"
TABLES = ("distances",)
PLUGINS = tuple(f"similarity.measures.{name}" for name in MEASURES.names())
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a panel per recording, task, setting and measure; returns the figure and its table."""
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["distances"]
    groups = list(table.groupby([*PANEL_GROUP, "measure"], sort=True))
    figure, axes = panels.make_panels(len(groups), width=3.2)
    for panel, ((*_, measure), rows) in zip(axes, groups, strict=True):
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            line_style = style.line_style(str(learning_rule))
            for _, run in runs.groupby("seed"):
                panel.plot(run["update"], run["distance"], **{**line_style, "marker": ""}, alpha=0.35, linewidth=0.6)
            mean = runs.groupby("update")["distance"].mean()
            label = f"{titles.rule_label(str(learning_rule))} (n = {runs['seed'].nunique()})"
            panel.plot(mean.index, mean, **line_style, markersize=3.5, markevery=0.15, label=label)
        panel.set(xlabel="Update", ylabel=MEASURES.load(str(measure)).LABEL, title=titles.panel_title(rows, table))
    panels.legend(figure, axes)
    panels.caption(figure, context, table, ["Thin lines: seeds (n in the legend). Thick lines: mean over seeds."])
    return {"figure": figure, "csv": table}
