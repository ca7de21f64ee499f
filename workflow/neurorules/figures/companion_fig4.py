"""The companion's Figure 4: loss curves with and without gradient flossing before training, by gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Loss over training with and without gradient flossing, by initial gain"
TABLES = ("loss_curve",)
PRODUCTS = ("pdf", "png", "csv")

# Share of the run that is left out: the paper's curves start at update 2000, of (ours) 5000.
NOT_SHOWN = 0.4


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from."""
    from neurorules.plotting import companion, curves, style

    table = companion.later_than(companion.with_gains(tables["loss_curve"], context), NOT_SHOWN)
    gains = sorted(table["gain"].unique())
    parts = companion.parts(table, context, "learning_rule")
    figure, axes = style.grid(len(parts), len(gains), width=2.0)
    for row, ((_, _, learning_rule), rows) in zip(axes, parts, strict=True):
        title = f"{companion.title_of(rows, table)}, {style.rule_label(learning_rule)}"
        drawn = []
        for panel, gain in zip(row, gains, strict=True):
            at_gain = rows[rows["gain"] == gain]
            if at_gain.empty:
                panel.set_title(f"{title}\ngain {gain:g}")
                companion.nothing([panel], "No networks at this gain.")
                continue
            drawn.append(panel)
            _draw(panel, at_gain)
            n = curves.seeds_text(at_gain.groupby("flossed")["seed"].nunique())
            panel.set_title(f"{title}\ngain {gain:g} ({n})")
        companion.share_loss_axis(drawn, rows, NOT_SHOWN)
        for panel in drawn[1:]:
            panel.tick_params(labelleft=False)
    style.legend(figure, list(axes.flat), order=tuple(companion.FLOSSING_NAMES.values()))
    words = [
        companion.MEAN_WORDS,
        companion.BAND_WORDS,
        companion.LOSS_BAND_WORDS,
        f"The first {NOT_SHOWN:.0%} of the updates are not shown.",
        "lr: learning rate.",
    ]
    style.caption(figure, context, tables["loss_curve"], [*words, *companion.edge_words(table)])
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw the curves of one task, learning rule and gain; their learning rates stand below the axis."""
    from neurorules.plotting import companion

    lines = ["Update"]
    for flossed, name in companion.FLOSSING_NAMES.items():
        runs = rows[rows["flossed"] == flossed]
        if runs.empty:
            lines.append(f"{name}: no networks")
            continue
        companion.draw_loss(panel, runs, companion.FLOSSING[flossed], name)
        lines.append(f"{name}: lr {companion.rates_of(runs)}")
    panel.set_xlabel("\n".join(lines))
