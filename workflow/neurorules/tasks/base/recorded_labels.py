"""Labels of a recording's conditions in the task's names, units and values, as the study defines them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.conditions import label_names

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

TOLERANCE = 1e-6  # relative difference of equal numbers


def recorded_label(
    name: str, spec: Any, wanted: NDArray[Any], recording: xr.Dataset, all_wanted: Mapping[str, NDArray[Any]]
) -> NDArray[Any]:
    """(condition,) values of one of the task's labels, in the task's form.

    Args:
        name: name of the label.
        spec: the study's entry in `comparison.labels`: the label's name in the recording, or a mapping with this name
            and `unit`, `scale`, `values`; None for no entry.
        wanted: (trial,) values of the label in the task.
        recording: gives the values.
        all_wanted: all labels of the task, for errors.

    Raises:
        InputError: the recording has no such label, or a value has no counterpart or is of another type.
    """
    spec = {"label": spec} if isinstance(spec, str) else dict(spec or {})
    label = str(spec.get("label", name))
    there = label_names(recording)
    if label not in (*there, "condition"):
        raise InputError(
            "The recording's conditions lack a label that the task's test trials have.",
            key=f"comparison.labels.{name}",
            value=label,
            remedy=f"{did_you_mean(label, there)}The recording has {', '.join(there) or 'no labels'}. "
            f"Add <label>(condition) to it, or set its name of the label in comparison.labels. {describe(all_wanted)}",
        )
    values = recording[label].values
    if spec.get("values"):
        values = replaced(values, spec["values"], f"comparison.labels.{name}.values")
    if is_number(wanted):
        if not is_number(values):
            raise InputError(
                "The label is text in the recording and a number in the task.",
                key=f"comparison.labels.{name}",
                value=", ".join(map(str, _values(values))),
                remedy=f"Map one to the other: comparison.labels: {{{name}: {{label: {label}, values: {{...}}}}}}. "
                f"{describe({name: wanted})}",
            )
        values = np.asarray(values, np.float64) * float(spec.get("scale", 1.0))
        if spec.get("unit") == "radian":
            values = np.rad2deg(values)
        if not np.isfinite(values).all():
            raise InputError(
                f"The label of condition {int(np.flatnonzero(~np.isfinite(values))[0])} is not a finite number.",
                key=label,
                value=float(values[~np.isfinite(values)][0]),
                remedy="Write a label for every condition.",
            )
    return values


def replaced(values: NDArray[Any], by: Mapping[Any, Any], key: str) -> NDArray[Any]:
    """Values of a label, each replaced as defined in a study.

    Args:
        values: (condition,) values in the recording.
        by: the replacement of each value; keys may be the text of numbers.
        key: key of the study, for the error.

    Raises:
        InputError: a value is not among the keys.
    """
    found = []
    for value in values.tolist():
        new = [to for old, to in by.items() if _is_same(old, value)]
        if not new:
            raise InputError(
                "The study gives no replacement for this value of the label.",
                key=key,
                value=value,
                remedy=f"Add it; the recording has {', '.join(map(_word, _values(values)))}.",
            )
        found.append(new[0])
    return np.array(found)


def _is_same(old: Any, value: Any) -> bool:
    """Whether a key of a study, where numbers may have become text, equals a value."""
    if str(old) == str(value):
        return True
    try:
        return bool(abs(float(old) - float(value)) <= TOLERANCE * abs(float(value)))
    except (TypeError, ValueError):
        return False


# ---- words


def describe(labels: Mapping[str, NDArray[Any]]) -> str:
    """Labels and their values, for errors."""
    words = [f"{name} ({', '.join(map(_word, _values(values)))})" for name, values in labels.items()]
    return f"Labels needed: {'; '.join(words) or 'none'}."


def in_words(labels: Mapping[str, NDArray[Any]], at: int) -> str:
    """The labels of one test trial or condition."""
    return ", ".join(f"{name} {_word(values[at])}" for name, values in labels.items())


def is_number(values: NDArray[Any]) -> bool:
    """Whether a label's values are numbers, not text."""
    return values.dtype.kind in "iufb"


def _values(values: NDArray[Any]) -> list[Any]:
    different = set(values.tolist())
    return sorted(different) if is_number(values) else sorted(different, key=str)


def _word(value: Any) -> str:
    return f"{float(value) + 0.0:.6g}" if isinstance(value, int | float | np.number | np.bool_) else str(value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion of the closest known name, as the start of a remedy."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}? " if close else ""
