"""What a figure or table is, and how one is found by name.

A figure is one file in the folder above with

    TITLE: str                      one line, for captions and reports
    NEEDS: tuple[str, ...]          kinds of tables it is made from, see `tables`; none for a figure of pure theory
    FROM_FIGURES: bool              optional: it is made from what all other figures of the study leave as CSV
    PLUGINS: tuple[str, ...]        optional: modules that it loads by name, which are part of the code behind it
    PRODUCTS: tuple[str, ...]       file endings it writes ("pdf", "png", "csv" or "csv", "md", "html")
    def make(tables: dict[str, DataFrame], context: dict) -> dict[str, Product]

`tables` holds one tidy table per kind, or per figure with FROM_FIGURES, all models below each other. `context`
holds the entry of `figures:` in the config (`figure`), the study's name, seeds, models with their gain and learning
rate (`varied`), recordings, what is left out, the code's hash, and the section of published.yaml that the module
names in PUBLISHED, or all of it with PUBLISHED = "" (`published`). A product is a matplotlib Figure, a DataFrame or
text; figures are written as PDF and PNG.
"""

from __future__ import annotations

from typing import Any

from neurorules.plugins import Plugins
from neurorules.tables.base.table_type import about, load_kind

FIGURES = Plugins(
    "figures",
    "figure or table",
    "figures",
    members=("TITLE", "NEEDS", "TABLES", "FROM_FIGURES", "PLUGINS", "PRODUCTS", "PUBLISHED", "make"),
)


def kinds(name: str, what: str) -> list[str]:
    """The kinds of tables that a figure is made from and that are about a "model", a "group" or a "recording"."""
    return [kind for kind in load_figure(name).NEEDS if about(kind) == what]


def needs_recording(name: str) -> bool:
    """Whether a figure shows nothing without a recording."""
    return any(load_kind(kind).NEEDS_RECORDING for kind in load_figure(name).NEEDS)


def figure_names() -> list[str]:
    """Names of the figures and tables in the folder above."""
    return FIGURES.names()


def load_figure(name: str) -> Any:
    """The module of a figure or table, by name.

    Raises:
        InputError: there is no such figure.
    """
    return FIGURES.load(name)
