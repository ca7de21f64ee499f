"""Columns of a session's tables, found by name, and rows selected by their values."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

DIGITS = 6  # significant digits for comparing numeric labels: files have 0.785398 and 0.78539816
LISTED = 40  # names or values that an error lists


def missing_name(problem: str, file: Path, key: str, name: str, known: Iterable[str]) -> InputError:
    """The error for an unknown name in a file, with the closest known name."""
    known = sorted(map(str, known))
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    there = f"There are: {', '.join(known[:LISTED])}{more}." if known else "There are none."
    hint = f"Did you mean {close[0]}? " if close else ""
    return InputError(problem, file=file, key=key, value=name, remedy=f"{hint}{there}")


def column(table: pd.DataFrame, name: str, what: str, file: Path, key: str) -> pd.Series:
    """A column of a table.

    Args:
        table: of trials or units.
        name: of the column.
        what: "trials" or "units", for the error.
        file, key: for the error: the file, and the option that gives the column.

    Raises:
        InputError: no such column.
    """
    why = table.attrs.get("left_out", {}).get(name)
    if why is not None and name not in table.columns:
        raise InputError(
            f"This column of the table of {what} cannot be used: {why}.",
            file=file,
            key=key,
            value=name,
            remedy="Use a column with one value per row, or add one to the file.",
        )
    if name not in table.columns:
        raise missing_name(f"Unknown column of the table of {what}.", file, key, name, table.columns)
    return table[name]


def plain(value: Any) -> Any:
    """A cell as a plain Python value for comparisons: numbers rounded to DIGITS, missing values as None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else float(value)
    if isinstance(value, float):
        return None if np.isnan(value) else shortened(value)
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else str(value)


def shortened(value: float) -> float:
    """A number rounded to DIGITS significant digits, without negative zero."""
    return float(f"{value:.{DIGITS}g}") + 0.0


def matches(values: pd.Series, wanted: Any, file: Path, key: str) -> NDArray[Any]:
    """(row,) bool: the rows with the wanted values.

    Args:
        values: the column.
        wanted: a value, a list of values, or {min, max} for numbers, both inclusive.
        file, key: for errors.

    Raises:
        InputError: a range for a column that is not numeric, or with keys other than min and max.
    """
    if isinstance(wanted, Mapping):
        return _in_range(values, wanted, file, key)
    allowed = {plain(value) for value in (wanted if isinstance(wanted, list | tuple) else [wanted])}
    return np.array([plain(value) in allowed for value in values.tolist()], bool)


def _in_range(values: pd.Series, wanted: Mapping[str, Any], file: Path, key: str) -> NDArray[Any]:
    limits = [wanted.get("min", -np.inf), wanted.get("max", np.inf)]
    if (
        not wanted
        or set(wanted) - {"min", "max"}
        or not all(isinstance(limit, int | float) and not isinstance(limit, bool) for limit in limits)
    ):
        raise InputError(
            "A range needs numbers min and max.",
            file=file,
            key=key,
            value=dict(wanted),
            remedy="Write {min: 0, max: 1}, one of the two, a value, or a list of values.",
        )
    numbers = as_numbers(values, file, key)
    chosen: NDArray[Any] = (numbers >= limits[0]) & (numbers <= limits[1])
    return chosen


def as_numbers(values: pd.Series, file: Path, key: str) -> NDArray[Any]:
    """A column as float64; missing cells are NaN.

    Raises:
        InputError: a value is not a number.
    """
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values.tolist()):
        value = value.item() if isinstance(value, np.generic) else value
        if isinstance(value, bool | int | float):
            found[row] = value
        elif not (value is None or value != value):
            raise InputError(
                "This column does not contain numbers.",
                file=file,
                key=key,
                value=str(value),
                remedy="Use a column of numbers.",
            )
    return found


def in_words(values: Iterable[Any], most: int = 8) -> str:
    """Different values of a column with their counts, most frequent first: "True (80), False (20)"."""
    counts: dict[str, int] = {}
    for value in values:
        word = "missing" if (found := plain(value)) is None else str(found)
        counts[word] = counts.get(word, 0) + 1
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(f"{word[:60]} ({count})" for word, count in listed[:most]) + more
