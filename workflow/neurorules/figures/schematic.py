"""Figure 1A: what is compared. Recorded neurons, a network that learns the same task, and a distance between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TITLE = "Recorded neurons, a trained network, and their comparison"
TABLES = ()
PRODUCTS = ("pdf", "png")

NEURONS, UNITS = 4, 8
TIMES = [40, 90, 140, 190]  # marked points of 200 on trajectories
CONDITION_LINES = ("-", (0, (3, 1.5)))


def make(tables: Mapping[str, pd.DataFrame], context: Mapping[str, Any]) -> dict[str, Any]:
    """The figure; none of its numbers come from data."""
    from neurorules.plotting import panels
    from neurorules.plotting.drawing import onward

    figure, axes = panels.make_panels(3, width=2.8, height=2.3)
    _draw_neurons(axes[0])
    _draw_network(axes[1])
    _draw_comparison(axes[2])
    panels.give_letters(figure, dict(zip(axes, "abc", strict=True)))
    onward(axes)
    return {"figure": figure}


def _draw_neurons(panel: Axes) -> None:
    """Rates of some neurons over a trial, in two conditions."""
    from neurorules.plotting import drawing, style

    drawing.blank(panel, "Recorded neurons")
    time = np.linspace(0.0, 1.0, 200)
    for neuron in range(NEURONS):
        for condition, line in enumerate(CONDITION_LINES):
            peak = 0.25 + 0.15 * neuron + 0.07 * condition
            rate = (0.75 + 0.25 * (-1) ** (neuron + condition)) * np.exp(-(((time - peak) / 0.11) ** 2))
            bottom = 0.82 - 0.2 * neuron
            panel.plot(0.16 + 0.76 * time, bottom + 0.14 * rate, color=style.DATA[0], linestyle=line, linewidth=1.1)
    drawing.arrow(panel, (0.14, 0.12), (0.95, 0.12))
    drawing.words(panel, (0.55, 0.05), "time in the trial")
    drawing.words(panel, (0.06, 0.55), "neurons", rotation=90)


def _draw_network(panel: Axes) -> None:
    """A recurrent network with inputs, outputs, and weights that a learning rule changes."""
    from neurorules.plotting import drawing, style

    drawing.blank(panel, "Network, trained on the task")
    colour = style.LEARNING_RULES["eprop"][0]
    angles = 2 * np.pi * np.arange(UNITS) / UNITS
    places = [(0.5 + 0.22 * float(np.cos(a)), 0.52 + 0.22 * float(np.sin(a))) for a in angles]
    for start, step in ((0, 3), (2, 3), (4, 3), (6, 3), (1, 5), (5, 5), (3, 2), (7, 2)):
        (x0, y0), (x1, y1) = places[start], places[(start + step) % UNITS]
        near = 0.05 / float(np.hypot(x1 - x0, y1 - y0))
        drawing.arrow(
            panel,
            (x0 + near * (x1 - x0), y0 + near * (y1 - y0)),
            (x1 - near * (x1 - x0), y1 - near * (y1 - y0)),
            colour,
            mutation_scale=5,
            linewidth=0.6,
        )
    for place in places:
        drawing.unit(panel, place, 0.045)
    for y in (0.42, 0.52, 0.62):
        drawing.arrow(panel, (0.1, y), (0.24, y))
    drawing.arrow(panel, (0.76, 0.52), (0.9, 0.52))
    drawing.words(panel, (0.08, 0.74), "task\ninputs")
    drawing.words(panel, (0.92, 0.66), "output")
    drawing.arrow(panel, (0.92, 0.46), (0.66, 0.22), colour, bend=-0.35, linestyle=(0, (3, 1.5)))
    drawing.words(panel, (0.5, 0.09), "error changes weights:\nBPTT, e-prop, ...", color=colour)


def _draw_comparison(panel: Axes) -> None:
    """Activity of both as trajectories of states, with one rotated onto the other."""
    from neurorules.plotting import drawing, style

    drawing.blank(panel, "Comparison at equal accuracy")
    angle = np.linspace(0.1 * np.pi, 1.75 * np.pi, 200)
    network, data = style.LEARNING_RULES["eprop"][0], style.DATA[0]
    x, y = 0.3 * np.cos(angle), 0.2 * np.sin(angle) + 0.06 * np.sin(2 * angle)
    paths = []
    for turn, scale, colour in ((0.0, 1.0, data), (0.5, 0.9, network)):
        across = 0.5 + scale * (np.cos(turn) * x - np.sin(turn) * y)
        up = 0.58 + scale * (np.sin(turn) * x + np.cos(turn) * y)
        panel.plot(across, up, color=colour, linewidth=1.3)
        panel.plot(across[0], up[0], "o", color=colour, markersize=4)
        panel.plot(across[TIMES], up[TIMES], ".", color=colour, markersize=5)
        paths.append((across, up))
    (x_data, y_data), (x_network, y_network) = paths
    for at in (0, *TIMES):  # the distance measures these
        panel.plot([x_data[at], x_network[at]], [y_data[at], y_network[at]], color=drawing.INK, linewidth=0.6, zorder=1)
    drawing.arrow(panel, (0.86, 0.86), (0.9, 0.68), network, bend=-0.3)
    drawing.words(panel, (0.84, 0.93), "rotated", color=network)
    drawing.words(panel, (0.12, 0.72), "neurons", color=data)
    drawing.words(panel, (0.5, 0.47), "network", color=network)
    drawing.words(panel, (0.5, 0.12), "distance after the best rotation\n(Procrustes), 0 to 1")
