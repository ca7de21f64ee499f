"""What a figure or table is, and how one is found by name.

A figure is one file in this folder with

    TITLE: str                      one line, for captions and reports
    NEEDS: tuple[str, ...]          kinds of tables it is made from: "distances" and "noise_floor", which compare with
                                    a recording; "learning" and "model_distances" (of pairs of models), which need none
    PRODUCTS: tuple[str, ...]       file endings it writes ("pdf", "png", "csv" or "csv", "md")
    def make(tables: dict[str, DataFrame], context: dict) -> dict[str, Product]

`tables` holds one tidy table per kind, all models below each other; `context` the entry of `figures:` in the config
(`figure`), the study's name, seeds, models, what is left out, the code's hash, and the section of published.yaml
that the module names in PUBLISHED (`published`). A product is a matplotlib Figure, a DataFrame or text; figures are
written as PDF and PNG.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from neurorules.errors import InputError

# Tables that need no recording; those of OF_PAIRS are made from two models each.
OF_PAIRS = "model_distances"
WITHOUT_RECORDING = {"learning", OF_PAIRS}
NOT_FIGURES = {"figure", "style", "produce", "curves"}


def needs_recording(name: str) -> bool:
    """Whether a figure shows distances to a recording."""
    return not set(load_figure(name).NEEDS) <= WITHOUT_RECORDING


def figure_names() -> list[str]:
    """Names of the figures and tables in this folder."""
    import neurorules.figures as package

    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name not in NOT_FIGURES)


def load_figure(name: str) -> Any:
    """The module of a figure or table, by name.

    Raises:
        InputError: there is no such figure.
    """
    if name not in figure_names():
        raise InputError(
            "There is no such figure or table.",
            key="figures",
            value=name,
            remedy=f"Use one of {', '.join(figure_names())}, or add workflow/neurorules/figures/{name}.py.",
        )
    return importlib.import_module(f"neurorules.figures.{name}")
