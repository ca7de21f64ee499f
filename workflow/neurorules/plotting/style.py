"""One visual language for every figure: colours, line styles and labels that also read in grey."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour, line style and marker of each learning rule; never colour alone.
LEARNING_RULES: dict[str, tuple[str, Any, str]] = {
    "bptt": ("#000000", "-", "o"),
    "truncated_bptt": ("#0072b2", "-.", "^"),
    "eprop": ("#d6219c", "--", "s"),
    "modprop": ("#2ca02c", ":", "D"),
    "node_perturbation": ("#17becf", (0, (5, 1, 1, 1)), "v"),
    "evolution_strategies": ("#f0a202", (0, (3, 1)), "P"),
    "feedback_alignment": ("#d62728", (0, (1, 1)), "X"),
    "eprop_random_feedback": ("#8c1d18", (0, (3, 1, 1, 1)), "p"),
}
DATA = ("#ff7f0e", "-", "*")
UNTRAINED = ("#8c8c8c", ":", "d")
# Between networks of two learning rules.
BETWEEN = ("#5e3c99", "-", "h")

# Of ordered settings, in turn; their numbers have no common divisor, so that pairs repeat late.
LEVEL_LINES: tuple[Any, ...] = ("-", (0, (5, 1)), "-.", (0, (2, 1)), ":")
LEVEL_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

# For a legend and a caption, in inches of height.
ROOM = 0.6

DISTANCE_LABEL = "Procrustes distance\n(normalized)"
ACCURACY_LABEL = "Normalized accuracy"


def look(learning_rule: str) -> dict[str, Any]:
    """Keyword arguments of a learning rule's lines; one of its own is grey until it is listed above."""
    colour, line, marker = LEARNING_RULES.get(learning_rule, ("#7f7f7f", "-", "o"))
    return {"color": colour, "linestyle": line, "marker": marker}


def levels(ordered: Sequence[Hashable]) -> dict[Any, dict[str, Any]]:
    """Keyword arguments of the lines of ordered settings, such as gains: dark to light, by value.

    The colours get lighter steadily, also in grey and to colour-blind readers; line and marker change too.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    viridis = colormaps["viridis"]
    top = 0.85  # beyond it, viridis is too light for a white page
    return {
        value: {
            "color": to_hex(viridis(top * index / max(1, len(ordered) - 1))),
            "linestyle": LEVEL_LINES[index % len(LEVEL_LINES)],
            "marker": LEVEL_MARKERS[index % len(LEVEL_MARKERS)],
        }
        for index, value in enumerate(ordered)
    }


def publication() -> AbstractContextManager[None]:
    """Matplotlib settings of all figures, as a context."""
    import matplotlib
    from matplotlib import pyplot

    matplotlib.use("Agg")
    return pyplot.rc_context(
        {
            "font.size": 8,
            "axes.labelsize": 8,
            "axes.titlesize": 8,
            "legend.fontsize": 7,
            "xtick.labelsize": 7,
            "ytick.labelsize": 7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.6,
            "lines.linewidth": 1.2,
            "legend.frameon": False,
            "pdf.fonttype": 42,
            "svg.hashsalt": "neurorules",
            "figure.constrained_layout.use": True,
        }
    )


def panels(count: int, width: float = 2.6, height: float = 2.3, per_row: int = 4) -> tuple[Figure, list[Axes]]:
    """Panels in rows as equal as can be; sizes of one panel in inches."""
    import math

    from matplotlib.figure import Figure

    rows = math.ceil(count / per_row)
    columns = math.ceil(count / rows)
    figure = Figure(figsize=(max(4.0, width * columns), height * rows + ROOM))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in axes[count:]:
        empty.set_axis_off()
    return figure, axes[:count]


def grid(rows: int, columns: int, width: float = 2.6, height: float = 2.3) -> tuple[Figure, np.ndarray]:
    """Panels whose rows and columns mean something, (rows, columns) of them; sizes of one panel in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(4.0, width * columns), height * rows + ROOM))
    return figure, figure.subplots(rows, columns, squeeze=False)


def distance_limits(distances: pd.Series) -> tuple[float, float]:
    """Limits of an axis that several panels share, with room around the smallest and largest distance."""
    room = 0.05 * max(distances.max() - distances.min(), 0.02)
    return distances.min() - room, distances.max() + room


def say(panel: Axes, words: str) -> None:
    """Say in an empty panel why it is empty."""
    import textwrap

    panel.text(0.5, 0.5, textwrap.fill(words, 32), transform=panel.transAxes, ha="center", va="center", fontsize=7)


def note(panel: Axes, xlabel: str, words: Sequence[str]) -> None:
    """Label the x axis, with notes on the panel below the label, where they hide nothing."""
    import textwrap

    lines = [line for sentence in words for line in textwrap.wrap(sentence, 32)]
    panel.set_xlabel("\n".join([xlabel, *lines]))


def legend(figure: Figure, axes: Sequence[Axes], order: Sequence[str] = ()) -> None:
    """One legend above all panels, where it hides nothing; what `order` names comes in that order."""
    handles = {
        label: handle for panel in axes for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    first = {label: handles[label] for label in order if label in handles}
    legend_of(figure, {**first, **handles})


def legend_of(figure: Figure, handles: Mapping[str, Any]) -> None:
    """A legend above all panels with what is given, in its order: artists, or keyword arguments of lines."""
    from matplotlib.lines import Line2D

    if not handles:
        return
    artists = [Line2D([], [], markersize=3.5, **h) if isinstance(h, Mapping) else h for h in handles.values()]
    columns = max(1, round(figure.get_figwidth() / 1.7))
    figure.legend(artists, handles.keys(), loc="outside upper center", ncols=min(columns, len(handles)))


def rule_label(learning_rule: str) -> str:
    """A learning rule's name in legends."""
    from neurorules.learning.base.learning_rule import load_learning_rule

    return load_learning_rule(learning_rule).label


def caption(figure: Figure, context: Mapping[str, Any], table: pd.DataFrame, words: Sequence[str]) -> None:
    """Write under a figure what a reader must know: n, error bars, settings, what is left out, synthetic data.

    Args:
        figure: drawn on.
        context: the figure's context, see `figures.figure`.
        table: with a column `synthetic`.
        words: sentences of this figure.
    """
    import textwrap

    settings = dict.fromkeys(model.split("/")[2] for model in context["models"])
    sentences = [*words]
    if settings:
        sentences.append(f"Settings: {', '.join(settings)}.")
    if context["left_out"]:
        sentences.append(f"Left out, recording not in this study: {', '.join(context['left_out'])}.")
    if table["synthetic"].any():
        sentences.append("SYNTHETIC recordings: says nothing about the brain.")
    width = int(figure.get_figwidth() * 22)
    figure.supxlabel(
        "\n".join(textwrap.wrap(" ".join(sentences), width)), fontsize=5.5, color="#555555", x=0.01, ha="left"
    )
