"""Accuracy of learning rules in each setting, and distances between their networks, without a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Accuracy, and distances between networks at equal accuracy, over settings such as the delay of a task"
TABLES = ("setting_distances",)
PRODUCTS = ("pdf", "png", "csv")

STAGE = "matched_common"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import over_settings, panels, style, titles
    from neurorules.tables.base.pairs import of_different_networks

    table = tables["setting_distances"]
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = panels.make_grid(max(1, len(parts)), 2, width=3.6, height=2.5)
    if not parts:
        panels.mark_empty(list(axes.flat), "There are no two networks of the same setting to compare.")
    for (correct, apart), (_, rows) in zip(axes, parts, strict=False):
        settings = over_settings.ordered_settings(list(rows["setting_a"]), context)
        title = titles.title_without_setting(rows.assign(setting=""), table.assign(setting=""))
        networks = networks_of(rows)
        rules = sorted(networks["learning_rule"].unique())
        for index, rule in enumerate(rules):
            runs = networks[networks["learning_rule"] == rule]
            label = f"{titles.rule_label(rule)} ({titles.seeds_text(runs.groupby('setting')['seed'].nunique())})"
            look = style.line_style(rule)
            over_settings.draw_line(correct, runs, "fraction_correct", settings, (index, len(rules)), look, label)
        guess = rows["guessing_fraction_correct"].max()
        over_settings.finish_fractions(correct, guess, title, settings)
        matched = of_different_networks(rows[rows["stage"] == STAGE])
        kinds = list(matched.groupby(["learning_rule_a", "learning_rule_b"], sort=True))
        for index, ((a, b), pairs) in enumerate(kinds):
            within = f"{titles.rule_label(str(a))}, over seeds"
            label = within if a == b else f"{titles.rule_label(str(a))} to {titles.rule_label(str(b))}"
            colour, line, marker = style.BETWEEN
            look = style.line_style(str(a)) if a == b else {"color": colour, "linestyle": line, "marker": marker}
            place = (index, len(kinds))
            over_settings.draw_line(apart, pairs, "distance", settings, place, look, label, column="setting_a")
        level = matched.groupby("setting_a")[["accuracy_a", "accuracy_b"]].mean().mean(axis=1)
        counts = matched.groupby("setting_a").size()
        words = {s: f"at {level[s]:.2f}, {counts[s]} pairs" if s in level else "no pairs" for s in settings}
        over_settings.label_settings(apart, settings, words)
        apart.set(ylabel=style.DISTANCE_LABEL, title=f"{title}\nmatched accuracy")
        if matched.empty:
            panels.empty_message(apart, "No two networks reach an informative accuracy in any setting.")
    panels.legend(figure, list(axes.flat))
    panels.caption(
        figure,
        context,
        table,
        [
            "Left, dots: networks, one per seed (n in the legend). Markers: mean over seeds; error bars: SD over "
            "seeds. Right, dots: pairs of networks of one setting; pairs that share a network are not independent. "
            "Markers: mean over pairs; error bars: SD over pairs.",
            "Matched: below each setting, the lowest of the best accuracies (normalized) of its networks that have "
            "learnt, as a mean over the checkpoints nearest to it. Networks that have not learnt are left out.",
            "'Over seeds': networks of one learning rule that differ in their seed.",
        ],
    )
    return {"figure": figure, "csv": table}


def networks_of(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each network after training, from the pairs that contain it.

    Args:
        pairs: columns stage; learning_rule, setting, seed, accuracy and fraction_correct of both sides.

    Returns:
        One row per network with these columns, without the side.
    """
    import pandas as pd

    names = ["learning_rule", "setting", "seed", "accuracy", "fraction_correct"]
    trained = pairs[pairs["stage"] == "trained"]
    sides = [trained[[f"{name}_{side}" for name in names]].set_axis(names, axis=1) for side in "ab"]
    return pd.concat(sides).drop_duplicates(names[:3]).reset_index(drop=True)
