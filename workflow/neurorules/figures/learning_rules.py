"""How well learning rules' updates agree with BPTT's, their accuracy, and their distance to a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Learning rules: alignment with BPTT, accuracy and distance"
TABLES = ("gradients",)
OPTIONAL_TABLES = ("distances",)
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.columns import PANEL_GROUP

    table = _with_distances(tables["gradients"], tables.get("distances"))
    groups = list(table.groupby(PANEL_GROUP, sort=True))
    figure, axes = panels.make_grid(len(groups), 4 if "distances" in tables else 3)
    for (over_training, of_mean, accuracy, *at_level), (_, rows) in zip(axes, groups, strict=True):
        for learning_rule, runs in rows.groupby("learning_rule", sort=True):
            look = style.line_style(str(learning_rule))
            label = f"{titles.rule_label(str(learning_rule))} (n = {runs['seed'].nunique()})"
            _over_training(over_training, runs, "alignment", look, label)
            _over_training(accuracy, runs, "accuracy", look, label)
            last = runs[runs["update"] == runs.groupby("seed")["update"].transform("max")]
            points = {"color": look["color"], "marker": look["marker"], "linestyle": ""}
            of_mean.plot(last["alignment"], last["alignment_of_mean"], **points, markersize=4)
        of_mean.plot([-1.0, 1.0], [-1.0, 1.0], color="#bbbbbb", linewidth=0.5)
        lowest = min(0.0, rows["alignment"].min(), rows["alignment_of_mean"].min()) - 0.05  # no point is cut off
        of_mean.set(xlim=(lowest, 1.05), ylim=(lowest, 1.05))
        over_training.set_ylim(lowest, 1.05)
        over_training.set(xlabel="Update", ylabel="Alignment with BPTT", title=titles.panel_title(rows, table))
        of_mean.set(xlabel="Alignment, one batch", ylabel="Alignment, mean of batches", title="At the end of training")
        accuracy.set(xlabel="Update", ylabel=style.ACCURACY_LABEL, title="Accuracy")
        accuracy.axhline(1.0, color="#bbbbbb", linewidth=0.5)
        for panel in at_level:
            _at_level(panel, rows)
    panels.legend(figure, list(axes[:, 0]))
    batches = int(table["batches"].max())
    words = (
        "Alignment: cosine of the angle between an update of the recurrent weights and BPTT's, for the same network "
        "and trials. Thick lines: mean over seeds (n in the legend). Mean over batches: the cosine between the two "
        f"means over {batches} batches. Averaging removes noise, but not bias."
    )
    if "distances" in tables:
        words += (
            " Distance: at the highest accuracy that all networks of the row reached, in the panel's title; one point "
            "per seed, a line at the mean."
        )
    panels.caption(figure, context, table, [words])
    return {"figure": figure, "csv": table}


def _with_distances(table: pd.DataFrame, distances: pd.DataFrame | None) -> pd.DataFrame:
    """Add the columns `matched_accuracy` and `distance`: distances to the recording at equal accuracy, or NaN."""
    import numpy as np
    import pandas as pd

    from neurorules.tables.base.columns import PANEL_GROUP
    from neurorules.tables.base.matched import matched

    read = []
    if distances is not None:
        distances = distances[(distances["measure"] == "procrustes") & (distances["seed"] >= 0)]
        for place, rows in distances.groupby(PANEL_GROUP, sort=True):
            by_rule = {str(name): runs for name, runs in rows.groupby("learning_rule", sort=True)}
            if (found := matched(list(by_rule.values()))) is None:
                continue
            for learning_rule, seeds, values in zip(by_rule, found.seeds, found.at_level, strict=True):
                keys = dict(zip(PANEL_GROUP, place, strict=True))
                read += [
                    {
                        **keys,
                        "learning_rule": learning_rule,
                        "seed": seed,
                        "matched_accuracy": found.level,
                        "distance": value,
                    }
                    for seed, value in zip(seeds, values, strict=True)
                ]
    if not read:
        return table.assign(matched_accuracy=np.nan, distance=np.nan)
    return table.merge(pd.DataFrame(read), how="left", on=[*PANEL_GROUP, "learning_rule", "seed"], validate="m:1")


def _at_level(panel: Axes, rows: pd.DataFrame) -> None:
    """Distances at equal accuracy: a point per seed, in a column per learning rule."""
    from neurorules.plotting import panels, style
    from neurorules.tables.base.levels import level_text

    known = rows[rows["distance"].notna()].drop_duplicates(["learning_rule", "seed"])
    if known.empty:
        why = "no recording" if rows["recording"].eq("no recording").all() else "no accuracy that all networks reached"
        panels.mark_empty([panel], why)
        return
    names = sorted(known["learning_rule"].unique())
    for at, name in enumerate(names):
        look, values = style.line_style(name), known.loc[known["learning_rule"] == name, "distance"]
        panel.plot([at] * len(values), values, color=look["color"], marker=look["marker"], linestyle="", markersize=4)
        panel.plot([at - 0.3, at + 0.3], [values.mean()] * 2, color=look["color"], linewidth=1.0)
    panel.set(
        xticks=[],
        xlabel="Learning rule (see legend)",
        ylabel=style.DISTANCE_LABEL,
        title=f"At accuracy {level_text(known['matched_accuracy'].iloc[0])}",
    )


def _over_training(panel: Axes, runs: pd.DataFrame, column: str, look: Mapping[str, Any], label: str) -> None:
    """A thin line per seed, and a thick one for their mean."""
    for _, run in runs.groupby("seed"):
        panel.plot(run["update"], run[column], **{**look, "marker": ""}, alpha=0.35, linewidth=0.6)
    mean = runs.groupby("update")[column].mean()
    panel.plot(mean.index, mean, **look, markersize=3.5, label=label)
