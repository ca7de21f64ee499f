"""Panels of a figure: their layout, legends, notes and captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Height for a legend and a caption, in inches.
ROOM = 0.6
# Lines of a caption that it has room for, and the height of each that is more.
LINES_IN_ROOM, LINE = 3, 0.085
# Of an entry of a legend, in inches: its handle with the space around it, and each letter, on average.
LEGEND_HANDLE, LEGEND_LETTER = 0.64, 0.042


def make_panels(count: int, width: float = 2.6, height: float = 2.3, per_row: int = 4) -> tuple[Figure, list[Axes]]:
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


def make_grid(rows: int, columns: int, width: float = 2.6, height: float = 2.3) -> tuple[Figure, NDArray[Any]]:
    """Panels whose rows and columns mean something, (rows, columns) of them; sizes of one panel in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(4.0, width * columns), height * rows + ROOM))
    return figure, figure.subplots(rows, columns, squeeze=False)


def fit_titles(figure: Figure) -> None:
    """Break the lines of titles that are wider than their panel's share of the figure."""
    import textwrap

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    for panel in figure.axes:
        place = panel.get_subplotspec()
        if place is None or not panel.get_title():
            continue
        # Titles stand over the axes, which the numbers of the y axis push to the right.
        room = 0.85 * figure.bbox.width / place.get_gridspec().ncols
        lines: list[str] = []
        for line in panel.get_title().split("\n"):
            width, _, _ = renderer.get_text_width_height_descent(line, panel.title.get_fontproperties(), ismath=False)
            lines += textwrap.wrap(line, max(1, int(len(line) * room / width))) if width > room else [line]
        panel.title.set_text("\n".join(lines))


def distance_limits(distances: pd.Series) -> tuple[float, float]:
    """Limits of an axis that several panels share, with room around the smallest and largest distance."""
    room = 0.05 * max(distances.max() - distances.min(), 0.02)
    return distances.min() - room, distances.max() + room


def empty_message(panel: Axes, words: str) -> None:
    """Write in an empty panel why it is empty."""
    import textwrap

    panel.text(0.5, 0.5, textwrap.fill(words, 32), transform=panel.transAxes, ha="center", va="center", fontsize=7)


def mark_empty(panels: Sequence[Axes], words: str) -> None:
    """Write in panels without data why they are empty, and take their ticks off."""
    for panel in panels:
        panel.set(xticks=[], yticks=[])
        empty_message(panel, words)


def axis_note(panel: Axes, xlabel: str, words: Sequence[str]) -> None:
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
    import math

    from matplotlib.lines import Line2D

    if not handles:
        return
    artists = [Line2D([], [], markersize=3.5, **h) if isinstance(h, Mapping) else h for h in handles.values()]
    columns = max(1, round(figure.get_figwidth() / 1.7))
    while columns > 1 and _legend_width(list(handles), columns) > figure.get_figwidth():
        columns -= 1
    figure.set_figheight(figure.get_figheight() + 0.15 * max(0, math.ceil(len(handles) / columns) - 2))
    figure.legend(artists, handles.keys(), loc="outside upper center", ncols=min(columns, len(handles)))


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """About how wide a legend of so many columns is, in inches; columns are filled one after another."""
    import numpy as np

    parts = np.array_split(np.array([len(label) for label in labels]), min(columns, len(labels)))
    return float(sum(LEGEND_HANDLE + LEGEND_LETTER * part.max() for part in parts))


def caption(figure: Figure, context: Mapping[str, Any], table: pd.DataFrame, words: Sequence[str]) -> None:
    """Write below a figure what a reader must know: n, error bars, settings, what is left out, synthetic data.

    Args:
        figure: drawn on.
        context: the figure's context, see `figures.base.figure`.
        table: with a column `synthetic`.
        words: sentences of this figure.
    """
    import textwrap

    settings = dict.fromkeys(model["setting"] for model in context["models"])
    sentences = [*words]
    if settings:
        sentences.append(f"Settings: {', '.join(settings)}.")
    if lacking := context.get("lacking"):
        sentences.append(f"Trained elsewhere, not in every part of this figure: {'; '.join(lacking)}.")
    if context["left_out"]:
        sentences.append(f"Left out, recording not in this study: {', '.join(context['left_out'])}.")
    if table["synthetic"].any():
        sentences.append("SYNTHETIC recordings: says nothing about the brain.")
    lines = textwrap.wrap(" ".join(sentences), int(figure.get_figwidth() * 22))
    figure.set_figheight(figure.get_figheight() + LINE * max(0, len(lines) - LINES_IN_ROOM))
    figure.supxlabel("\n".join(lines), fontsize=5.5, color="#555555", x=0.01, ha="left")
