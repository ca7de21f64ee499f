"""Colours, line styles and markers of all figures, which can also be told apart in grey."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from neurorules.plotting.imported import imported_networks
from neurorules.plotting.page import drawn_for

# Colour, line style and marker of each learning rule; never colour alone.
LEARNING_RULES: dict[str, tuple[str, Any, str]] = {
    "bptt": ("#000000", "-", "o"),
    "truncated_bptt": ("#0072b2", "-.", "^"),
    "eprop": ("#d6219c", "--", "s"),
    "eprop_diagonal": ("#e377c2", (0, (6, 1, 2, 1)), "<"),
    "modprop": ("#2ca02c", ":", "D"),
    "node_perturbation": ("#17becf", (0, (5, 1, 1, 1)), "v"),
    "evolution_strategies": ("#f0a202", (0, (3, 1)), "P"),
    "feedback_alignment": ("#d62728", (0, (1, 1)), "X"),
    "eprop_random_feedback": ("#8c1d18", (0, (3, 1, 1, 1)), "p"),
    "rtrl": ("#4d4d4d", (0, (8, 2)), ">"),
    "snap1": ("#bc80bd", (0, (8, 1, 1, 1)), "8"),
    "snap2": ("#7b3294", (0, (2, 1)), "d"),
    "uoro": ("#56b4e9", (0, (10, 3)), "H"),
    "mdgl": ("#1b7837", (0, (4, 1, 1, 1, 1, 1)), "*"),
    "kernl": ("#a6761d", (0, (2, 2, 6, 2)), "1"),
    "reward_hebbian": ("#e6550d", (0, (1, 3)), "2"),
}
DATA = ("#ff7f0e", "-", "*")
# The recording's average over conditions.
AVERAGE = ("#c1651a", ":", "H")
UNTRAINED = ("#8c8c8c", ":", "d")
# For distances between networks of two learning rules.
BETWEEN = ("#5e3c99", "-", "h")
# Networks without (0) and with (1) gradient flossing, and immediately after flossing.
FLOSSING: Mapping[int, Mapping[str, Any]] = {
    0: {"color": "#404040", "linestyle": "-", "marker": "o"},
    1: {"color": "#00798c", "linestyle": (0, (4, 1.5)), "marker": "s"},
}
JUST_FLOSSED: Mapping[str, Any] = {"color": "#7fb5bf", "linestyle": (0, (1, 1)), "marker": "D"}

# Colour, marker and name of each result of a claim test: dark, medium and light grey without colour.
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "holds": ("#1b5e9e", "o", "reproduced"),
    "fails": ("#d55e00", "X", "not reproduced"),
    "undecided": ("#8c8c8c", "D", "undecided"),
}

# Lines and markers of ordered settings, used in turn; their numbers are coprime, so that pairs repeat late.
LEVEL_LINES: tuple[Any, ...] = ("-", (0, (5, 1)), "-.", (0, (2, 1)), ":")
LEVEL_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

DISTANCE_LABEL = "Procrustes distance\n(normalized)"
ACCURACY_LABEL = "Normalized accuracy"


# Styles of networks trained elsewhere, in the order of the study's entries, distinct from those of learning rules.
IMPORTED: tuple[tuple[str, Any, str], ...] = (
    ("#7b4a12", (0, (4, 1, 1, 1)), "*"),
    ("#6f7d00", (0, (2, 1.5)), "d"),
    ("#355e8d", (0, (7, 1.5)), "H"),
    ("#a05a8c", (0, (1, 2)), ">"),
    ("#00635d", (0, (5, 1, 1, 1, 1, 1)), "8"),
    ("#b5651d", (0, (3, 2)), "1"),
)


def line_style(learning_rule: str) -> dict[str, Any]:
    """Keyword arguments for the lines of a learning rule or of networks trained elsewhere; grey by default."""
    colour, line, marker = LEARNING_RULES.get(learning_rule, ("#7f7f7f", "-", "o"))
    if (entry := imported_networks().get(learning_rule)) is not None:
        colour, line, marker = IMPORTED[entry["number"] % len(IMPORTED)]
        colour = entry["colour"] or colour
    return {"color": colour, "linestyle": line, "marker": marker}


def level_styles(ordered: Sequence[Hashable]) -> dict[Any, dict[str, Any]]:
    """Keyword arguments for the lines of ordered settings, such as gains: dark to light, by value.

    The colours get steadily lighter, also in grey and for colour-blind readers; line and marker change too.
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


# All settings that the user's matplotlibrc could change are reset first. Text is literal: a dollar sign in a title is a
# dollar sign. Mathematical labels set parse_math=True.
SETTINGS: Mapping[str, Any] = {
    "text.parse_math": False,
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


@contextmanager
def publication(style: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Context with the matplotlib settings of all figures, the same on every machine and for every user.

    Args:
        style: the study's, see `page.drawn_for`; None for a screen.
    """
    import matplotlib
    import matplotlib.style

    matplotlib.use("Agg")
    with drawn_for(style or {}) as page:
        sizes = {name: value * page.scale for name, value in SETTINGS.items() if name.endswith("size")}
        with matplotlib.style.context({**SETTINGS, **sizes}, after_reset=True):
            yield
