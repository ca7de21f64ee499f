"""Distance to the recording against normalized accuracy: what Figure 1 and the figures of its form are drawn by.

One thin line per seed over its checkpoints and a thick line for the mean over seeds at common accuracies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def distance_against_accuracy(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """A figure of one panel per recording, task and setting, and the table that it is drawn from."""
    from neurorules.figures import style
    from neurorules.statistics.noise_floor import PART, part_title

    table = tables["distances"]
    table = table[table["measure"] == "procrustes"]
    groups = list(table.groupby(PART, sort=True))
    figure, axes = style.panels(len(groups))
    for panel, (_, rows) in zip(axes, groups, strict=True):
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            _draw(panel, str(learning_rule), runs)
        panel.set(xlim=(0, 1), xlabel=style.ACCURACY_LABEL, ylabel=style.DISTANCE_LABEL)
        panel.set_title(part_title(rows, table))
        shown = rows.loc[rows["accuracy"] >= 0, "distance"]
        if len(shown):
            margin = 0.05 * max(float(np.ptp(shown)), 0.02)
            panel.set_ylim(shown.min() - margin, shown.max() + margin)
    style.legend(figure, axes)
    style.caption(
        figure,
        context,
        table,
        [
            "Thin lines: seeds (n in the legend), over training checkpoints.",
            "Thick lines: mean over seeds at common accuracies, where all seeds have been.",
        ],
    )
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, learning_rule: str, runs: pd.DataFrame) -> None:
    from neurorules.figures import style
    from neurorules.similarity.matched_accuracy import mean_curve

    look = style.look(learning_rule)
    seeds = [run.sort_values("update") for _, run in runs.groupby("seed")]
    for run in seeds:
        panel.plot(
            run["accuracy"],
            run["distance"],
            color=look["color"],
            linestyle=look["linestyle"],
            alpha=0.35,
            linewidth=0.6,
        )
    accuracy, distance = mean_curve(seeds)
    label = f"{style.rule_label(learning_rule)} (n = {len(seeds)})"
    panel.plot(accuracy, distance, **look, markevery=0.15, markersize=3.5, label=label)
