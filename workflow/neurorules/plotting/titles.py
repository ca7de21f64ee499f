"""Names of learning rules, learning rates, tasks, recordings and numbers of seeds in figures and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Tasks as in the companion paper; others have the name of their entry in the config.
TASK_TITLES = {"romo": "Romo", "2af": "2AF", "dms": "DMS"}


def rule_label(learning_rule: str) -> str:
    """A learning rule's name in legends."""
    from neurorules.learning.base.learning_rule import load_learning_rule
    from neurorules.plotting.imported import imported_networks

    if learning_rule in imported_networks():
        return str(imported_networks()[learning_rule]["label"])
    return load_learning_rule(learning_rule).label


def measure_label(measure: str) -> str:
    """A measure of similarity's name, without the word distance."""
    from neurorules.similarity.measures.base.measure import MEASURES

    return str(MEASURES.load(measure).LABEL).split("\n")[0].removesuffix(" distance")


def rate_label(learning_rate: float) -> str:
    """A learning rate as papers write it: 1e-3."""
    import numpy as np

    return np.format_float_scientific(learning_rate, trim="-", exp_digits=1)


def sentences(words: str) -> list[str]:
    """A phrase from a table as a sentence for a figure; none for an empty phrase."""
    return [f"{words[0].upper()}{words[1:]}."] if words else []


def power_of_ten(value: float) -> str:
    """A power of ten as a tick label of a logarithmic axis, in plain text: 10⁻²."""
    import math

    return "10" + str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def panel_title(rows: pd.DataFrame, table: pd.DataFrame, separator: str = "\n") -> str:
    """Title of a panel or of a block of a table: the recording, with task and setting if these differ.

    Args:
        rows: what the panel shows.
        table: what all panels show; columns recording, recording_title, task and setting.
        separator: between the recording and the rest; a newline keeps titles of neighbouring panels apart.
    """
    row = rows.iloc[0]
    per_title = table[table["recording_title"] == row["recording_title"]]
    differing = [str(row[c]) for c in ("recording", "task", "setting") if per_title[c].nunique() > 1]
    return separator.join([str(row["recording_title"]), ", ".join(differing)][: 1 + bool(differing)])


def title_without_setting(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """Like `panel_title`, in one line, for panels with settings as lines; tasks have their names from the papers."""
    title = panel_title(rows.assign(setting=""), table.assign(setting=""), ", ")
    return TASK_TITLES.get(title, title)


def seeds_text(numbers: Iterable[int]) -> str:
    """The number of seeds of lines: "n = 4", or "n = 3 to 4" if it differs."""
    found = sorted(set(numbers))
    return f"n = {found[0]}" if len(found) == 1 else f"n = {found[0]} to {found[-1]}"
