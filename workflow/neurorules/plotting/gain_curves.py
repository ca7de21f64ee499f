"""Figures over the gain of the initial weights, with and without gradient flossing (companion paper)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Names of networks without (0) and with (1) flossing.
FLOSSING_NAMES = {0: "not flossed", 1: "flossed"}

AT_EDGE = "†"
AT_EDGE_WORDS = f"{AT_EDGE}: the best learning rate is at the edge of the grid; a better one may lie beyond it."
BAND_WORDS = "Bands: SD over seeds (n - 1); a single seed has none."


def unflossed(table: pd.DataFrame) -> pd.DataFrame:
    """The networks without flossing."""
    return table[table["flossed"] == 0].reset_index(drop=True)


def gain_label(table: pd.DataFrame) -> str:
    """Label of an axis of gains, with the scale that the gain multiplies if it is not the papers' 1 / sqrt(N).

    Args:
        table: may have a column recurrent_scale.
    """
    scales = _scales(table)
    return "Gain of the initial weights" + (f"\n(x recurrent_scale {scales})" if scales else "")


def gain_words(table: pd.DataFrame) -> list[str]:
    """The sentence for a caption about this scale, if it differs."""
    scales = _scales(table)
    words = f"Gain multiplies initial recurrent weights of SD {scales} / sqrt(N)"
    return [f"{words}: gain 1 here is gain {scales} in the papers' text."] if scales else []


def _scales(table: pd.DataFrame) -> str:
    if "recurrent_scale" not in table.columns:
        return ""
    scales = sorted(table["recurrent_scale"].dropna().unique())
    return "" if scales in ([], [1.0]) else " or ".join(f"{scale:g}" for scale in scales)


def panel_groups(table: pd.DataFrame, context: Mapping[str, Any], *more: str) -> list[tuple[Any, pd.DataFrame]]:
    """Rows by recording, task and further columns; tasks are in the order of the figure's entry."""
    tasks = [model["task"] for model in context["models"]]
    groups = table.groupby(["recording", "task", *more], sort=True)
    return sorted(groups, key=lambda group: tasks.index(group[0][1]))


def rates_text(runs: pd.DataFrame) -> str:
    """The learning rates of networks, as text; a dagger marks those at the edge of the grid."""
    from neurorules.plotting.titles import rate_label

    pairs = sorted(set(zip(runs["learning_rate"], runs["learning_rate_at_edge"], strict=True)))
    return ", ".join(rate_label(rate) + AT_EDGE * bool(at_edge) for rate, at_edge in pairs)


def edge_words(table: pd.DataFrame) -> list[str]:
    """The sentence about daggers, if there are any."""
    return [AT_EDGE_WORDS] if table["learning_rate_at_edge"].any() else []


def edge_notes(runs: pd.DataFrame) -> list[str]:
    """A sentence that names the gains with learning rates at the edge of the grid, if there are any."""
    at_edge = runs[runs["learning_rate_at_edge"] == 1].groupby("flossed", sort=True)["gain"].unique()
    gains = [
        f"{'flossed, ' * bool(flossed)}gain {', '.join(f'{gain:g}' for gain in sorted(found))}"
        for flossed, found in at_edge.items()
    ]
    return [f"Learning rate at the edge of the grid: {'; '.join(gains)}."] if gains else []


def unlearnt_notes(stages: pd.DataFrame) -> list[str]:
    """A sentence that names the gains at which not every network learnt, if there are any."""
    from neurorules.tables.base.levels import least_level, level_text
    from neurorules.tables.base.stages import unlearnt_gains

    gains = ", ".join(f"{gain:g}" for gain in unlearnt_gains(stages))
    return (
        [f"Matched below accuracy {level_text(least_level(stages))}, so not all have learnt: gain {gains}."]
        if gains
        else []
    )


def draw_mean(
    panel: Axes,
    runs: pd.DataFrame,
    x: str,
    y: str,
    line_style: Mapping[str, Any],
    label: str,
    floor: bool = False,
    **more: Any,
) -> None:
    """Draw a line for the mean over seeds and a band for their SD.

    Args:
        panel: the panel to draw in.
        runs: one value for each seed and x.
        x, y: columns.
        line_style: colour, line style, marker.
        label: for the legend.
        floor: end the band at the lowest seed.
        more: properties of the line.
    """
    of_x = runs.groupby(x, sort=True)[y]
    mean, sd = of_x.mean(), of_x.std()
    panel.plot(mean.index, mean, **line_style, label=label, **more)
    # Losses are above 0, so a band must be too.
    low = np.maximum(mean - sd, of_x.min()) if floor else mean - sd
    panel.fill_between(mean.index, low, mean + sd, color=line_style["color"], alpha=0.18, linewidth=0)


def draw_over_gains(panel: Axes, runs: pd.DataFrame, value: str, line_style: Mapping[str, Any], label: str) -> None:
    """Draw a value of one learning rule's networks over their gain, with a dot for each seed."""
    draw_mean(panel, runs, "gain", value, line_style, label, markersize=3.5)
    panel.plot(runs["gain"], runs[value], ".", color=line_style["color"], markersize=2.5, alpha=0.5)
