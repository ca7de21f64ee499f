"""One visual language for every figure: colours, line styles and labels that also read in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

DISTANCE_LABEL = "Procrustes distance\n(normalized)"
ACCURACY_LABEL = "Normalized accuracy"


def look(learning_rule: str) -> dict[str, Any]:
    """Keyword arguments of a learning rule's lines; one of its own is grey until it is listed above."""
    colour, line, marker = LEARNING_RULES.get(learning_rule, ("#7f7f7f", "-", "o"))
    return {"color": colour, "linestyle": line, "marker": marker}


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
    figure = Figure(figsize=(max(3.2, width * columns), height * rows))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in axes[count:]:
        empty.set_axis_off()
    return figure, axes[:count]


def legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """One legend above all panels, where it hides nothing."""
    handles = {
        label: handle for panel in axes for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    columns = max(1, round(figure.get_figwidth() / 1.7))
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=min(columns, len(handles)))


def rule_label(learning_rule: str) -> str:
    """A learning rule's name in legends."""
    from neurorules.learning.learning_rule import load_learning_rule

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
    sentences = [*words, f"Settings: {', '.join(settings)}."]
    if context["left_out"]:
        sentences.append(f"Left out, recording not in this study: {', '.join(context['left_out'])}.")
    if table["synthetic"].any():
        sentences.append("SYNTHETIC recordings: says nothing about the brain.")
    width = int(figure.get_figwidth() * 25)
    figure.supxlabel(
        "\n".join(textwrap.wrap(" ".join(sentences), width)), fontsize=5.5, color="#555555", x=0.01, ha="left"
    )
