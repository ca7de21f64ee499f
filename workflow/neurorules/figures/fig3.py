"""Figure 3: BPTT at several learning rates: (A) distance to the recording, (B) distance to e-prop networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "BPTT at several learning rates, and its distance to e-prop"
TABLES = ("distances", "model_distances", "baselines")
PRODUCTS = ("pdf", "png", "csv")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its tables, concatenated and told apart by a column `panel`."""
    from neurorules.plotting import baseline_lines, curves, panels, style, titles
    from neurorules.tables.base.columns import below_each_other

    table = curves.procrustes_only(tables["distances"])
    table = table[table["learning_rule"] == "bptt"].reset_index(drop=True)
    curves.one_setting_each(table, ("learning_rate",))
    pairs = tables["model_distances"]
    for side in ("_a", "_b"):
        curves.one_setting_each(pairs, ("learning_rate",), side)
    line_styles = style.level_styles(sorted(table["learning_rate"].unique(), reverse=True))
    names = {rate: f"BPTT at {titles.rate_label(rate)}" for rate in line_styles}
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = panels.make_grid(max(1, len(parts)), 2, width=3.2)
    if not parts:
        for panel in axes.flat:
            panels.empty_message(panel, "This figure has no networks trained with BPTT.")
    for row, ((recording, task), rows) in zip(axes, parts, strict=False):
        title = titles.panel_title(rows, table.assign(setting=""), ", ")
        no_overlap = curves.draw_levels(row[0], rows, "learning_rate", line_styles, names)
        levels = baseline_lines.draw(row[0], baseline_lines.values_of(tables, rows))
        for rate, at_rate in rows.groupby("learning_rate"):
            levels += baseline_lines.mark(row[0], at_rate, line_styles[float(rate)]["color"])
        curves.format_panels([row[0]], rows, [no_overlap], levels)
        n = titles.seeds_text(rows.groupby("learning_rate")["seed"].nunique())
        row[0].set_title(f"{title}\nBPTT to the recording ({n})")
        of_part = pairs[(pairs["recording"] == recording) & (pairs["task"] == task)]
        _draw_pairs(row[1], of_part, line_styles, title)
    grey = {"color": "#555555", "linestyle": "none", "marker": "o"}
    stages = {"b: last checkpoint": grey, "b: matched accuracy": {**grey, "markerfacecolor": "white"}}
    rates = {names[rate]: line_styles[rate] for rate in line_styles}
    panels.legend_of(figure, {**rates, **stages, **baseline_lines.handles(list(axes.flat))})
    panels.give_letters(figure, {axes[0, 0]: "a", axes[0, 1]: "b"})
    panels.caption(
        figure,
        context,
        tables["distances"],
        [
            "a: thin lines are seeds over training checkpoints; thick lines are the mean over seeds at common "
            "accuracies, error bars are the SD over seeds.",
            *baseline_lines.caption_words(list(axes.flat)),
            "b: Procrustes distance from BPTT to e-prop networks over all steps of all test trials; small dots: each "
            "BPTT seed's mean over all e-prop seeds; large markers: their mean, error bars: SD over BPTT seeds.",
            "Filled: last checkpoint; open: each pair at the highest accuracy that both reach.",
        ],
    )
    csv = below_each_other([table.assign(panel="A"), pairs.assign(panel="B", measure="procrustes")])
    return {"figure": figure, "csv": csv}


def _draw_pairs(panel: Axes, pairs: pd.DataFrame, line_styles: Mapping[float, Mapping[str, Any]], title: str) -> None:
    from neurorules.plotting import panels, style, titles
    from neurorules.tables.base.levels import least_level
    from neurorules.tables.base.pairs import comparable, fixed_setting, pairs_between, seed_means

    to_eprop = pairs_between(pairs, "bptt", "eprop")
    panel.set_title(f"{title}\nBPTT to e-prop")
    if to_eprop.empty:
        panels.mark_empty([panel], "There are no networks of BPTT and e-prop to compare.")
        return
    to_eprop = to_eprop[to_eprop["setting_b"] == fixed_setting(to_eprop)]
    shown, note = comparable(to_eprop, least_level(to_eprop))
    means = seed_means(shown)
    for x, (rate, line_style) in enumerate(line_styles.items()):
        for stage, shift, face in (("trained", -0.15, line_style["color"]), ("matched", 0.15, "white")):
            seeds = means[(means["learning_rate_a"] == rate) & (means["stage"] == stage)]["distance"]
            if seeds.empty:
                continue
            panel.errorbar(
                x + shift,
                seeds.mean(),
                seeds.std(),
                color=line_style["color"],
                marker=line_style["marker"],
                markerfacecolor=face,
                markersize=5,
                capsize=2,
                linewidth=1,
            )
            panel.plot(
                np.full(len(seeds), x + shift - 0.1), seeds, ".", color=line_style["color"], markersize=3, alpha=0.6
            )
    panel.set_xticks(range(len(line_styles)), [titles.rate_label(rate) for rate in line_styles])
    panel.set(xlim=(-0.5, len(line_styles) - 0.5), ylabel=style.DISTANCE_LABEL)
    panel.set_xlabel("Learning rate of BPTT")
    panels.note(panel, titles.sentences(note))
    if means.empty:
        panels.empty_message(panel, "No pair of networks has learnt.")
        return
    n = titles.seeds_text(means.groupby(["learning_rate_a", "stage"])["seed_a"].nunique())
    panel.set_title(f"{title}\nBPTT ({n}) to e-prop (n = {to_eprop['seed_b'].nunique()})")
