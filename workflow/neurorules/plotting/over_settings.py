"""Values over the settings of a study, in the order in which a figure lists them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WIDTH = 0.6  # of the space between two settings, shared by the lines of a panel


def ordered_settings(found: Sequence[str], context: Mapping[str, Any]) -> list[str]:
    """The settings in the order of the figure's entry; others follow in alphabetical order."""
    entry = context.get("figure", {})
    parts = (entry, *entry.get("extra_models", []))
    listed = list(dict.fromkeys(str(setting) for part in parts for setting in part.get("settings", [])))
    return sorted(
        set(found), key=lambda setting: (listed.index(setting) if setting in listed else len(listed), setting)
    )


def draw_line(
    panel: Axes,
    rows: pd.DataFrame,
    value: str,
    settings: Sequence[str],
    place: tuple[int, int],
    line_style: Mapping[str, Any],
    label: str,
    column: Hashable = "setting",
) -> None:
    """Draw a dot for each row, and the mean with its SD for each setting; means of neighbouring settings are joined.

    Args:
        panel: the panel to draw in.
        rows: one row per network and setting, with the value.
        value: column to draw; rows without a value are left out.
        settings: settings on the x axis, at 0, 1, 2 ...
        place: index of this line and number of lines, which are drawn side by side.
        line_style: colour, line style, marker.
        label: for the legend.
        column: column with the setting.
    """
    shift = WIDTH * ((place[0] + 0.5) / place[1] - 0.5)
    at = {setting: number + shift for number, setting in enumerate(settings)}
    rows = rows[rows[value].notna()]
    of_setting = rows.groupby(column)[value]
    mean = of_setting.mean().reindex(settings)
    panel.plot(rows[column].map(at), rows[value], ".", color=line_style["color"], markersize=2.5, alpha=0.45)
    panel.errorbar(
        list(at.values()),
        mean,
        of_setting.std().reindex(settings),
        **{**line_style, "linewidth": 0.8},
        markersize=3.5,
        capsize=1.5,
        elinewidth=0.8,
        label=label,
    )


def fraction_limits(panel: Axes) -> tuple[float, float]:
    """Limits for fractions, from 0 to 1 or as far as error bars reach."""
    low, high = panel.get_ylim()
    return min(-0.03, low), max(1.05, high)


def label_settings(panel: Axes, settings: Sequence[str], more: Mapping[str, str] | None = None) -> None:
    """Write the settings below a panel, each with a further line of `more`."""
    names = ["\n".join(filter(None, (setting, (more or {}).get(setting, "")))) for setting in settings]
    panel.set_xticks(range(len(settings)), names, fontsize=points(5.5))
    panel.set_xlim(-0.5, len(settings) - 0.5)


def finish_fractions(panel: Axes, guess: float, title: str, settings: Sequence[str]) -> None:
    """Draw the guessing level in a panel of fractions correct after training, and label its axes."""
    panel.axhline(guess, color="#555555", linestyle=(0, (1, 2)), linewidth=0.8, label="guessing")
    panel.set(ylim=fraction_limits(panel), ylabel="Fraction of trials correct", title=f"{title}\nlast checkpoint")
    label_settings(panel, settings)
