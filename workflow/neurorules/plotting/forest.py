"""A forest plot of the ledger: a row per claim unit, a block per unit of the difference, recordings side by side."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from neurorules.plotting import style
from neurorules.plotting.page import page, points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED: dict[str, Any] = {
    "color": "#000000",
    "marker": "|",
    "markersize": 8,
    "markeredgewidth": 1.2,
    "linestyle": "",
}
MARGIN = "#e8e3cf"

ROW_HEIGHT, LABEL_WIDTH, PANEL_WIDTH, PAGE = 0.155, 3.3, 2.4, 0.75  # inches
LABEL_LETTERS, AXIS_LETTERS = 80, 44
LABEL_SHARE = 0.4  # of the width of a column


def make_forest(rows: pd.DataFrame) -> Figure:
    """Draw the rows.

    Args:
        rows: of the ledger, with columns axis (the unit of the difference), column (the recording's title) and label.
    """
    from matplotlib.figure import Figure

    blocks = list(rows.groupby("axis", sort=False))
    scale = page().scale
    heights = [scale * (of_axis["label"].nunique() * ROW_HEIGHT + PAGE) for _, of_axis in blocks]
    widest = max(of_axis["column"].nunique() for _, of_axis in blocks)
    width = page().width or LABEL_WIDTH + PANEL_WIDTH * widest
    label_width = LABEL_SHARE * width if page().width else LABEL_WIDTH
    panel_width = (width - label_width) / widest
    label_letters = int(LABEL_LETTERS * label_width / LABEL_WIDTH / scale)
    axis_letters = max(8, int(AXIS_LETTERS * panel_width / PANEL_WIDTH / scale))
    figure = Figure(figsize=(width, sum(heights) + 1.2))
    grid = figure.add_gridspec(len(blocks), widest, height_ratios=heights)
    for place, (axis, of_axis) in enumerate(blocks):
        labels = list(dict.fromkeys(of_axis["label"]))
        for number, column in enumerate(dict.fromkeys(of_axis["column"])):
            panel = figure.add_subplot(grid[place, number])
            _draw(panel, of_axis[of_axis["column"] == column], labels)
            panel.set_title(column, fontsize=points(7))
            panel.set_xlabel("\n".join(textwrap.wrap(f"Difference in {axis}", axis_letters)), fontsize=points(6.5))
            names = [shortened(label, label_letters) for label in labels] if number == 0 else [""] * len(labels)
            panel.set_yticks(range(len(labels)), names, fontsize=points(5.5))
            panel.set(xlim=limits(of_axis), ylim=(len(labels) - 0.4, -0.6))
    return figure


def shortened(label: str, letters: int = LABEL_LETTERS) -> str:
    """A label, cut to a number of letters."""
    return label if len(label) <= letters else f"{label[: letters - 1].rstrip()}…"


def legend_entries(rows: pd.DataFrame) -> dict[str, Any]:
    """Legend entries for what is drawn."""
    from matplotlib.patches import Patch

    entries: dict[str, Any] = {}
    for result, (colour, marker, name) in style.VERDICTS.items():
        for synthetic in (0, 1):
            if ((rows["result"] == result) & (rows["synthetic"] == synthetic)).any():
                face = "white" if synthetic else colour
                line = {"color": colour, "marker": marker, "markerfacecolor": face, "linestyle": "-"}
                entries[f"synthetic: {result}" if synthetic else name] = line
    if rows["margin"].notna().any():
        entries["margin"] = Patch(facecolor=MARGIN)
    if rows["published_difference"].notna().any():
        entries["published"] = {name: value for name, value in PUBLISHED.items() if name != "markersize"}
    return entries


def _draw(panel: Axes, rows: pd.DataFrame, labels: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    panel.axvline(0.0, color="#444444", linewidth=0.6, zorder=1)
    for row in rows.to_dict("records"):
        y = labels.index(row["label"])
        colour, marker, _ = style.VERDICTS[row["result"]]
        if math.isfinite(row["margin"]):
            panel.barh(y, 2 * row["margin"], left=-row["margin"], height=0.86, color=MARGIN, zorder=0)
        if math.isfinite(row["ci95_low"]):
            panel.plot([row["ci95_low"], row["ci95_high"]], [y, y], color=colour, linewidth=1.1, zorder=2)
        face = "white" if row["synthetic"] else colour
        panel.plot(row["difference"], y, marker, color=colour, markerfacecolor=face, markersize=4, zorder=3)
        if math.isfinite(row["published_difference"]):
            panel.plot(row["published_difference"], y, **PUBLISHED, zorder=4)
    panel.tick_params(axis="y", length=0)
    panel.tick_params(axis="x", labelsize=points(6))
    panel.xaxis.set_major_locator(MaxNLocator(3 if page().width else 5))
    panel.grid(axis="y", color="#eeeeee", linewidth=0.5, zorder=-1)


def limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Limits from the lowest to the highest interval; a few that are far wider than most are cut."""
    import numpy as np

    low = rows["ci95_low"].fillna(rows["difference"]).to_numpy(float)
    high = rows["ci95_high"].fillna(rows["difference"]).to_numpy(float)
    points = rows[["difference", "published_difference"]].to_numpy(float)
    reach = 1.5 * float(np.nanmax(np.abs(points)))
    least, most = max(float(low.min()), -reach), min(float(high.max()), reach)
    margin = rows["margin"].max()
    if math.isfinite(margin):
        least, most = min(least, -margin), max(most, margin)
    room = 0.05 * max(most - least, 1e-6)
    return min(least, 0.0) - room, max(most, 0.0) + room
