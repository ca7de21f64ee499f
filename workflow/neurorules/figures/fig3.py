"""Figure 3: BPTT at several learning rates: (A) distance to the recording, (B) distance to e-prop's networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "BPTT at several learning rates, and its distance to e-prop"
TABLES = ("distances", "model_distances")
PRODUCTS = ("pdf", "png", "csv")

WHOLE_NUMBERS = ("seed", "update", "seed_a", "seed_b", "update_a", "update_b")


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the tables that it is drawn from, below each other and told apart by a column `panel`."""
    import pandas as pd

    from neurorules.figures.model_distances import rate_label, with_learning_rates
    from neurorules.plotting import curves, style
    from neurorules.statistics.noise_floor import part_title

    table = curves.procrustes_only(tables["distances"])
    table = table[table["learning_rule"] == "bptt"].reset_index(drop=True)
    table["learning_rate"] = curves.varied(table, context, "learning_rate")
    pairs = with_learning_rates(tables["model_distances"], context)
    looks = style.levels(sorted(table["learning_rate"].unique(), reverse=True))
    names = {rate: f"BPTT at {rate_label(rate)}" for rate in looks}
    parts = list(table.groupby(["recording", "task"], sort=True))
    figure, axes = style.grid(max(1, len(parts)), 2, width=3.2)
    if not parts:
        for panel in axes.flat:
            style.say(panel, "This figure has no networks trained by BPTT.")
    for row, ((recording, task), rows) in zip(axes, parts, strict=False):
        title = part_title(rows, table.assign(setting=""), ", ")
        apart = curves.draw_levels(row[0], rows, "learning_rate", looks, names)
        curves.finish([row[0]], rows, [apart], [])
        n = curves.seeds_text(rows.groupby("learning_rate")["seed"].nunique())
        row[0].set_title(f"A  {title}\nBPTT to the recording ({n})")
        of_part = pairs[(pairs["recording"] == recording) & (pairs["task"] == task)]
        _draw_pairs(row[1], of_part, looks, title)
    grey = {"color": "#555555", "linestyle": "none", "marker": "o"}
    moments = {"B: last checkpoint": grey, "B: matched accuracy": {**grey, "markerfacecolor": "white"}}
    style.legend_of(figure, {**{names[rate]: look for rate, look in looks.items()}, **moments})
    style.caption(
        figure,
        context,
        tables["distances"],
        [
            "A: thin lines are seeds over training checkpoints; thick lines the mean over seeds at common accuracies, "
            "error bars the SD over seeds.",
            "B: Procrustes distance of BPTT's networks to e-prop's over all steps of all test trials; small dots: each "
            "BPTT seed's mean over all e-prop seeds; large markers: their mean, error bars: SD over BPTT seeds.",
            "Filled: last checkpoint; open: each pair where both first reach the highest accuracy that both reach.",
        ],
    )
    csv = pd.concat([table.assign(panel="A"), pairs.assign(panel="B", measure="procrustes")], ignore_index=True)
    # Below each other, a part's missing columns would turn whole numbers into floats.
    whole = {column: "Int64" for column in WHOLE_NUMBERS if column in csv}
    return {"figure": figure, "csv": csv.astype(whole)}


def _draw_pairs(panel: Axes, pairs: pd.DataFrame, looks: Mapping[float, Mapping[str, Any]], title: str) -> None:
    from neurorules.figures.model_distances import between, fixed_setting, rate_label, seed_means
    from neurorules.plotting import curves, style

    to_eprop = between(pairs, "bptt", "eprop")
    panel.set_title(f"B  {title}\nBPTT to e-prop")
    if to_eprop.empty:
        panel.set(xticks=[], yticks=[])
        style.say(panel, "There are no networks of both BPTT and e-prop to compare.")
        return
    to_eprop = to_eprop[to_eprop["setting_b"] == fixed_setting(to_eprop)]
    means = seed_means(to_eprop)
    for x, (rate, look) in enumerate(looks.items()):
        for moment, shift, face in (("last", -0.15, look["color"]), ("matched", 0.15, "white")):
            seeds = means[(means["learning_rate_a"] == rate) & (means["moment"] == moment)]["distance"]
            if seeds.empty:
                continue
            panel.errorbar(
                x + shift,
                seeds.mean(),
                seeds.std(),
                color=look["color"],
                marker=look["marker"],
                markerfacecolor=face,
                markersize=5,
                capsize=2,
                linewidth=1,
            )
            panel.plot(np.full(len(seeds), x + shift - 0.1), seeds, ".", color=look["color"], markersize=3, alpha=0.6)
    panel.set_xticks(range(len(looks)), [rate_label(rate) for rate in looks])
    panel.set(xlim=(-0.5, len(looks) - 0.5), xlabel="Learning rate of BPTT", ylabel=style.DISTANCE_LABEL)
    n = curves.seeds_text(means.groupby(["learning_rate_a", "moment"])["seed_a"].nunique())
    panel.set_title(f"B  {title}\nBPTT ({n}) to e-prop (n = {to_eprop['seed_b'].nunique()})")
