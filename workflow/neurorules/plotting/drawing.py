"""Shapes of schematic figures: units, arrows and words, in panels whose two axes run from 0 to about 1."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neurorules.plotting.page import points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, PALE = "#444444", "#f4f1e6"
Point = tuple[float, float]


def blank(panel: Axes, title: str, height: float = 1.0) -> None:
    """Make a panel without axes, 1 wide and `height` high, in which circles are round."""
    panel.set_axis_off()
    panel.set(xlim=(0.0, 1.0), ylim=(0.0, height), aspect="equal")
    panel.set_title(title)


def unit(panel: Axes, at: Point, radius: float = 0.05, colour: str = INK, face: str = "white") -> None:
    """Draw a unit of a network."""
    from matplotlib.patches import Circle

    panel.add_patch(Circle(at, radius, facecolor=face, edgecolor=colour, linewidth=1.0, zorder=3))


def arrow(panel: Axes, start: Point, end: Point, colour: str = INK, bend: float = 0.0, **more: Any) -> None:
    """Draw an arrow; `bend` is the height of its arc, relative to its length."""
    from matplotlib.patches import FancyArrowPatch

    look = {"arrowstyle": "-|>", "mutation_scale": 7, "linewidth": 0.9, "zorder": 2, "clip_on": False, **more}
    panel.add_patch(
        FancyArrowPatch(start, end, color=colour, connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0, **look)
    )


def words(panel: Axes, at: Point, text: str, size: float = 6.5, **more: Any) -> None:
    """Write words centred on a place."""
    panel.text(*at, text, **{"ha": "center", "va": "center", "fontsize": points(size), "color": INK, **more})


def onward(axes: Sequence[Axes]) -> None:
    """Draw arrows from each panel to the next in the same row."""
    for panel, following in itertools.pairwise(axes):
        places = [of.get_subplotspec() for of in (panel, following)]
        if None not in places and places[0].rowspan.start == places[1].rowspan.start:  # type: ignore[union-attr]
            panel.annotate(
                "",
                (1.13, 0.5),
                (1.02, 0.5),
                "axes fraction",
                arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.4},
                annotation_clip=False,
            )
