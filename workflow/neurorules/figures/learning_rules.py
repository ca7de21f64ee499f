"""How well the updates of learning rules agree with BPTT's, and the accuracy that the learning rules reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Learning rules: alignment with BPTT, and accuracy"
TABLES = ("gradients",)
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = tables["gradients"]
    groups = list(table.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_grid(len(groups), 3)
    for (over_training, of_mean, accuracy), (_, rows) in zip(axes, groups, strict=True):
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            look = style.line_style(str(learning_rule))
            label = f"{titles.rule_label(str(learning_rule))} (n = {runs['seed'].nunique()})"
            _over_training(over_training, runs, "alignment", look, label)
            _over_training(accuracy, runs, "accuracy", look, label)
            last = runs[runs["update"] == runs.groupby("seed")["update"].transform("max")]
            points = {"color": look["color"], "marker": look["marker"], "linestyle": ""}
            of_mean.plot(last["alignment"], last["alignment_of_mean"], **points, markersize=4)
        of_mean.plot([-1.0, 1.0], [-1.0, 1.0], color="#bbbbbb", linewidth=0.5)
        lowest = min(0.0, rows["alignment"].min(), rows["alignment_of_mean"].min()) - 0.05  # points are not cut
        of_mean.set(xlim=(lowest, 1.05), ylim=(lowest, 1.05))
        over_training.set_ylim(lowest, 1.05)
        over_training.set(xlabel="Update", ylabel="Alignment with BPTT", title=titles.panel_title(rows, table))
        of_mean.set(
            xlabel="Alignment, one batch", ylabel="Alignment, mean over batches", title="At the end of training"
        )
        accuracy.set(xlabel="Update", ylabel=style.ACCURACY_LABEL, title="Accuracy")
        accuracy.axhline(1.0, color="#bbbbbb", linewidth=0.5)
    panels.legend(figure, list(axes[:, 0]))
    batches = int(table["batches"].max())
    words = (
        "Alignment: cosine of the angle between an update of the recurrent weights and BPTT's, for the same network "
        "and trials. Thick lines: mean over seeds (n in the legend). Mean over batches: the cosine between the two "
        f"means over {batches} batches. Averaging removes noise, but not bias."
    )
    panels.caption(figure, context, table, [words])
    return {"figure": figure, "csv": table}


def _over_training(panel: Axes, runs: pd.DataFrame, column: str, look: Mapping[str, Any], label: str) -> None:
    """A thin line per seed, and a thick one for their mean."""
    for _, run in runs.groupby("seed"):
        panel.plot(run["update"], run[column], **{**look, "marker": ""}, alpha=0.35, linewidth=0.6)
    mean = runs.groupby("update")[column].mean()
    panel.plot(mean.index, mean, **look, markersize=3.5, label=label)
