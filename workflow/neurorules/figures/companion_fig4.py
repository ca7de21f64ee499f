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

# Share of the run that is left out: the paper's curves start at update 2000; our runs have 5000.
NOT_SHOWN = 0.4


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table."""
    from neurorules.plotting import curves, gain_curves, loss_curves, panels, titles
    from neurorules.tables.base.stages import later_than

    curves.one_setting_each(tables["loss_curve"], ("gain", "flossed"))
    table = later_than(tables["loss_curve"], NOT_SHOWN)
    gains = sorted(table["gain"].unique())
    parts = gain_curves.panel_groups(table, context, "learning_rule")
    figure, axes = panels.make_grid(len(parts), len(gains), width=2.0)
    for row, ((_, _, learning_rule), rows) in zip(axes, parts, strict=True):
        title = f"{titles.title_without_setting(rows, table)}, {titles.rule_label(learning_rule)}"
        drawn = []
        for panel, gain in zip(row, gains, strict=True):
            at_gain = rows[rows["gain"] == gain]
            if at_gain.empty:
                panel.set_title(f"{title}\ngain {gain:g}")
                panels.mark_empty([panel], "No networks at this gain.")
                continue
            drawn.append(panel)
            _draw(panel, at_gain)
            n = titles.seeds_text(at_gain.groupby("flossed")["seed"].nunique())
            panel.set_title(f"{title}\ngain {gain:g} ({n})")
        loss_curves.share_loss_axis(drawn, rows, NOT_SHOWN)
        for panel in drawn[1:]:
            panel.tick_params(labelleft=False)
    panels.legend(figure, list(axes.flat), order=tuple(gain_curves.FLOSSING_NAMES.values()))
    words = [
        loss_curves.MEAN_WORDS,
        gain_curves.BAND_WORDS,
        loss_curves.LOSS_BAND_WORDS,
        f"The first {NOT_SHOWN:.0%} of the updates are not shown.",
        "lr: learning rate.",
        "Flossing updates are truncated in time only; the basis of the exponents spans the entire network.",
        *gain_curves.gain_words(tables["loss_curve"]),
    ]
    panels.caption(figure, context, tables["loss_curve"], [*words, *gain_curves.edge_words(table)])
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw the curves of one task, learning rule and gain; the caption gives their learning rates."""
    from neurorules.plotting import gain_curves, loss_curves, panels, style

    notes = []
    for flossed, name in gain_curves.FLOSSING_NAMES.items():
        runs = rows[rows["flossed"] == flossed]
        if runs.empty:
            notes.append(f"{name}: no networks")
            continue
        loss_curves.draw_loss(panel, runs, style.FLOSSING[flossed], name)
        notes.append(f"{name}: lr {gain_curves.rates_text(runs)}")
    panel.set_xlabel("Update")
    panels.note(panel, [f"{'; '.join(notes)}."])
