"""The contract of a figure or table.

A figure is one file in the folder above with

    TITLE: str                      one line, for captions and reports
    TABLES: tuple[str, ...]         table types from which it is made, see `tables`; none for a theoretical figure
    OPTIONAL_TABLES: tuple[str, ...]
                                    optional: further table types, of models with a recording only
    PLUGINS: tuple[str, ...]        optional: modules that it loads by name, as part of its code
    PRODUCTS: tuple[str, ...]       file extensions that it writes ("pdf", "png", "csv" or "csv", "md", "html"; a
                                    figure may also have "md")
    PUBLISHED: str                  optional: the section of published.yaml that it gets; "" for all of it
    def make(tables: dict[str, DataFrame], context: dict) -> dict[str, Product]
    def tables_of_others() -> dict[str, list[str]]
                                    optional: the tables of other figures' models from which it is made, by figure;
                                    `make` then gets `tables` by figure and table type

`tables` has one tidy table per type, with all models concatenated. `context` has the figure's entry in `figures:` of
the config (`figure`), the study's name and `style`, seeds, models, recordings, what is left out, the code's hash, and
the section of published.yaml (`published`); with `tables_of_others` also the study's recordings in order
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
    members=("TITLE", "TABLES", "OPTIONAL_TABLES", "PLUGINS", "PRODUCTS", "PUBLISHED", "make", "tables_of_others"),
)


def table_types_of(name: str, subject: str, optional: bool = True) -> list[str]:
    """The table types about a "model", a "group" or a "recording" from which a figure is made.

    Those of models with a recording only are left out unless `optional`.
    """
    module = FIGURES.load(name)
    types = (*module.TABLES, *(getattr(module, "OPTIONAL_TABLES", ()) if optional else ()))
    return [table_type for table_type in types if subject_of(table_type) == subject]


def needs_recording(name: str) -> bool:
    """Whether a figure needs a recording."""
    return any(TABLE_TYPES.load(table_type).NEEDS_RECORDING for table_type in FIGURES.load(name).TABLES)


def is_of_others(name: str) -> bool:
    """Whether a figure is made from the tables of other figures."""
    return hasattr(FIGURES.load(name), "tables_of_others")
