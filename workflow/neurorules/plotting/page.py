"""The page that figures are drawn for: a screen, or a column of a journal. The option `style` of a study says which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

MM = 1 / 25.4  # inches
# Of most journals: 85 mm and 180 mm to within 5.
WIDTHS: Mapping[str, float | None] = {"screen": None, "one_column": 85 * MM, "two_columns": 180 * MM}
FONT_PT = 8.0  # what sizes in the code are meant for
# A panel may be drawn this much narrower than it is on a screen, and this much lower, before its text runs into others.
NARROWEST, LOWEST = 0.62, 0.85


@dataclass(frozen=True)
class Page:
    """What figures are drawn for.

    Attributes:
        width: of every figure, in inches; None for as wide as its panels are.
        scale: of fonts, and of the space that text takes.
        letters: whether panels have letters.
    """

    width: float | None = None
    scale: float = 1.0
    letters: bool = False

    def across(self, count: int, width: float) -> int:
        """How many of some panels stand side by side, in rows as equal as can be.

        Args:
            count: of panels that would stand side by side on a screen.
            width: of one of them there, in inches.
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
    """What the figure that is drawn now is drawn for."""
    return _page.get()


@contextmanager
def drawn_for(style: Mapping[str, Any]) -> Iterator[Page]:
    """Draw figures in a style.

    Args:
        style: `width`, `font_size_pt` and `panel_letters`, see `study/schema/figure_style.py`; what is not given is as
            on a screen. Letters that are not asked for are drawn for columns of a journal.
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
    """A font size in points, as the page has it, from what it is on a screen."""
    return size * page().scale
