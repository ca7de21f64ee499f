"""Reference values for distances to the recording: level lines across a panel, and marks at the end of a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.tables.base.labels import is_imported

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

AVERAGE, FLOOR, UNTRAINED = "cross_condition_average", "neuron_split_whole", "untrained"
SHUFFLED, ROTATED = "distance_shuffled", "distance_rotated"

# Quantities of tables of type `baselines`.
OF_RECORDING = (AVERAGE, FLOOR)

LINES: Mapping[str, Mapping[str, Any]] = {
    AVERAGE: {"color": "#ff7f0e", "linestyle": ":", "linewidth": 1.2, "label": "cross-condition average"},
    FLOOR: {"color": "#ff7f0e", "linestyle": (0, (8, 2)), "linewidth": 0.8, "label": "neuron-split floor"},
    UNTRAINED: {"color": "#8c8c8c", "linestyle": (0, (4, 2)), "linewidth": 0.8, "label": "untrained"},
}
MARKS: Mapping[str, Mapping[str, Any]] = {
    SHUFFLED: {"marker": "x", "linestyle": "none", "label": "conditions shuffled"},
    ROTATED: {"marker": "+", "linestyle": "none", "label": "reaches turned by 180°"},
}
WORDS = {
    AVERAGE: "cross-condition average: the recording's, in place of a network",
    FLOOR: "floor: between halves of the neurons, extrapolated to all neurons by a power law",
    UNTRAINED: "untrained: mean over networks",
    SHUFFLED: "crosses: trained networks with conditions shuffled (none in its place), mean over orders and seeds",
    ROTATED: "plus signs: trained networks with each reach compared with the opposite one, mean over seeds",
}
# Colour of marks in legends.
GREY = "#555555"


def values_of(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, measure: str = "procrustes") -> dict[str, float]:
    """The baselines of one recording and some networks, if the tables have them.

    Args:
        tables: may include one of type `baselines`.
        rows: of one recording and task; from tables of type `distances` to get the baselines of networks.
        measure: the measure of similarity.
    """
    found: dict[str, float] = {}
    if "baselines" in tables:
        known = tables["baselines"]
        # Match the title too: networks compared in some of the conditions have no baselines for all of them.
        same = (known[["recording", "recording_title"]] == rows[["recording", "recording_title"]].iloc[0]).all(axis=1)
        known = known[same & (known["measure"] == measure)]
        found = {str(name): float(value) for name, value in zip(known["quantity"], known["value"], strict=True)}
    if "update" not in rows:
        return found
    of_measure = rows[rows["measure"] == measure]
    own = of_measure[~of_measure["learning_rule"].map(is_imported)]
    # Networks trained elsewhere started from other weights.
    of_measure = own if len(own) else of_measure
    updates = of_measure.groupby(["learning_rule", "setting", "seed"])["update"]
    first = of_measure[of_measure["update"] == 0]
    # Learning rules share the network of a seed before its first update.
    found[UNTRAINED] = float(first.drop_duplicates(["setting", "seed", "distance"])["distance"].mean())
    last = of_measure[of_measure["update"] == updates.transform("max")]
    for column in (SHUFFLED, ROTATED):
        if column in last and last[column].notna().any():
            found[column] = float(last[column].mean())
    return found


def draw(panel: Axes, values: Mapping[str, float], quantities: Sequence[str] = tuple(LINES)) -> list[float]:
    """Draw a line for each of these quantities with a known value; return the values drawn."""
    import math

    drawn = {name: values[name] for name in quantities if math.isfinite(values.get(name, math.nan))}
    for name, value in drawn.items():
        panel.axhline(value, **LINES[name], zorder=0.5)
    return list(drawn.values())


def mark(panel: Axes, runs: pd.DataFrame, color: Any, x: float | None = None) -> list[float]:
    """Mark the distances of one model's networks with their conditions in another order; return these distances.

    Args:
        panel: the panel to draw in.
        runs: rows of one measure of a table of type `distances`.
        color: the model's colour.
        x: position; None for the networks' mean accuracy at the last checkpoint.
    """
    last = runs[runs["update"] == runs.groupby("seed")["update"].transform("max")]
    x = min(max(float(last["accuracy"].mean()), 0.0), 1.0) if x is None else x
    drawn = []
    for column, look in MARKS.items():
        if column in last and last[column].notna().any():
            drawn.append(float(last[column].mean()))
            marker = {"marker": look["marker"], "linestyle": "none", "markersize": 4, "markeredgewidth": 0.9}
            panel.plot([x], drawn[-1:], color=color, **marker, clip_on=False)
            panel.plot([], [], color=GREY, markersize=4, **look)
    return drawn


def handles(axes: Sequence[Axes]) -> dict[str, Mapping[str, Any]]:
    """Legend entries for the baselines in any of these panels, by name."""
    labels = {line.get_label() for panel in axes for line in panel.lines}
    looks = [*LINES.values(), *({**look, "color": GREY} for look in MARKS.values())]
    return {look["label"]: {k: v for k, v in look.items() if k != "label"} for look in looks if look["label"] in labels}


def caption_words(axes: Sequence[Axes]) -> list[str]:
    """The sentence about the baselines in any of these panels; none if there are none."""
    labels = {line.get_label() for panel in axes for line in panel.lines}
    words = [WORDS[name] for name, look in {**LINES, **MARKS}.items() if look["label"] in labels]
    return [f"References: {'; '.join(words)}."] if words else []
