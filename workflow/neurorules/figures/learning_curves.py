"""Accuracy over training, by learning rule, for tasks with or without a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Accuracy over training"
TABLES = ("learning",)
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import guessing, panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["learning"]
    groups = list(table.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_panels(len(groups))
    for panel, (_, rows) in zip(axes, groups, strict=True):
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            line_style = style.line_style(str(learning_rule))
            for _, run in runs.groupby("seed"):
                panel.plot(run["update"], run["accuracy"], **{**line_style, "marker": ""}, alpha=0.35, linewidth=0.6)
            mean = runs.groupby("update")["accuracy"].mean()
            label = f"{titles.rule_label(str(learning_rule))} (n = {runs['seed'].nunique()})"
            panel.plot(mean.index, mean, **line_style, markevery=0.15, markersize=3.5, label=label)
        panel.axhline(1.0, color="#bbbbbb", linewidth=0.5)
        guessing.mark(panel, rows, up=True)
        panel.set(xlabel="Update", ylabel=style.ACCURACY_LABEL, title=titles.panel_title(rows, table))
        panel.set_ylim(max(-0.5, rows["accuracy"].min()), 1.05)
        panel.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=0.85)
    words = "Thin lines: seeds (n in the legend). Thick lines: mean over seeds. Accuracy on noise-free test trials."
    panels.caption(figure, context, table, [words, *guessing.words(table)])
    return {"figure": figure, "csv": table}
