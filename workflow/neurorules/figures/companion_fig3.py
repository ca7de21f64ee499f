"""The companion's Figure 3: the largest Lyapunov exponent before and after training over the gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Largest Lyapunov exponent before and after training over the initial gain"
TABLES = ("lyapunov", "loss_curve")
PRODUCTS = ("pdf", "png", "csv")

BEFORE = "before training"
JUST_FLOSSED = {"color": "#7fb5bf", "linestyle": (0, (1, 1)), "marker": "D"}


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure and the table that it is drawn from: largest exponents, of flossed networks too."""
    from neurorules.plotting import companion, curves, style

    exponents = companion.with_gains(tables["lyapunov"], context)
    largest = exponents[exponents["index"] == 1]
    table = companion.with_learning_rates(largest, tables["loss_curve"])
    learning_rules = sorted(table["learning_rule"].unique())
    parts = companion.parts(table, context)
    figure, axes = style.grid(max(1, len(parts)), max(1, len(learning_rules)))
    for row, (_, rows) in zip(axes, parts, strict=True):
        title = companion.title_of(rows, table)
        drawn = []
        for panel, learning_rule in zip(row, learning_rules, strict=True):
            name = style.rule_label(learning_rule)
            runs = rows[rows["learning_rule"] == learning_rule]
            if runs.empty:
                panel.set_title(f"{title}, {name}")
                companion.nothing([panel], "Not trained by this learning rule.")
                continue
            drawn.append(panel)
            _draw(panel, runs, learning_rule)
            n = curves.seeds_text(runs.groupby(["gain", "flossed"])["seed"].nunique())
            panel.set_title(f"{title}, {name} ({n})")
        limits = [panel.get_ylim() for panel in drawn]
        for panel in drawn:
            panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        drawn[0].set_ylabel("Largest Lyapunov exponent\n(per time constant)")
    style.legend(figure, list(axes.flat), order=(BEFORE,))
    words = [
        "Dots: seeds (n in the titles). Lines: mean over seeds.",
        companion.BAND_WORDS,
        "Dotted horizontal line: 0, where signals neither grow nor shrink.",
        "Learning rates are in the figure's table.",
    ]
    style.caption(figure, context, tables["lyapunov"], words)
    return {"figure": figure, "csv": table}


def _draw(panel: Axes, runs: pd.DataFrame, learning_rule: str) -> None:
    """Draw the exponents of one task and learning rule."""
    import numpy as np

    from neurorules.plotting import companion, style

    colour, line, marker = style.UNTRAINED
    look, name = style.look(learning_rule), style.rule_label(learning_rule)
    looks: dict[tuple[int, str], tuple[Mapping[str, Any], str]] = {
        (0, "initial"): ({"color": colour, "linestyle": line, "marker": marker}, BEFORE),
        (0, "trained"): (look, f"after training by {name}"),
        (1, "initial"): (JUST_FLOSSED, "flossed, before training"),
        (1, "trained"): (companion.FLOSSING[1], "flossed, after training"),
    }
    panel.axhline(0.0, color="#999999", linewidth=0.6, linestyle=(0, (1, 2)))
    # Where a step's Jacobian is singular, the exponent is minus infinity.
    finite = np.isfinite(runs["exponent"])
    for (flossed, moment), (drawn_as, label) in looks.items():
        shown = runs[finite & (runs["moment"] == moment) & (runs["flossed"] == flossed)]
        if flossed == 0 or not shown.empty:
            companion.draw_over_gains(panel, shown, "exponent", drawn_as, label)
    notes = companion.edge_notes(runs)
    if not finite.all():
        gains = sorted(runs.loc[~finite, "gain"].unique())
        notes.append(f"Not drawn, minus infinity in some seeds: gain {', '.join(f'{gain:g}' for gain in gains)}.")
    style.note(panel, "Gain of the initial weights", notes)
