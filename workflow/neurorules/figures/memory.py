"""Accuracy of learning rules in each setting, such as a delay, and distance to the recording at equal accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Accuracy, and distance to the recording at equal accuracy, over settings such as the delay of a memory task"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    import pandas as pd

    from neurorules.plotting import baseline_lines, curves, over_settings, panels, style, titles
    from neurorules.tables.base.setting_stages import setting_stages

    distances = curves.procrustes_only(tables["distances"])
    table = setting_stages(distances)
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = panels.make_grid(len(parts), 3, width=3.3, height=2.6)
    for (correct, matched, trained), ((recording, task), rows) in zip(axes, parts, strict=True):
        settings = over_settings.ordered_settings(list(rows["setting"]), context)
        of_part = distances[(distances["recording"] == recording) & (distances["task"] == task)]
        values = baseline_lines.values_of(tables, of_part)
        title = titles.panel_title(rows, table.assign(setting=""), ", ")
        _draw(correct, rows, "trained", "fraction_correct", settings)
        guess = rows["guessing_fraction_correct"].max() if "guessing_fraction_correct" in rows else float("nan")
        over_settings.finish_fractions(correct, guess, title, settings)
        limits = list(rows["distance"])
        for panel, stage in ((matched, "matched"), (trained, "trained")):
            limits += baseline_lines.draw(panel, values, baseline_lines.OF_RECORDING)
            _draw(panel, rows, stage, "distance", settings)
        at = rows[rows["stage"] == "matched"].groupby("setting")["accuracy"].first()
        levels = {setting: f"at {at[setting]:.2f}" if setting in at else "no level" for setting in settings}
        over_settings.label_settings(matched, settings, levels)
        over_settings.label_settings(trained, settings)
        matched.set(ylabel=style.DISTANCE_LABEL, title=f"{title}\nmatched accuracy")
        trained.set(ylabel=style.DISTANCE_LABEL, title=f"{title}\nlast checkpoint")
        for panel in (matched, trained):
            panel.set_ylim(panels.distance_limits(pd.Series(limits)))
        panels.note(matched, unmatched_notes(rows, settings))
        if not len(at):
            panels.empty_message(matched, "No learning rule reaches an informative accuracy in any setting.")
    panels.legend(figure, list(axes.flat))
    panels.caption(
        figure,
        context,
        table,
        [
            "Dots: networks, one per seed (n in the legend). Markers: mean over seeds; error bars: SD over seeds.",
            "Fraction correct: test trials whose output is closer to the right answer than to any other.",
            "Matched: below each setting, the accuracy (normalized) at which its learning rules are compared, the "
            "highest that all of their networks reach, or else .9, .8 or the lowest informative accuracy, if at least "
            "three networks and half of each reach it. It differs between settings.",
            "Untrained: before the first update.",
            *baseline_lines.caption_words(list(axes.flat)),
        ],
    )
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, rows: pd.DataFrame, stage: str, value: str, settings: list[str]) -> None:
    """Draw a stage by learning rule, and the untrained networks, which learning rules share."""
    from neurorules.plotting import over_settings, style, titles

    rules = sorted(rows["learning_rule"].unique())
    for index, rule in enumerate(rules):
        of_rule = rows[rows["learning_rule"] == rule]
        label = f"{titles.rule_label(rule)} ({titles.seeds_text(of_rule.groupby('setting')['seed'].nunique())})"
        runs = of_rule[of_rule["stage"] == stage]
        over_settings.draw_line(
            *(panel, runs, value, settings, (index, len(rules) + 1), style.line_style(rule), label),
        )
    colour, line, marker = style.UNTRAINED
    untrained = rows[rows["stage"] == "untrained"].drop_duplicates(["setting", "seed", value])
    look = {"color": colour, "linestyle": line, "marker": marker}
    over_settings.draw_line(panel, untrained, value, settings, (len(rules), len(rules) + 1), look, "untrained")


def unmatched_notes(rows: pd.DataFrame, settings: list[str]) -> list[str]:
    """Sentences that name the learning rules and networks that are not compared in a setting.

    Args:
        rows: see `setting_stages`, of one recording and task.
        settings: in order.
    """
    from neurorules.plotting import titles

    notes = []
    for rule, of_rule in rows.groupby("learning_rule", sort=True):
        seeds = of_rule.groupby(["setting", "stage"])["seed"].nunique().unstack(fill_value=0)
        counts = [
            f"{setting}: {seeds['matched'].get(setting, 0) if 'matched' in seeds else 0} of {seeds['trained'][setting]}"
            for setting in settings
            if setting in seeds.index
            and (seeds["matched"].get(setting, 0) if "matched" in seeds else 0) < seeds["trained"][setting]
        ]
        notes += [f"Networks at the matched accuracy, {titles.rule_label(str(rule))}: {', '.join(counts)}."] * bool(
            counts
        )
    return notes
