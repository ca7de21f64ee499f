"""Loss over training by gain of the initial weights (companion paper, Figures 1, 2, 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.plotting import gain_curves
from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Share of the run left out of curves by gain, so that the initial fall does not dominate: 200 of 5000 updates.
NOT_SHOWN = 0.04

# On a loss curve, spaced by updates: spacing along a noisy curve would bunch them.
N_MARKERS = 6

MEAN_WORDS = "Lines: mean over seeds (n in the titles) of losses averaged over bins of updates."
LOSS_BAND_WORDS = "The lower end of a band is at least the lowest seed, because no loss is below 0."


def draw_loss(panel: Axes, runs: pd.DataFrame, line_style: Mapping[str, Any], label: str) -> None:
    """Draw the loss curve of one model."""
    every = max(1, runs["update"].nunique() // N_MARKERS)
    gain_curves.draw_mean(
        panel, runs, "update", "task_loss", line_style, label, floor=True, markevery=every, markersize=3
    )


def share_loss_axis(panels: Sequence[Axes], rows: pd.DataFrame, share: float) -> None:
    """Give panels of loss curves the same axes; the loss axis is logarithmic if means span more than a decade.

    Args:
        panels: of one task.
        rows: all that is drawn in them.
        share: of the run, which is not drawn.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    from neurorules.plotting import titles

    of_bin = rows.groupby(["learning_rule", "setting", "update"])["task_loss"]
    mean, sd = of_bin.mean(), of_bin.std().fillna(0.0)
    low, high = float((mean - sd).min()), float((mean + sd).max())
    logarithmic = 0 < 10 * mean.min() < mean.max()
    if logarithmic:
        low = max(low, float(mean.min()) / 2)  # a band may reach below 0
        limits = low / 1.1, high * 1.1
    else:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        limits = low - margin, high + margin
    updates = float(rows["updates"].max())
    for panel in panels:
        if logarithmic:
            panel.set_yscale("log")
        panel.set(xlim=(share * updates, updates), ylim=limits)
        if logarithmic:
            panel.yaxis.set_minor_formatter(NullFormatter())
        if logarithmic and limits[1] < 100 * limits[0]:
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.yaxis.set_major_formatter("{x:g}")
        elif logarithmic:
            panel.yaxis.set_major_formatter(lambda value, position: titles.power_of_ten(value))
    panels[0].set_ylabel("Task loss")


def loss_curves_by_gain(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """A figure of loss curves by gain, with one panel per task and learning rule, and its table.

    Flossed networks are left out.
    """
    from neurorules.plotting import curves, panels, style, titles
    from neurorules.tables.base.stages import later_than

    curves.one_setting_each(tables["loss_curve"], ("gain", "flossed"))
    table = later_than(gain_curves.unflossed(tables["loss_curve"]), NOT_SHOWN)
    line_styles = style.level_styles(sorted(table["gain"].unique()))
    learning_rules = sorted(table["learning_rule"].unique())
    tasks = gain_curves.panel_groups(table, context)
    figure, axes = panels.make_grid(max(1, len(tasks)), max(1, len(learning_rules)), width=3.5)
    if not tasks:
        panels.mark_empty(list(axes.flat), "This figure has no networks without flossing.")
    for row, (_, rows) in zip(axes, tasks, strict=False):
        title = titles.title_without_setting(rows, table)
        for panel, learning_rule in zip(row, learning_rules, strict=True):
            name = titles.rule_label(learning_rule)
            of_rule = rows[rows["learning_rule"] == learning_rule]
            if of_rule.empty:
                panel.set_title(f"{title}, {name}")
                panels.mark_empty([panel], "Not trained with this learning rule.")
                continue
            for gain, runs in of_rule.groupby("gain", sort=True):
                draw_loss(panel, runs, line_styles[gain], f"{gain:g} ({gain_curves.rates_text(runs)})")
            n = titles.seeds_text(of_rule.groupby("gain")["seed"].nunique())
            panel.set(title=f"{title}, {name} ({n})", xlabel="Update")
            # Next to the panel, where it hides nothing: each panel has its own learning rates.
            panel.legend(
                loc="upper left", bbox_to_anchor=(1.0, 1.05), title="gain (learning rate)", title_fontsize=points(7)
            )
            # Each panel has its own axis: one learning rule may reach a loss a hundred times lower than another.
            share_loss_axis([panel], of_rule, NOT_SHOWN)
    visible = set(table[["task", "learning_rule", "setting"]].itertuples(index=False, name=None))
    models = [model for model in context["models"] if tuple(model.values()) in visible]
    words = [
        MEAN_WORDS,
        gain_curves.BAND_WORDS,
        LOSS_BAND_WORDS,
        f"The first {NOT_SHOWN:.0%} of the updates are not shown.",
        *gain_curves.gain_words(tables["loss_curve"]),
    ]
    panels.caption(
        figure, {**context, "models": models}, tables["loss_curve"], [*words, *gain_curves.edge_words(table)]
    )
    return {"figure": figure, "csv": table}
