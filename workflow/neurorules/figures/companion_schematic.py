"""The companion's Figure 1A: credit through time, a three-factor rule instead, and the gain of initial weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "BPTT, a three-factor rule, and the gain of the initial weights"
TABLES = ()
PRODUCTS = ("pdf", "png")

STEPS = ("t − 1", "t", "t + 1")
DRAWN_GAINS = (0.5, 1.0, 1.5)


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure; none of its numbers come from data."""
    from neurorules.plotting import panels

    figure, axes = panels.make_panels(3, width=2.8, height=2.3)
    _draw_bptt(axes[0])
    _draw_three_factors(axes[1])
    _draw_gains(axes[2])
    panels.give_letters(figure, dict(zip(axes, "abc", strict=True)))
    return {"figure": figure}


def _draw_bptt(panel: Axes) -> None:
    """The network at three steps: activity goes forward, the error goes back through all of them."""
    from neurorules.plotting import drawing, style

    drawing.blank(panel, "BPTT: back through time")
    colour = style.LEARNING_RULES["bptt"][0]
    for number, step in enumerate(STEPS):
        x = 0.2 + 0.3 * number
        drawing.unit(panel, (x, 0.42), 0.075, face=drawing.PALE)
        drawing.words(panel, (x, 0.42), "h")
        drawing.words(panel, (x, 0.2), step)
        drawing.unit(panel, (x, 0.78), 0.055)
        drawing.words(panel, (x, 0.78), "E")
        drawing.arrow(panel, (x - 0.025, 0.5), (x - 0.025, 0.72))
        drawing.arrow(panel, (x + 0.025, 0.72), (x + 0.025, 0.5), colour, linestyle=(0, (2, 1)), linewidth=1.3)
        if number:
            drawing.arrow(panel, (x - 0.22, 0.45), (x - 0.08, 0.45))
            drawing.arrow(panel, (x - 0.08, 0.38), (x - 0.22, 0.38), colour, linestyle=(0, (2, 1)), linewidth=1.3)
    drawing.words(panel, (0.5, 0.07), "dashed: each step's error E goes back\nthrough all earlier states h")


def _draw_three_factors(panel: Axes) -> None:
    """A synapse that keeps a trace of its two neurons' activity; a learning signal turns the trace into a change."""
    from neurorules.plotting import drawing, style

    drawing.blank(panel, "Three factors: local, forward in time")
    colour = style.LEARNING_RULES["eprop"][0]
    for x, name in ((0.14, "j"), (0.78, "i")):
        drawing.unit(panel, (x, 0.42), 0.085, face=drawing.PALE)
        drawing.words(panel, (x, 0.42), name)
    drawing.arrow(panel, (0.23, 0.42), (0.69, 0.42))
    panel.plot([0.46], [0.42], "s", color=colour, markersize=5, zorder=4)
    drawing.words(panel, (0.46, 0.53), "eligibility trace", color=colour)
    drawing.words(panel, (0.14, 0.27), "presynaptic")
    drawing.words(panel, (0.78, 0.27), "postsynaptic")
    drawing.unit(panel, (0.78, 0.84), 0.055)
    drawing.words(panel, (0.78, 0.84), "E")
    drawing.arrow(panel, (0.78, 0.78), (0.78, 0.51), colour, linestyle=(0, (3, 1.5)), linewidth=1.3)
    drawing.words(panel, (0.4, 0.72), "learning signal\nof this step only", color=colour)
    drawing.words(panel, (0.5, 0.08), "Δw = Σ (learning signal × trace)", 7)


def _draw_gains(panel: Axes) -> None:
    """Eigenvalues of initial weights fill a disc; its radius is the gain."""
    from matplotlib.patches import Circle

    from neurorules.plotting import drawing, style

    drawing.blank(panel, "Gain of the initial weights")
    size = 0.26
    looks = style.level_styles(DRAWN_GAINS)
    for gain in DRAWN_GAINS:
        look = looks[gain]
        panel.add_patch(
            Circle(
                (0.5, 0.56), size * gain, fill=False, color=look["color"], linestyle=look["linestyle"], linewidth=1.4
            )
        )
        place = (0.5 + size * gain * np.sqrt(0.5), 0.56 + size * gain * np.sqrt(0.5))
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        drawing.words(panel, place, f"{gain:g}", color=look["color"], bbox=patch, zorder=5)
    # Places that fill a disc evenly, chosen without random numbers.
    turns = np.arange(60) * np.pi * (3 - np.sqrt(5))
    radii = size * np.sqrt((np.arange(60) + 0.5) / 60)
    panel.plot(0.5 + radii * np.cos(turns), 0.56 + radii * np.sin(turns), ".", color=drawing.INK, markersize=1.5)
    drawing.words(panel, (0.5, 0.08), "eigenvalues of the recurrent weights:\nsignals grow above a gain of 1")
