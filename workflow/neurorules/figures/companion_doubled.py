"""Loss over training with twice the units, and with twice the batch, by gain (the companion's Appendix A)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Loss over training by initial gain, with twice the units and twice the batch"
TABLES = ("loss_curve",)
PRODUCTS = ("pdf", "png", "csv")

GAIN_PREFIX = "gain-"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure, with one panel per task, learning rule and doubled quantity, and its table."""
    from neurorules.plotting import gain_curves, loss_curves, panels, style, titles
    from neurorules.tables.base.stages import later_than

    curves = later_than(gain_curves.unflossed(tables["loss_curve"]), loss_curves.NOT_SHOWN)
    table = curves.assign(panel=curves["setting"].map(doubled))
    line_styles = style.level_styles(sorted(table["gain"].unique()))
    parts = gain_curves.panel_groups(table, context, "learning_rule", "panel")
    figure, axes = panels.make_panels(max(1, len(parts)), width=3.5, per_row=2)
    if not parts:
        panels.mark_empty(axes[:1], "This figure has no networks without flossing.")
    for panel, ((_, _, learning_rule, what), rows) in zip(axes, parts, strict=False):
        for gain, runs in rows.groupby("gain", sort=True):
            loss_curves.draw_loss(panel, runs, line_styles[gain], f"{gain:g} ({gain_curves.rates_text(runs)})")
        n = titles.seeds_text(rows.groupby("gain")["seed"].nunique())
        title = titles.title_without_setting(rows, table)
        panel.set(title=f"{title}, {titles.rule_label(str(learning_rule))}\n{what} ({n})", xlabel="Update")
        panel.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.05), title="gain (learning rate)", title_fontsize=points(7)
        )
        loss_curves.share_loss_axis([panel], rows, loss_curves.NOT_SHOWN)
    words = [
        loss_curves.MEAN_WORDS,
        gain_curves.BAND_WORDS,
        loss_curves.LOSS_BAND_WORDS,
        f"The first {loss_curves.NOT_SHOWN:.0%} of the updates are not shown.",
        *gain_curves.gain_words(table),
        *gain_curves.edge_words(table),
    ]
    panels.caption(figure, context, tables["loss_curve"], words)
    return {"figure": figure, "csv": table}


def doubled(setting: str) -> str:
    """A setting's name without its gain: "units-128" for gain-0.2-units-128, "base" for a gain alone."""
    if not setting.startswith(GAIN_PREFIX):
        return setting
    return "-".join(setting.split("-")[2:]) or "base"
