"""Distance to the recording over the gain, with and without flossing: before, after training, at matched accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Distance to the recording over the initial gain, with and without gradient flossing"
TABLES = ("distances", "loss_curve")
PRODUCTS = ("pdf", "png", "csv")

QUANTITIES = {"untrained": "before training", "trained": "after training", "matched": "matched accuracy"}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from."""
    from neurorules.figures.gain_map import over_gains
    from neurorules.plotting import companion, curves, style

    distances = companion.with_gains(curves.procrustes_only(tables["distances"]), context)
    table = companion.with_learning_rates(over_gains(distances), tables["loss_curve"])
    limits = {part: style.distance_limits(_with_bands(rows)) for part, rows in table.groupby(["recording", "task"])}
    parts = companion.parts(table, context, "learning_rule")
    figure, axes = style.grid(len(parts), len(QUANTITIES))
    for row, ((recording, task, learning_rule), rows) in zip(axes, parts, strict=True):
        n = curves.seeds_text(rows.groupby(["gain", "flossed"])["seed"].nunique())
        name = f"{style.rule_label(learning_rule)} ({n})"
        for panel, (quantity, words) in zip(row, QUANTITIES.items(), strict=True):
            _draw(panel, rows[rows["quantity"] == quantity], rows, quantity)
            panel.set(ylim=limits[recording, task], title=f"{companion.title_of(rows, table)}\n{name}, {words}")
        row[0].set_ylabel(style.DISTANCE_LABEL)
    style.legend(figure, list(axes.flat), order=tuple(companion.FLOSSING_NAMES.values()))
    style.caption(
        figure,
        context,
        table,
        [
            "Dots: seeds (n in the titles). Lines: mean over seeds.",
            companion.BAND_WORDS,
            "Before training: before the first update, where flossed after flossing.",
            "Matched accuracy: per gain, the highest that all networks of the task reach at that gain, of either "
            "learning rule, flossed or not.",
            "Learning rates are in the figure's table.",
        ],
    )
    return {"figure": figure, "csv": table}


def _with_bands(rows: pd.DataFrame) -> pd.Series:
    """Distances, and the edges of the bands around their means."""
    import pandas as pd

    points = rows.groupby(["learning_rule", "quantity", "gain", "flossed"])["distance"]
    mean, sd = points.mean(), points.std().fillna(0.0)
    return pd.concat([rows["distance"], mean - sd, mean + sd])


def _draw(panel: Axes, rows: pd.DataFrame, of_rule: pd.DataFrame, quantity: str) -> None:
    """Draw one quantity of a learning rule over gain; `of_rule` are all quantities."""
    from neurorules.plotting import companion, style

    for flossed, runs in rows.groupby("flossed", sort=True):
        companion.draw_over_gains(
            panel, runs, "distance", companion.FLOSSING[flossed], companion.FLOSSING_NAMES[flossed]
        )
    gains = sorted(of_rule["gain"].unique())
    without = [f"{gain:g}" for gain in gains if not (rows["gain"] == gain).any()]
    notes = companion.edge_notes(of_rule) if quantity == "trained" else []
    if rows.empty:
        style.say(panel, "At no gain is there an accuracy that all networks reach.")
    elif without:
        notes.append(f"No accuracy that all networks reach at gain {', '.join(without)}.")
    beside = 0.04 * max(gains[-1] - gains[0], 1.0)
    panel.set_xlim(gains[0] - beside, gains[-1] + beside)
    style.note(panel, "Gain of the initial weights", notes)
