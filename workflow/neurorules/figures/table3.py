"""Table 3: neuron-split noise floor, distances after training and of untrained networks, beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Noise floor, trained and untrained distances"
TABLES = ("noise_floor",)
PRODUCTS = ("csv", "md", "html")
PUBLISHED = "table3"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The table as data and as text to read."""
    from neurorules.claims.derivations.noise_floor_summary import noise_floor_groups, noise_floor_statistics

    table = noise_floor_statistics(noise_floor_groups(tables["noise_floor"]), context["published"])
    return {"csv": table, "md": _markdown(table, context)}


def _markdown(table: pd.DataFrame, context: Mapping[str, Any]) -> str:
    from neurorules.learning.base.learning_rule import LEARNING_RULES
    from neurorules.plotting import titles
    from neurorules.tables.base.columns import PANEL_GROUP

    title_of = {key: titles.panel_title(rows, table, ", ") for key, rows in table.groupby(PANEL_GROUP)}
    lines = ["# Table 3: distance between random groups of neurons and units", ""]
    if table["synthetic"].any():
        lines += ["**Synthetic recordings: these numbers say nothing about the brain.**", ""]
    header = [
        *("recording", "quantity", "mean ± SD over splits (n)", "published", "within 2 published SD", "accuracy"),
        *("SD over seeds (n)", "p vs floor, seeds", "p vs BPTT, seeds", "p equivalent to BPTT"),
    ]
    cells = []
    for row in table.to_dict("records"):
        quantity = row["quantity"]
        label = titles.rule_label(quantity) if quantity in LEARNING_RULES.names() else quantity
        published = (
            f"{row['published_mean']:.3f} ± {row['published_sd']:.3f}" if np.isfinite(row["published_mean"]) else "–"
        )
        near = abs(row["mean"] - row["published_mean"]) <= 2 * row["published_sd"]
        within = (
            "not compared (synthetic)" if row["synthetic"] else "–" if published == "–" else "yes" if near else "no"
        )
        line = [
            title_of[tuple(row[column] for column in PANEL_GROUP)],
            label,
            f"{row['mean']:.3f} ± {row['sd']:.3f} ({row['n']})",
            published,
            within,
            _number(row["accuracy"]),
            f"{_number(row['sd_seeds'])} ({row['n_seeds']})",
            _number(row["p_vs_floor_seeds"]),
            _number(row["p_vs_bptt_seeds"]),
            _number(row["p_equivalent_to_bptt_seeds"]),
        ]
        cells.append(line)
    lines += markdown.table(header, cells)
    sizes = markdown.plain(
        ", ".join(f"{title_of[key]}: {rows['group_size'].iloc[0]}" for key, rows in table.groupby(PANEL_GROUP))
    )
    lines += [
        "",
        f"Normalized Procrustes distance, 0 to 1. Settings: {markdown.listed(context['figure']['settings'])}. "
        f"Neurons and units per group: {sizes}. Floor: between two disjoint random groups of neurons. "
        "Models: between as many random units and the first of those groups; the last checkpoint, and the network "
        "before training. Accuracy is normalized: 1 is perfect, and it has no lower bound. "
        "Mean and SD run over all splits of all seeds. Tests take seeds as replicates: against the "
        "floor's mean a one-sample t-test, against BPTT Welch's; equivalence by two one-sided tests against the "
        "margin in the CSV. The published SD and p-values are over an unstated number of splits.",
    ]
    if context["left_out"]:
        lines += ["", f"Left out, recording not in this study: {markdown.listed(context['left_out'])}."]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:.3g}"
