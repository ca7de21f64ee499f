"""Distance to the recording over the gain, with and without flossing: before, after training, at matched accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Distance to the recording over the initial gain, with and without gradient flossing"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

KEYS = ("recording", "task", "learning_rule")
STAGES = {"untrained": "before training", "trained": "after training", "matched": "matched accuracy"}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    import pandas as pd

    from neurorules.plotting import baseline_lines, curves, gain_curves, panels, style, titles
    from neurorules.tables.base.stages import at_stages

    distances = curves.procrustes_only(tables["distances"])
    curves.one_setting_each(distances, ("gain", "flossed"))
    table = at_stages(distances)
    shown = {part: list(_with_bands(rows)) for part, rows in table.groupby(["recording", "task"])}
    parts = gain_curves.panel_groups(table, context, "learning_rule")
    figure, axes = panels.make_grid(len(parts), len(STAGES))
    for row, ((recording, task, learning_rule), rows) in zip(axes, parts, strict=True):
        n = titles.seeds_text(rows.groupby(["gain", "flossed"])["seed"].nunique())
        name = f"{titles.rule_label(learning_rule)} ({n})"
        for panel, (stage, words) in zip(row, STAGES.items(), strict=True):
            levels = baseline_lines.draw(panel, baseline_lines.values_of(tables, rows), baseline_lines.OF_RECORDING)
            _draw(panel, rows[rows["stage"] == stage], rows, stage)
            if stage == "trained":
                of_rule = distances[(distances[list(KEYS)] == [recording, task, learning_rule]).all(axis=1)]
                for (flossed, gain), runs in of_rule.groupby(["flossed", "gain"]):
                    levels += baseline_lines.mark(panel, runs, style.FLOSSING[int(flossed)]["color"], float(gain))
            shown[recording, task] += levels
            panel.set_title(f"{titles.title_without_setting(rows, table)}\n{name}, {words}")
        row[0].set_ylabel(style.DISTANCE_LABEL)
    for row, ((recording, task, _), _) in zip(axes, parts, strict=True):
        for panel in row:
            panel.set_ylim(panels.distance_limits(pd.Series(shown[recording, task])))
    panels.legend(figure, list(axes.flat), order=tuple(gain_curves.FLOSSING_NAMES.values()))
    panels.caption(
        figure,
        context,
        table,
        [
            "Dots: seeds (n in the titles). Lines: mean over seeds.",
            gain_curves.BAND_WORDS,
            *gain_curves.gain_words(table),
            "Before training: before the first update; for flossed networks, after flossing.",
            "Matched accuracy: per gain, the highest that all networks of the task reach at that gain, of either "
            "learning rule, flossed or not.",
            "Learning rates are in the figure's table.",
            *baseline_lines.caption_words(list(axes.flat)),
        ],
    )
    return {"figure": figure, "csv": table}


def _with_bands(rows: pd.DataFrame) -> pd.Series:
    """Distances and the edges of the bands around their means."""
    import pandas as pd

    points = rows.groupby(["learning_rule", "stage", "gain", "flossed"])["distance"]
    mean, sd = points.mean(), points.std().fillna(0.0)
    return pd.concat([rows["distance"], mean - sd, mean + sd])


def _draw(panel: Axes, rows: pd.DataFrame, of_rule: pd.DataFrame, stage: str) -> None:
    """Draw one stage of a learning rule over gain; `of_rule` has all stages."""
    from neurorules.plotting import gain_curves, panels, style

    for flossed, runs in rows.groupby("flossed", sort=True):
        gain_curves.draw_over_gains(
            panel, runs, "distance", style.FLOSSING[flossed], gain_curves.FLOSSING_NAMES[flossed]
        )
    gains = sorted(of_rule["gain"].unique())
    without = [f"{gain:g}" for gain in gains if not (rows["gain"] == gain).any()]
    notes = gain_curves.edge_notes(of_rule) if stage == "trained" else []
    if rows.empty:
        panels.empty_message(panel, "All networks reach a common accuracy at none of the gains.")
    elif without:
        notes.append(f"No accuracy that all networks reach at gain {', '.join(without)}.")
    notes += gain_curves.unlearnt_notes(rows)
    beside = 0.04 * max(gains[-1] - gains[0], 1.0)
    panel.set_xlim(gains[0] - beside, gains[-1] + beside)
    panel.set_xlabel(gain_curves.gain_label(of_rule))
    panels.note(panel, notes)
