"""The guessing level of a task, drawn on an accuracy axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.plotting.page import points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLOUR = "#555555"
WORDS = "Guessing: the best outputs that are the same in all test trials, which know when to answer but not what."


def mark(panel: Axes, rows: pd.DataFrame, up: bool = False) -> None:
    """Draw a thin dotted line at the guessing level, with its value; draw nothing if it is unknown.

    Args:
        panel: the panel to draw in; accuracy is on its x axis.
        rows: of one task; with a column guessing_accuracy if it is known.
        up: accuracy is on the y axis instead.
    """
    import math

    from neurorules.tables.base.levels import guessing_level

    level = guessing_level(rows)
    if math.isnan(level):
        return
    line: dict[str, Any] = {"color": COLOUR, "linestyle": (0, (1, 2)), "linewidth": 0.8, "zorder": 1}
    text: dict[str, Any] = {"color": COLOUR, "fontsize": points(5.5)}
    if up:
        panel.axhline(level, **line)
        # Next to the panel, where there is no curve or legend.
        words = f"guessing\n{level:.2f}"
        panel.text(1.01, level, words, transform=panel.get_yaxis_transform(), ha="left", va="center", **text)
        return
    panel.axvline(level, **line)
    # Distances fall with accuracy, so curves are high on the left and low on the right.
    low = level < 0.5
    panel.text(
        level + (0.01 if low else -0.01),
        0.02 if low else 0.98,
        f"guessing {level:.2f}",
        transform=panel.get_xaxis_transform(),
        ha="left" if low else "right",
        va="bottom" if low else "top",
        rotation=90,
        **text,
    )


def words(rows: pd.DataFrame) -> list[str]:
    """The sentence for a caption that says what guessing is, if its level is known."""
    import math

    from neurorules.tables.base.levels import guessing_level

    return [] if math.isnan(guessing_level(rows)) else [WORDS]
