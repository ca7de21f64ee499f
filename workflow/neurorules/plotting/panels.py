"""Panels of a figure: their layout, legends, notes and captions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from neurorules.plotting.page import page, points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

# Height for a legend and a caption, in inches.
ROOM = 0.6
# Lines of a caption that fit in it, and the height of each further line.
LINES_IN_ROOM, LINE = 3, 0.085
# Widths in a legend entry, in inches: the handle with the space around it, and an average letter.
LEGEND_HANDLE, LEGEND_LETTER = 0.64, 0.042


def make_panels(count: int, width: float = 2.6, height: float = 2.3, per_row: int = 4) -> tuple[Figure, list[Axes]]:
    """Make panels in rows of nearly equal length; sizes of one panel in inches."""
    import math

    from matplotlib.figure import Figure

    columns = math.ceil(count / math.ceil(count / per_row))
    columns = math.ceil(count / math.ceil(count / page().across(columns, width)))
    rows = math.ceil(count / columns)
    figure = Figure(figsize=_size(rows, columns, width, height))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in axes[count:]:
        empty.set_axis_off()
    return figure, axes[:count]


def make_grid(rows: int, columns: int, width: float = 2.6, height: float = 2.3) -> tuple[Figure, NDArray[Any]]:
    """Make a grid of panels, (rows, columns), with meaningful rows and columns; sizes of one panel in inches.

    A row that is too wide for the page is broken into lines; the returned array keeps its shape.
    """
    import numpy as np
    from matplotlib.figure import Figure

    across = page().across(columns, width)
    lines = -(-columns // across)
    figure = Figure(figsize=_size(rows * lines, across, width, height))
    drawn = figure.subplots(rows * lines, across, squeeze=False).reshape(rows, lines * across)
    for empty in drawn[:, columns:].flat:
        empty.set_axis_off()
    return figure, np.asarray(drawn[:, :columns])


def _size(rows: int, columns: int, width: float, height: float) -> tuple[float, float]:
    """Width and height of a figure, in inches, from the size of a panel on a screen."""
    of_panel = page().height(height, width, columns)
    return page().width or max(4.0, width * columns), of_panel * rows + ROOM * page().scale


def fit_titles(figure: Figure) -> None:
    """Break the lines of titles wider than their panel's share of the figure; in journal columns, also of labels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    for panel in figure.axes:
        place = panel.get_subplotspec()
        if place is None:
            continue
        # Titles are centred over the axes, which the numbers of the y axis push to the right.
        room = (0.62 if page().width else 0.85) * figure.bbox.width / place.get_gridspec().ncols
        for text in (panel.title, *([panel.xaxis.label] if page().width else [])):
            if not text.get_parse_math():
                text.set_text(_fitted(text, room, renderer))


def _fitted(text: Text, room: float, renderer: Any) -> str:
    """A text with lines wider than `room`, in pixels, broken."""
    import textwrap

    lines: list[str] = []
    for line in text.get_text().split("\n"):
        width, _, _ = renderer.get_text_width_height_descent(line, text.get_fontproperties(), ismath=False)
        lines += textwrap.wrap(line, max(1, int(len(line) * room / width))) if width > room else [line]
    return "\n".join(lines)


def distance_limits(distances: pd.Series) -> tuple[float, float]:
    """Limits of an axis shared by several panels, with room around the smallest and largest distance."""
    room = 0.05 * max(distances.max() - distances.min(), 0.02)
    return distances.min() - room, distances.max() + room


def empty_message(panel: Axes, words: str) -> None:
    """Write in an empty panel why it is empty."""
    import textwrap

    panel.text(
        0.5, 0.5, textwrap.fill(words, 32), transform=panel.transAxes, ha="center", va="center", fontsize=points(7)
    )


def mark_empty(panels: Sequence[Axes], words: str) -> None:
    """Write in panels without data why they are empty, and remove their ticks."""
    for panel in panels:
        panel.set(xticks=[], yticks=[])
        empty_message(panel, words)


# Notes on panels, for their figure's caption.
_notes: WeakKeyDictionary[Figure, list[tuple[Axes, str]]] = WeakKeyDictionary()


def note(panel: Axes, sentences: Sequence[str]) -> None:
    """Add sentences about one panel to the figure's caption, which is written later."""
    figure = panel.get_figure(root=True)
    assert figure is not None
    _notes.setdefault(figure, []).extend((panel, sentence) for sentence in sentences)


def notes_of(figure: Figure) -> list[tuple[Axes, str]]:
    """The notes on a figure's panels, as pairs of panel and sentence."""
    return _notes.get(figure, [])


def _noted(figure: Figure) -> list[str]:
    """The notes on panels as sentences that name the panels by letter, else by title."""
    letters = letter_panels(figure)
    places: dict[str, dict[str, None]] = {}
    for panel, sentence in notes_of(figure):
        place = letters.get(panel) or re.sub(r" \(n = [^()]*\)", "", panel.get_title()).replace("\n", ", ")
        places.setdefault(sentence, {})[place] = None
    return [
        f"({'; '.join(filter(None, named))}) {sentence}" if any(named) else sentence
        for sentence, named in places.items()
    ]


def letter_panels(figure: Figure) -> dict[Axes, str]:
    """Write a letter at the upper left of each panel, if the page has letters and the figure several panels.

    Returns:
        The letters by panel. A figure that has letters keeps them.
    """
    from string import ascii_lowercase

    known = _letters.get(figure)
    if known is not None:
        return known
    shown = [panel for panel in figure.axes if panel.get_subplotspec() is not None and panel.axison]
    if not page().letters or not 1 < len(shown) <= len(ascii_lowercase):
        shown = []
    return give_letters(figure, dict(zip(shown, ascii_lowercase, strict=False)))


def give_letters(figure: Figure, letters: Mapping[Axes, str]) -> dict[Axes, str]:
    """Write these letters at the upper left of these panels, instead of one for each panel of the figure."""
    for panel, letter in letters.items():
        panel.annotate(
            letter,
            (0, 1),
            (-26 * page().scale, 10 * page().scale),
            "axes fraction",
            textcoords="offset points",
            fontsize=points(9),
            fontweight="bold",
            annotation_clip=False,
        )
    _letters[figure] = dict(letters)
    return _letters[figure]


_letters: WeakKeyDictionary[Figure, dict[Axes, str]] = WeakKeyDictionary()


def legend(figure: Figure, axes: Sequence[Axes], order: Sequence[str] = ()) -> None:
    """Draw one legend above all panels, where it hides nothing; labels in `order` come first, in that order."""
    handles = {
        label: handle for panel in axes for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    first = {label: handles[label] for label in order if label in handles}
    legend_of(figure, {**first, **handles})


def legend_of(figure: Figure, handles: Mapping[str, Any]) -> None:
    """Draw a legend above all panels from artists or keyword arguments of lines, in order."""
    import math

    from matplotlib.lines import Line2D

    if not handles:
        return
    artists = [Line2D([], [], markersize=3.5, **h) if isinstance(h, Mapping) else h for h in handles.values()]
    columns = max(1, round(figure.get_figwidth() / (1.7 * page().scale)))
    while columns > 1 and _legend_width(list(handles), columns) > figure.get_figwidth():
        columns -= 1
    lines = math.ceil(len(handles) / columns)
    figure.set_figheight(figure.get_figheight() + 0.15 * page().scale * max(0, lines - 2))
    figure.legend(artists, handles.keys(), loc="outside upper center", ncols=min(columns, len(handles)))


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """Approximate width of a legend with this number of columns, in inches; columns are filled one after another."""
    import numpy as np

    parts = np.array_split(np.array([len(label) for label in labels]), min(columns, len(labels)))
    return page().scale * float(sum(LEGEND_HANDLE + LEGEND_LETTER * part.max() for part in parts))


def caption(figure: Figure, context: Mapping[str, Any], table: pd.DataFrame, words: Sequence[str]) -> None:
    """Write a caption below a figure: n, error bars, settings, what is left out, synthetic data.

    Args:
        figure: the figure to draw on.
        context: the figure's context, see `figures.base.figure`.
        table: has a column `synthetic`.
        words: sentences about this figure.
    """
    import textwrap

    settings = dict.fromkeys(model["setting"] for model in context["models"])
    sentences = [*words, *_noted(figure)]
    if settings:
        sentences.append(f"Settings: {', '.join(settings)}.")
    if lacking := context.get("lacking"):
        sentences.append(f"Trained elsewhere, not in every part of this figure: {'; '.join(lacking)}.")
    if context["left_out"]:
        sentences.append(f"Left out, recording not in this study: {', '.join(context['left_out'])}.")
    if table["synthetic"].any():
        sentences.append("SYNTHETIC recordings: says nothing about the brain.")
    lines = textwrap.wrap(" ".join(sentences), int(figure.get_figwidth() * 22 / page().scale))
    figure.set_figheight(figure.get_figheight() + LINE * page().scale * max(0, len(lines) - LINES_IN_ROOM))
    figure.supxlabel("\n".join(lines), fontsize=points(5.5), color="#555555", x=0.01, ha="left")
