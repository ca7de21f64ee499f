"""Distance to the recording over the gain of the initial weights: before, after training and at equal accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Distance to the recording over the initial gain"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")

STAGES = {"untrained": "untrained", "trained": "last checkpoint", "matched": "matched accuracy"}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    import pandas as pd

    from neurorules.plotting import baseline_lines, curves, gain_curves, panels, style, titles
    from neurorules.tables.base.stages import at_stages

    distances = curves.procrustes_only(tables["distances"])
    curves.one_setting_each(distances, ("gain",))
    table = at_stages(distances)
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = panels.make_grid(len(parts), len(STAGES))
    for row, (key, rows) in zip(axes, parts, strict=True):
        of_part = distances[(distances[["recording", "task"]] == list(key)).all(axis=1)]
        values, limits = baseline_lines.values_of(tables, of_part), list(rows["distance"])
        title = titles.panel_title(rows, table.assign(setting=""), ", ")
        for panel, (stage, name) in zip(row, STAGES.items(), strict=True):
            limits += baseline_lines.draw(panel, values, baseline_lines.OF_RECORDING)
            _draw(panel, rows[rows["stage"] == stage], rows)
            if stage == "trained":
                for (rule, gain), runs in of_part.groupby(["learning_rule", "gain"]):
                    limits += baseline_lines.mark(panel, runs, style.line_style(str(rule))["color"], float(gain))
            panel.set(title=f"{title}\n{name}", ylabel=style.DISTANCE_LABEL)
        for panel in row:
            panel.set(ylim=panels.distance_limits(pd.Series(limits)))
    panels.legend(figure, list(axes.flat))
    panels.caption(
        figure,
        context,
        table,
        [
            "Dots: seeds (n in the legend). Lines: mean over seeds; error bars: SD over seeds.",
            "Matched accuracy: per gain, the highest accuracy that all networks of the panel reach at that gain.",
            "Points of different learning rules are slightly offset.",
            *gain_curves.gain_words(table),
            *baseline_lines.caption_words(list(axes.flat)),
        ],
    )
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, rows: pd.DataFrame, of_part: pd.DataFrame) -> None:
    """Draw one stage over gain, by learning rule; `of_part` has all stages."""
    from neurorules.plotting import gain_curves, panels, style, titles

    gains, learning_rules = sorted(of_part["gain"].unique()), sorted(of_part["learning_rule"].unique())
    beside = 0.008 * max(gains[-1] - gains[0], 1.0)
    notes = []
    for index, learning_rule in enumerate(learning_rules):
        line_style, name = style.line_style(learning_rule), titles.rule_label(learning_rule)
        runs = rows[rows["learning_rule"] == learning_rule]
        shift = beside * (2 * index - len(learning_rules) + 1)
        seeds = of_part.loc[of_part["learning_rule"] == learning_rule].groupby("gain")["seed"].nunique()
        of_gain = runs.groupby("gain")["distance"]
        mean = of_gain.mean()
        panel.errorbar(
            mean.index + shift,
            mean,
            of_gain.std(),
            **line_style,
            markersize=3.5,
            capsize=1.5,
            elinewidth=0.8,
            label=f"{name} (n = {seeds.max()})",
        )
        panel.plot(runs["gain"] + shift, runs["distance"], ".", color=line_style["color"], markersize=2.5, alpha=0.5)
        for n, fewer in seeds[seeds < seeds.max()].groupby(seeds):
            notes.append(f"{name}: n = {n} at gain {', '.join(f'{gain:g}' for gain in fewer.index)}.")
    without = [f"{gain:g}" for gain in gains if not (rows["gain"] == gain).any()]
    if without and not rows.empty:
        notes.append(f"No accuracy that all networks reach at gain {', '.join(without)}.")
    if rows.empty:
        panels.empty_message(panel, "All networks reach a common accuracy at none of the gains.")
    notes += gain_curves.unlearnt_notes(rows)
    panel.set_xlim(gains[0] - 5 * beside, gains[-1] + 5 * beside)
    panel.set_xlabel(gain_curves.gain_label(of_part))
    panels.note(panel, notes)
