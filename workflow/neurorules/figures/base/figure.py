"""What a figure or table is, and how one is found by name.

A figure is one file in the folder above with

    TITLE: str                      one line, for captions and reports
    TABLES: tuple[str, ...]         table types that it is made from, see `tables`; none for a figure of pure theory
    PLUGINS: tuple[str, ...]        optional: modules that it loads by name, which are part of the code behind it
    PRODUCTS: tuple[str, ...]       file endings it writes ("pdf", "png", "csv" or "csv", "md", "html")
    PUBLISHED: str                  optional: the section of published.yaml that it gets; all of it with ""
    def make(tables: dict[str, DataFrame], context: dict) -> dict[str, Product]
    def tables_of_others() -> dict[str, list[str]]
                                    optional: it is made from tables of the models of other figures, given here by
                                    figure; `make` then gets `tables` by figure and table type

`tables` holds one tidy table per type, all models below each other. `context` holds the entry of `figures:` in the
config (`figure`), the study's name and `style`, seeds, models, recordings, what is left out, the code's hash, and the
section of published.yaml (`published`); with `tables_of_others` also the study's recordings in their order
(`study_recordings`).
A product is a matplotlib Figure, a DataFrame or text; figures are written as PDF and PNG.
"""

from __future__ import annotations

from neurorules.plugins import Plugins
from neurorules.tables.base.table_type import TABLE_TYPES, subject_of

FIGURES = Plugins(
    "figures",
    "figure or table",
    "figures",
    members=("TITLE", "TABLES", "PLUGINS", "PRODUCTS", "PUBLISHED", "make", "tables_of_others"),
)


def table_types_of(name: str, subject: str) -> list[str]:
    """The table types that a figure is made from and that are about a "model", a "group" or a "recording"."""
    return [table_type for table_type in FIGURES.load(name).TABLES if subject_of(table_type) == subject]


def needs_recording(name: str) -> bool:
    """Whether a figure shows nothing without a recording."""
    return any(TABLE_TYPES.load(table_type).NEEDS_RECORDING for table_type in FIGURES.load(name).TABLES)


def is_of_others(name: str) -> bool:
    """Whether a figure is made from the tables of other figures."""
    return hasattr(FIGURES.load(name), "tables_of_others")
