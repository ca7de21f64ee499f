"""Figure 2: distance to the recording against normalized accuracy at several gains of the initial weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

TITLE = "Distance against accuracy by initial gain, and spread across gains and learning rules"
TABLES = ("distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import baseline_lines, curves, gain_curves, guessing, panels, style, titles
    from neurorules.tables.base.levels import least_level

    table = curves.procrustes_only(tables["distances"])
    curves.one_setting_each(table, ("gain",))
    line_styles = style.level_styles(sorted(table["gain"].unique()))
    names = {gain: f"gain {gain:g}" for gain in line_styles}
    learning_rules = sorted(table["learning_rule"].unique())
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = panels.make_grid(len(parts), len(learning_rules) + 1)
    for row, (_, rows) in zip(axes, parts, strict=True):
        # Settings are the lines, so titles name only other differences.
        title = titles.panel_title(rows, table.assign(setting=""), ", ")
        no_overlap, levels = [], []
        for panel, learning_rule in zip(row, learning_rules, strict=False):
            runs = rows[rows["learning_rule"] == learning_rule]
            no_overlap.append(curves.draw_levels(panel, runs, "gain", line_styles, names))
            if runs.empty:
                panel.set_title(f"{title}\n{titles.rule_label(learning_rule)}")
                panels.empty_message(panel, "Not trained with this learning rule.")
                continue
            # Untrained networks of different gains differ: each line starts with them.
            levels += baseline_lines.draw(panel, baseline_lines.values_of(tables, runs), baseline_lines.OF_RECORDING)
            for gain, at_gain in runs.groupby("gain"):
                levels += baseline_lines.mark(panel, at_gain, line_styles[float(gain)]["color"])
            n = titles.seeds_text(runs.groupby("gain")["seed"].nunique())
            panel.set_title(f"{title}\n{titles.rule_label(learning_rule)} ({n})")
        curves.format_panels(list(row[:-1]), rows, no_overlap, levels)
        learnt = learnt_gains(rows)
        accuracy, spread = spread_at_matched_accuracy(rows[rows["gain"].isin(learnt)])
        of_gains = "" if set(learnt) == set(rows["gain"]) else f" (gains {', '.join(f'{gain:g}' for gain in learnt)})"
        _draw_spread(row[-1], accuracy, spread, of_gains, least_level(rows))
    gains = {names[gain]: line_style for gain, line_style in line_styles.items()}
    panels.legend_of(figure, {**gains, **baseline_lines.handles(list(axes.flat))})
    panels.caption(
        figure,
        context,
        table,
        [
            "Thin lines: seeds (n in the title), over training checkpoints.",
            "Thick lines: mean over seeds at common accuracies; error bars: SD over seeds.",
            "Spread: SD of mean distances across gains (a dot per learning rule), "
            "across learning rules (a dot per gain), "
            "and across seeds (a dot per gain and learning rule); bars with numbers: mean of the dots; "
            "only gains at which every network has learnt (a quarter of the way from guessing to perfect, at least "
            "0.4), if there are two.",
            *gain_curves.gain_words(table),
            *guessing.words(table),
            *baseline_lines.caption_words(list(axes.flat)),
        ],
    )
    return {"figure": figure, "csv": table}


def learnt_gains(rows: pd.DataFrame) -> list[float]:
    """The gains at which every network learnt, all of them where these are fewer than two: the worst network sets the
    accuracy at which spreads are read."""
    from neurorules.tables.base.levels import least_level
    from neurorules.tables.base.matched import all_learnt

    least = least_level(rows)
    of_rules = rows.groupby(["gain", "learning_rule"])
    learnt = {key: all_learnt(group, least) for key, group in of_rules}
    gains = sorted(rows["gain"].unique())
    chosen = [gain for gain in gains if all(value for (of_gain, _), value in learnt.items() if of_gain == gain)]
    return chosen if len(chosen) > 1 else gains


def spread_at_matched_accuracy(rows: pd.DataFrame) -> tuple[float, dict[str, NDArray[Any]]]:
    """Spread of distances across gains, learning rules and seeds, at one accuracy.

    Args:
        rows: all networks of one recording, with columns gain, learning_rule, seed, update, accuracy, distance.

    Returns:
        The highest accuracy that all of these networks reach (NaN if there is none), and sample SDs: across gains for
        each learning rule and across learning rules for each gain, both of means over seeds; across seeds for each
        learning rule and gain. With only one gain, learning rule or seed, there is no SD across it.
    """
    import pandas as pd

    from neurorules.tables.base.matched import distance_at, highest_common_accuracy

    runs = dict(list(rows.groupby(["learning_rule", "gain", "seed"])))
    accuracy = highest_common_accuracy(runs.values())
    distances = pd.Series({key: float(distance_at(run, accuracy)) for key, run in runs.items()})
    means = distances.groupby(level=[0, 1]).mean()
    spread = {
        "gains": means.groupby(level=0).std(),
        "learning rules": means.groupby(level=1).std(),
        "seeds": distances.groupby(level=[0, 1]).std(),
    }
    return accuracy, {name: values.dropna().to_numpy() for name, values in spread.items()}


def _draw_spread(panel: Axes, accuracy: float, spread: Mapping[str, NDArray[Any]], of_gains: str, least: float) -> None:
    from neurorules.plotting import panels
    from neurorules.tables.base.levels import level_text

    if np.isnan(accuracy):
        panel.set_title("Spread at matched accuracy")
        panels.mark_empty([panel], "These networks reach no common accuracy.")
        return
    highest = max((values.max() for values in spread.values() if len(values)), default=1.0)
    for x, values in enumerate(spread.values()):
        if not len(values):
            panel.text(x, 0.05 * highest, "only\none", ha="center", va="bottom", fontsize=points(7))
            continue
        panel.bar(x, values.mean(), width=0.6, facecolor="#dddddd", edgecolor="#555555", linewidth=0.6)
        panel.plot(x + np.linspace(-0.15, 0.15, len(values)), values, "k.", markersize=4)
        panel.text(
            x, values.max() + 0.05 * highest, f"{values.mean():.4f}", ha="center", va="bottom", fontsize=points(7)
        )
    panel.set_xticks(range(len(spread)), [name.replace(" ", "\n") for name in spread], fontsize=points(6))
    panel.set_xlabel("across")
    panel.set(xlim=(-0.6, len(spread) - 0.4), ylim=(0, 1.25 * highest if highest > 0 else 1.0), ylabel="SD of distance")
    if accuracy < least:
        panels.note(panel, [f"Below accuracy {level_text(least)}: not all of these networks have learnt."])
    panel.set_title(f"Spread at accuracy {accuracy:.2f},\nreached by all{of_gains}")
