"""The companion's Figure 3: the largest Lyapunov exponent before and after training over the gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Largest Lyapunov exponent before and after training over the initial gain"
TABLES = ("lyapunov",)
PRODUCTS = ("pdf", "png", "csv")

BEFORE = "before training"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and its table of largest exponents, including those of flossed networks."""
    from neurorules.plotting import curves, gain_curves, panels, titles

    exponents = tables["lyapunov"]
    curves.one_setting_each(exponents, ("gain", "flossed"))
    table = exponents[exponents["index"] == 1].reset_index(drop=True)
    learning_rules = sorted(table["learning_rule"].unique())
    parts = gain_curves.panel_groups(table, context)
    figure, axes = panels.make_grid(max(1, len(parts)), max(1, len(learning_rules)))
    for row, (_, rows) in zip(axes, parts, strict=True):
        title = titles.title_without_setting(rows, table)
        drawn = []
        for panel, learning_rule in zip(row, learning_rules, strict=True):
            name = titles.rule_label(learning_rule)
            runs = rows[rows["learning_rule"] == learning_rule]
            if runs.empty:
                panel.set_title(f"{title}, {name}")
                panels.mark_empty([panel], "Not trained with this learning rule.")
                continue
            drawn.append(panel)
            _draw(panel, runs, learning_rule)
            n = titles.seeds_text(runs.groupby(["gain", "flossed"])["seed"].nunique())
            panel.set_title(f"{title}, {name} ({n})")
        limits = [panel.get_ylim() for panel in drawn]
        for panel in drawn:
            panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        drawn[0].set_ylabel("Largest Lyapunov exponent\n(per time constant)")
    panels.legend(figure, list(axes.flat), order=(BEFORE,))
    words = [
        "Dots: seeds (n in the titles). Lines: mean over seeds.",
        gain_curves.BAND_WORDS,
        "Dotted horizontal line: 0, where signals neither grow nor shrink.",
        "Learning rates are in the figure's table.",
        *gain_curves.gain_words(tables["lyapunov"]),
    ]
    panels.caption(figure, context, tables["lyapunov"], words)
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, runs: pd.DataFrame, learning_rule: str) -> None:
    """Draw the exponents of one task and learning rule."""
    import numpy as np

    from neurorules.plotting import gain_curves, panels, style, titles

    colour, line, marker = style.UNTRAINED
    name = titles.rule_label(learning_rule)
    lines: dict[tuple[int, str], tuple[Mapping[str, Any], str]] = {
        (0, "untrained"): ({"color": colour, "linestyle": line, "marker": marker}, BEFORE),
        (0, "trained"): (style.line_style(learning_rule), f"after training by {name}"),
        (1, "untrained"): (style.JUST_FLOSSED, "flossed, before training"),
        (1, "trained"): (style.FLOSSING[1], "flossed, after training"),
    }
    panel.axhline(0.0, color="#999999", linewidth=0.6, linestyle=(0, (1, 2)))
    # If a step's Jacobian is singular, the exponent is minus infinity.
    finite = np.isfinite(runs["exponent"])
    for (flossed, stage), (line_style, label) in lines.items():
        visible = runs[finite & (runs["stage"] == stage) & (runs["flossed"] == flossed)]
        if flossed == 0 or not visible.empty:
            gain_curves.draw_over_gains(panel, visible, "exponent", line_style, label)
    notes = gain_curves.edge_notes(runs)
    if not finite.all():
        gains = sorted(runs.loc[~finite, "gain"].unique())
        notes.append(f"Not drawn, minus infinity in some seeds: gain {', '.join(f'{gain:g}' for gain in gains)}.")
    panel.set_xlabel(gain_curves.gain_label(runs))
    panels.note(panel, notes)
