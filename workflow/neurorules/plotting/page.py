"""The page for which figures are drawn: a screen, or a journal column, as set by a study's option `style`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

MM = 1 / 25.4  # inches
# Column widths of most journals are within 5 mm of 85 mm and 180 mm.
WIDTHS: Mapping[str, float | None] = {"screen": None, "one_column": 85 * MM, "two_columns": 180 * MM}
FONT_PT = 8.0  # base font size of the sizes in the code
# How much narrower and lower than on a screen a panel can be before its texts overlap.
NARROWEST, LOWEST = 0.62, 0.85


@dataclass(frozen=True)
class Page:
    """The page for which figures are drawn.

    Attributes:
        width: of every figure, in inches; None for the width of its panels.
        scale: of fonts and of the space for text.
        letters: whether panels have letters.
    """

    width: float | None = None
    scale: float = 1.0
    letters: bool = False

    def across(self, count: int, width: float) -> int:
        """How many panels fit side by side, in rows of nearly equal length.

        Args:
            count: panels side by side on a screen.
            width: of one panel on a screen, in inches.
        """
        if self.width is None:
            return count
        most = max(1, int(self.width / (NARROWEST * width * max(self.scale, 1.0))))
        return -(-count // -(-count // most))

    def height(self, height: float, width: float, across: int) -> float:
        """Height of a panel, in inches, from its height and width on a screen."""
        if self.width is None:
            return height
        return height * max(LOWEST, min(1.0, self.width / across / width)) * max(self.scale, 1.0)


_page: ContextVar[Page] = ContextVar("page", default=Page())  # noqa: B039


def page() -> Page:
    """The page of the figure being drawn."""
    return _page.get()


@contextmanager
def drawn_for(style: Mapping[str, Any]) -> Iterator[Page]:
    """Draw figures in a style.

    Args:
        style: `width`, `font_size_pt` and `panel_letters`, see `study/schema/figure_style.py`; the default is a screen.
            By default, only figures for journal columns have letters.
    """
    width = WIDTHS[style.get("width", "screen")]
    letters = style.get("panel_letters")
    token = _page.set(
        Page(width, style.get("font_size_pt", FONT_PT) / FONT_PT, width is not None if letters is None else letters)
    )
    try:
        yield _page.get()
    finally:
        _page.reset(token)


def points(size: float) -> float:
    """A font size on this page, in points, from the size on a screen."""
    return size * page().scale
