"""Distance to the recording against the model step taken as movement onset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Distance against the model step taken as movement onset"
TABLES = ("alignment", "baselines")
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import baseline_lines, curves, panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = curves.procrustes_only(tables["alignment"])
    groups = list(table.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_panels(len(groups), width=3.2, height=2.6)
    for panel, (_, rows) in zip(axes, groups, strict=True):
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            _draw(panel, str(learning_rule), runs)
        for step in sorted(rows.loc[rows["is_used"] == 1, "onset_step"].unique()):
            panel.axvline(step, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)), label="step used")
        baseline_lines.draw(panel, baseline_lines.values_of(tables, rows), baseline_lines.OF_RECORDING)
        panel.set(xlabel="Model step taken as movement onset", ylabel=style.DISTANCE_LABEL)
        panel.set_title(titles.panel_title(rows, table))
    panels.legend(figure, axes)
    panels.caption(
        figure,
        context,
        table,
        [
            "Thin lines: seeds (n in the legend). Thick lines with markers: mean over seeds.",
            "Full colour, filled markers: last checkpoint; pale, open markers: untrained.",
            "Dotted vertical line: the step used by the study.",
            *baseline_lines.caption_words(axes),
        ],
    )
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, learning_rule: str, runs: pd.DataFrame) -> None:
    """Draw trained networks in full colour and untrained networks in pale colour."""
    from neurorules.plotting import style, titles

    line_style = style.line_style(learning_rule)
    stages: dict[str, dict[str, Any]] = {
        "trained": {},
        "untrained": {"alpha": 0.4, "markerfacecolor": "white", "linewidth": 0.9},
    }
    for stage, muted in stages.items():
        at_stage = runs[runs["stage"] == stage].sort_values("onset_step")
        if at_stage.empty:
            continue
        for _, run in at_stage.groupby("seed"):
            seed_style = {**line_style, "marker": "", "alpha": 0.5 * muted.get("alpha", 0.7), "linewidth": 0.6}
            panel.plot(run["onset_step"], run["distance"], **seed_style)
        mean = at_stage.groupby("onset_step")["distance"].mean()
        label = f"{titles.rule_label(learning_rule)}, {stage} (n = {at_stage['seed'].nunique()})"
        panel.plot(mean.index, mean, **line_style, **muted, markersize=3.5, markevery=0.15, label=label)
