"""Distance to the recording over the gain of the initial weights: before, after training and at matched accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Distance to the recording over the initial gain"
TABLES = ("distances",)
PRODUCTS = ("pdf", "png", "csv")

QUANTITIES = {"untrained": "untrained", "trained": "last checkpoint", "matched": "matched accuracy"}
LABELS = (
    *("recording", "recording_title", "synthetic", "task", "learning_rule", "setting"),
    *("training_code", "scoring_code", "measure", "gain", "flossed", "seed"),
)


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from."""
    from neurorules.plotting import curves, style
    from neurorules.statistics.noise_floor import part_title

    distances = curves.procrustes_only(tables["distances"])
    distances["gain"] = curves.varied(distances, context, "gain")
    table = over_gains(distances)
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = style.grid(len(parts), len(QUANTITIES))
    for row, (_, rows) in zip(axes, parts, strict=True):
        title = part_title(rows, table.assign(setting=""), ", ")
        for panel, (quantity, name) in zip(row, QUANTITIES.items(), strict=True):
            _draw(panel, rows[rows["quantity"] == quantity], rows)
            panel.set(ylim=style.distance_limits(rows["distance"]))
            panel.set(title=f"{title}\n{name}", ylabel=style.DISTANCE_LABEL)
    style.legend(figure, list(axes.flat))
    style.caption(
        figure,
        context,
        table,
        [
            "Dots: seeds (n in the legend). Lines: mean over seeds; error bars: SD over seeds.",
            "Matched accuracy: per gain, the highest accuracy that all networks of the panel reach at that gain.",
            "Points of learning rules stand a little beside each other.",
        ],
    )
    return {"figure": figure, "csv": table}


def over_gains(distances: pd.DataFrame) -> pd.DataFrame:
    """One row per recording, model, seed and quantity.

    Args:
        distances: distances over training, of one measure, with a column `gain`, and perhaps `flossed`.

    Returns:
        The label columns and gain, seed, quantity in {untrained, trained, matched}, accuracy, distance. "matched" is
        read at the highest accuracy that all networks of that recording, task and gain reach; where one begins
        above it, there are no such rows.
    """
    import numpy as np
    import pandas as pd

    from neurorules.plotting.curves import distance_at, highest_common_accuracy

    table = []
    for _, at_gain in distances.groupby(["recording", "task", "gain"], sort=True):
        runs = [
            run.sort_values("update") for _, run in at_gain.groupby(["learning_rule", "setting", "seed"], sort=True)
        ]
        common = highest_common_accuracy(runs)
        for run in runs:
            first, last = run.iloc[0], run.iloc[-1]
            labels = {column: first[column] for column in LABELS if column in run}
            read = [
                ("untrained", first["accuracy"], first["distance"]),
                ("trained", last["accuracy"], last["distance"]),
            ]
            if np.isfinite(common):
                read.append(("matched", common, float(distance_at(run, common))))
            table += [{**labels, "quantity": q, "accuracy": a, "distance": d} for q, a, d in read]
    return pd.DataFrame(table)


def _draw(panel: Axes, rows: pd.DataFrame, of_part: pd.DataFrame) -> None:
    """Draw one quantity over gain, by learning rule; `of_part` are all quantities."""
    from neurorules.plotting import style

    gains, learning_rules = sorted(of_part["gain"].unique()), sorted(of_part["learning_rule"].unique())
    beside = 0.008 * max(gains[-1] - gains[0], 1.0)
    notes = []
    for index, learning_rule in enumerate(learning_rules):
        look, name = style.look(learning_rule), style.rule_label(learning_rule)
        runs = rows[rows["learning_rule"] == learning_rule]
        shift = beside * (2 * index - len(learning_rules) + 1)
        seeds = of_part.loc[of_part["learning_rule"] == learning_rule].groupby("gain")["seed"].nunique()
        of_gain = runs.groupby("gain")["distance"]
        mean = of_gain.mean()
        panel.errorbar(
            mean.index + shift,
            mean,
            of_gain.std(),
            **look,
            markersize=3.5,
            capsize=1.5,
            elinewidth=0.8,
            label=f"{name} (n = {seeds.max()})",
        )
        panel.plot(runs["gain"] + shift, runs["distance"], ".", color=look["color"], markersize=2.5, alpha=0.5)
        for n, fewer in seeds[seeds < seeds.max()].groupby(seeds):
            notes.append(f"{name}: n = {n} at gain {', '.join(f'{gain:g}' for gain in fewer.index)}.")
    without = [f"{gain:g}" for gain in gains if not (rows["gain"] == gain).any()]
    if without and not rows.empty:
        notes.append(f"No accuracy that all networks reach at gain {', '.join(without)}.")
    if rows.empty:
        style.say(panel, "At no gain is there an accuracy that all networks reach.")
    panel.set_xlim(gains[0] - 5 * beside, gains[-1] + 5 * beside)
    style.note(panel, "Gain of the initial weights", notes)
