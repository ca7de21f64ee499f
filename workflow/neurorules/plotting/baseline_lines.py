"""Lines across a panel of distances: what a distance to the recording is to be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

AVERAGE, FLOOR, UNTRAINED = "cross_condition_average", "neuron_split_whole", "untrained"
SHUFFLED, ROTATED = "distance_shuffled", "distance_rotated"

# Of a table of type `baselines`, and of one of type `distances`.
OF_RECORDING, OF_NETWORKS = (AVERAGE, FLOOR), (UNTRAINED, SHUFFLED, ROTATED)

NAMES = {
    AVERAGE: "cross-condition average",
    FLOOR: "neuron-split floor, extrapolated",
    UNTRAINED: "untrained",
    SHUFFLED: "conditions shuffled",
    ROTATED: "reaches turned by 180°",
}
LINES: Mapping[str, Mapping[str, Any]] = {
    AVERAGE: {"color": "#ff7f0e", "linestyle": ":", "linewidth": 1.2},
    FLOOR: {"color": "#ff7f0e", "linestyle": (0, (8, 2)), "linewidth": 0.8},
    UNTRAINED: {"color": "#8c8c8c", "linestyle": (0, (4, 2)), "linewidth": 0.8},
    SHUFFLED: {"color": "#7b5ea7", "linestyle": (0, (1, 1)), "linewidth": 1.0},
    ROTATED: {"color": "#7b5ea7", "linestyle": (0, (5, 1, 1, 1)), "linewidth": 0.8},
}
WORDS = {
    AVERAGE: "cross-condition average: the recording's own average over conditions in place of a network",
    FLOOR: "floor: between two disjoint groups of half the neurons, extrapolated to groups of all neurons by a "
    "power law",
    UNTRAINED: "untrained: before the first update, mean over networks",
    SHUFFLED: "conditions shuffled: networks after training with no condition in its place, mean over random orders "
    "and networks",
    ROTATED: "reaches turned: the same with each reach compared with the opposite one",
}


def values_of(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, measure: str = "procrustes") -> dict[str, float]:
    """The baselines of one recording and some networks, as far as the tables have them.

    Args:
        tables: with one of type `baselines`, if there is one.
        rows: of one recording and task, of tables of type `distances` for what is about networks.
        measure: the measure of similarity.
    """
    found: dict[str, float] = {}
    if "baselines" in tables:
        known = tables["baselines"]
        known = known[(known["recording"] == rows["recording"].iloc[0]) & (known["measure"] == measure)]
        found = {str(name): float(value) for name, value in zip(known["quantity"], known["value"], strict=True)}
    if "update" not in rows:
        return found
    of_measure = rows[rows["measure"] == measure]
    updates = of_measure.groupby(["learning_rule", "setting", "seed"])["update"]
    first = of_measure[of_measure["update"] == updates.transform("min")]
    # Learning rules share the network of a seed before its first update.
    found[UNTRAINED] = float(first.drop_duplicates(["setting", "seed", "distance"])["distance"].mean())
    last = of_measure[of_measure["update"] == updates.transform("max")]
    for column in (SHUFFLED, ROTATED):
        if column in last and last[column].notna().any():
            found[column] = float(last[column].mean())
    return found


def draw(
    panel: Axes, values: Mapping[str, float], quantities: Sequence[str] = (*OF_RECORDING, *OF_NETWORKS)
) -> list[float]:
    """Draw a line for each of these quantities whose value is known, and give the values that are drawn."""
    import math

    drawn = {name: values[name] for name in quantities if math.isfinite(values.get(name, math.nan))}
    for name, value in drawn.items():
        panel.axhline(value, **LINES[name], zorder=0.5, label=NAMES[name])
    return list(drawn.values())


def at_stage(stage: str) -> tuple[str, ...]:
    """The quantities for a panel of networks of one stage, of several gains: those of its own networks have curves."""
    return (*OF_RECORDING, SHUFFLED, ROTATED) if stage == "trained" else OF_RECORDING


def handles(axes: Sequence[Axes]) -> dict[str, Mapping[str, Any]]:
    """For a legend, the lines that are drawn in any of these panels, by their names."""
    labels = {line.get_label() for panel in axes for line in panel.lines}
    return {label: LINES[name] for name, label in NAMES.items() if label in labels}


def caption_words(axes: Sequence[Axes]) -> list[str]:
    """The sentence about the lines that are drawn in any of these panels; none where there is no such line."""
    labels = {line.get_label() for panel in axes for line in panel.lines}
    words = [WORDS[name] for name, label in NAMES.items() if label in labels]
    return [f"Level lines: {'; '.join(words)}."] if words else []
