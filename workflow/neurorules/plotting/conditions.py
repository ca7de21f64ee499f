"""Colours and line styles of conditions, by their labels if known, else by their order.

Context-dependent decisions: colour shows the signed motion coherence (dark to light, so also visible in grey), line
style the context. Reaches: colour shows the direction, around a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Names of labels, see `recordings/readers/`.
COHERENCES = ("motion_coherence", "motion_rank")
CONTEXT, DIRECTION = "context", "angle_deg"
CONTEXTS: Mapping[Any, tuple[str, Any]] = {1: ("motion", "-"), -1: ("colour", (0, (3, 1.5)))}
# The largest number of conditions without labels that get colours around a circle.
MOST_AROUND = 8
LIGHTEST = 0.9  # of viridis, on a white page

Labels = Mapping[str, Any]


def coherence_label(labels: Sequence[Labels]) -> str | None:
    """The label with the motion coherence in conditions of a context-dependent decision; None in other tasks."""
    if not labels or not all(of.get(CONTEXT) in CONTEXTS for of in labels):
        return None
    return next((name for name in COHERENCES if all(name in of for of in labels)), None)


def condition_lines(labels: Sequence[Labels]) -> list[dict[str, Any]]:
    """Colour and line style of each condition.

    Args:
        labels: of each condition, in order; {} if unknown.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    name = coherence_label(labels)
    if name is not None:
        colours = _coherence_colours(labels, name)
        return [{"color": colours[of[name]], "linestyle": CONTEXTS[of[CONTEXT]][1]} for of in labels]
    if labels and all(DIRECTION in of for of in labels):
        turns = np.array([float(of[DIRECTION]) for of in labels]) / 360.0 % 1.0
    elif len(labels) <= MOST_AROUND:
        turns = np.arange(len(labels)) / max(1, len(labels))
    else:
        places = np.linspace(0.0, 0.95, len(labels))
        return [{"color": to_hex(colormaps["viridis"](place)), "linestyle": "-"} for place in places]
    # 0 and 1 are the same direction. The palest colour is invisible on paper; the circle's halves are equally dark.
    colours_around = colormaps["twilight"](0.12 + 0.76 * turns)
    return [
        {"color": to_hex(colour), "linestyle": "--" if turn > 0.5 else "-"}
        for colour, turn in zip(colours_around, turns, strict=True)
    ]


def condition_legend(labels: Sequence[Labels]) -> dict[str, dict[str, Any]]:
    """Legend entries for a context-dependent decision, as keyword arguments of lines; none for other tasks."""
    name = coherence_label(labels)
    if name is None:
        return {}
    what = "motion coherence" if name == COHERENCES[0] else "rank of motion coherence"
    colours = _coherence_colours(labels, name)
    entries = {
        f"{what} {value:{'+.2g' if name == COHERENCES[0] else 'g'}}": {"color": c} for value, c in colours.items()
    }
    contexts = {CONTEXTS[value] for value in {of[CONTEXT] for of in labels}}
    return entries | {
        f"context: {word}": {"color": "#444444", "linestyle": line} for word, line in sorted(contexts, key=str)
    }


def condition_words(labels: Sequence[Labels]) -> str:
    """How conditions are told apart, as a phrase for a caption."""
    if coherence_label(labels) is not None:
        return "coloured by signed motion coherence, dashed where colour is relevant"
    if labels and all(DIRECTION in of for of in labels):
        return "coloured by direction, around the circle, dashed above 180°"
    return "coloured in order" + (" (around a circle, its second half dashed)" if len(labels) <= MOST_AROUND else "")


def _coherence_colours(labels: Sequence[Labels], name: str) -> dict[float, str]:
    """A colour for each coherence, from negative to positive."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    values = sorted({float(of[name]) for of in labels})
    places = np.linspace(0.0, LIGHTEST, len(values))
    return {value: to_hex(colormaps["viridis"](place)) for value, place in zip(values, places, strict=True)}
