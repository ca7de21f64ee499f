"""Table 3: neuron-split noise floor, distances of trained and untrained networks, and the published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import markdown

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Noise floor, trained and untrained distances"
TABLES = ("noise_floor", "resampled_distances")
PRODUCTS = ("csv", "md", "html")
PUBLISHED = "table3"


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The table as data and as text to read."""
    from neurorules.claims.derivations.neuron_seed_intervals import interval_table
    from neurorules.claims.derivations.noise_floor_summary import noise_floor_groups, noise_floor_statistics

    table = noise_floor_statistics(noise_floor_groups(tables["noise_floor"]), context["published"])
    intervals = interval_table(tables["resampled_distances"]) if "resampled_distances" in tables else None
    return {"csv": table, "md": _markdown(table, intervals, context)}


def _markdown(table: pd.DataFrame, intervals: pd.DataFrame | None, context: Mapping[str, Any]) -> str:
    from neurorules.plotting import titles
    from neurorules.tables.base.columns import PANEL_GROUP

    title_of = {key: titles.panel_title(rows, table, ", ") for key, rows in table.groupby(PANEL_GROUP)}
    lines = ["# Table 3: distance between random groups of neurons and units", ""]
    if table["synthetic"].any():
        lines += ["**Synthetic recordings: these numbers say nothing about the brain.**", ""]
    header = [
        *("recording", "quantity", "mean ± SD over splits (n)", "published", "within 2 published SD", "accuracy"),
        *("SD over seeds (n)", "p vs floor, seeds", "minus average (p)", "p vs BPTT, seeds", "p equivalent to BPTT"),
    ]
    cells = []
    for row in table.to_dict("records"):
        quantity = row["quantity"]
        published = (
            f"{row['published_mean']:.3f} ± {row['published_sd']:.3f}" if np.isfinite(row["published_mean"]) else "–"
        )
        near = abs(row["mean"] - row["published_mean"]) <= 2 * row["published_sd"]
        within = (
            "not compared (synthetic)" if row["synthetic"] else "–" if published == "–" else "yes" if near else "no"
        )
        line = [
            title_of[tuple(row[column] for column in PANEL_GROUP)],
            _label(quantity),
            f"{row['mean']:.3f} ± {row['sd']:.3f} ({row['n']})",
            published,
            within,
            _number(row["accuracy"]),
            f"{_number(row['sd_seeds'])} ({row['n_seeds']})",
            _number(row["p_vs_floor_seeds"]),
            f"{row['difference_from_average']:+.3f} ({_number(row['p_vs_average_seeds'])})"
            if np.isfinite(row["difference_from_average"])
            else "–",
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
        "Models: between the same number of random units and the first of these groups, at the last checkpoint and "
        "before training. Accuracy is normalized: 1 is perfect, with no lower bound. "
        "Average: the second group's average over conditions in place of a network. Shuffled: the network's conditions "
        "in a new random order for each split, none in its place; turned: each reach compared with the opposite one. "
        "Mean and SD are over all splits of all seeds. Tests use seeds as replicates: one-sample t-tests against the "
        "floor's and the average's mean, Welch's against BPTT; equivalence by two one-sided tests against the "
        "margin in the CSV. The paper does not state the number of splits of its SD and p-values. Published rows are "
        "one network each: the authors' own public networks, one per learning rule, give .395 ± .021 and "
        ".446 ± .031 over splits of Hatsopoulos 2007. Ours are over seeds as well.",
    ]
    if intervals is not None and len(intervals):
        lines += ["", *_interval_lines(intervals)]
    if context["left_out"]:
        lines += ["", f"Left out, recording not in this study: {markdown.listed(context['left_out'])}."]
    return "\n".join(lines) + "\n"


def _label(quantity: str) -> str:
    """A row's name: `bptt_shuffled` is "BPTT, conditions shuffled"."""
    from neurorules.claims.derivations.noise_floor_summary import AVERAGE, network_of
    from neurorules.learning.base.learning_rule import LEARNING_RULES
    from neurorules.plotting import titles
    from neurorules.plotting.imported import imported_networks

    name = network_of(quantity)
    order = {"": "", "_shuffled": ", conditions shuffled", "_rotated": ", reaches turned"}[quantity[len(name) :]]
    if name in LEARNING_RULES.names() or name in imported_networks():
        return titles.rule_label(name) + order
    return ("cross-condition average" if name == AVERAGE else name) + order


def _interval_lines(intervals: pd.DataFrame) -> list[str]:
    """The table of differences from BPTT with intervals over neurons, seeds and, if available, trials."""
    from neurorules.claims.derivations.neuron_seed_intervals import over_words
    from neurorules.plotting import titles

    header = ["recording", "at", "learning rule - BPTT", "difference [95%]", "SD over neurons", "SE over seeds"]
    cells = [
        [
            titles.panel_title(row.to_frame().T, intervals, ", "),
            "the end" if row["stage"] == "trained" else f"accuracy {row['accuracy']:g}",
            titles.rule_label(row["learning_rule"]),
            f"{row['difference_from_bptt']:+.3f} "
            + markdown.interval((row["low_neurons_seeds"], row["high_neurons_seeds"])),
            _number(row["sd_neurons"]),
            _number(row["se_seeds"]),
            f"{row['n_seeds']}, {row['n_seeds_bptt']}",
            f"{row['neurons']}",
        ]
        for _, row in intervals.iterrows()
    ]
    return [
        f"## Differences from BPTT over {over_words(intervals)}",
        "",
        *markdown.table([*header, "seeds (rule, BPTT)", "neurons"], cells),
        "",
        f"Distances to all neurons. Intervals: hierarchical bootstrap over {over_words(intervals)} (the same "
        f"{intervals['neuron_resamples'].max()} resamples for both learning rules). They cover other "
        "neurons of the population and other seeds; the tests above cover other seeds with these neurons. At an "
        "accuracy: networks that reach it."
        + (" Trials are drawn separately for each neuron." if intervals["trials_resampled"].any() else ""),
    ]


def _number(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:.3g}"
