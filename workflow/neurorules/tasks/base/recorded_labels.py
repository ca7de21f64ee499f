"""Labels of a recording's conditions as a task has them: other names, units and values, as the study says."""

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

TOLERANCE = 1e-6  # of numbers that are the same


def recorded_label(
    name: str, spec: Any, wanted: NDArray[Any], recording: xr.Dataset, all_wanted: Mapping[str, NDArray[Any]]
) -> NDArray[Any]:
    """(condition,) values of one of the task's labels, as the task has them.

    Args:
        name: of the label.
        spec: what the study says of it in `comparison.labels`: its name in the recording, or that with `unit`,
            `scale`, `values`; None for nothing.
        wanted: (trial,) its values in the task.
        recording: gives the values.
        all_wanted: all labels of the task, for errors.

    Raises:
        InputError: the recording has no such label, or a value has no counterpart or is of another kind.
    """
    spec = {"label": spec} if isinstance(spec, str) else dict(spec or {})
    label = str(spec.get("label", name))
    there = label_names(recording)
    if label not in (*there, "condition"):
        raise InputError(
            "The recording's conditions lack a label of the task's test trials.",
            key=f"comparison.labels.{name}",
            value=label,
            remedy=f"{did_you_mean(label, there)}The recording has {', '.join(there) or 'no labels'}. "
            f"Give it <label>(condition), or name the label that it has in comparison.labels. {describe(all_wanted)}",
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
                remedy=f"Say which is which: comparison.labels: {{{name}: {{label: {label}, values: {{...}}}}}}. "
                f"{describe({name: wanted})}",
            )
        values = np.asarray(values, np.float64) * float(spec.get("scale", 1.0))
        if spec.get("unit") == "radian":
            values = np.rad2deg(values)
        if not np.isfinite(values).all():
            raise InputError(
                f"The label of condition {int(np.flatnonzero(~np.isfinite(values))[0])} is no finite number.",
                key=label,
                value=float(values[~np.isfinite(values)][0]),
                remedy="Write the label of every condition.",
            )
    return values


def replaced(values: NDArray[Any], by: Mapping[Any, Any], key: str) -> NDArray[Any]:
    """Values of a label, each replaced as a study says.

    Args:
        values: (condition,) of the recording.
        by: what takes the place of each value; keys may be the text of numbers.
        key: of the study, named in the error.

    Raises:
        InputError: a value is not among the keys.
    """
    found = []
    for value in values.tolist():
        new = [to for old, to in by.items() if _is_same(old, value)]
        if not new:
            raise InputError(
                "The study does not say what takes the place of this value of the label.",
                key=key,
                value=value,
                remedy=f"Add it; the recording has {', '.join(map(_word, _values(values)))}.",
            )
        found.append(new[0])
    return np.array(found)


def _is_same(old: Any, value: Any) -> bool:
    """Whether a key of a study, where numbers may have become text, is a value."""
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
    return f"Labels that are wanted: {'; '.join(words) or 'none'}."


def in_words(labels: Mapping[str, NDArray[Any]], at: int) -> str:
    """The labels of one test trial or condition."""
    return ", ".join(f"{name} {_word(values[at])}" for name, values in labels.items())


def is_number(values: NDArray[Any]) -> bool:
    """Whether a label's values are numbers; else they are text."""
    return values.dtype.kind in "iufb"


def _values(values: NDArray[Any]) -> list[Any]:
    different = set(values.tolist())
    return sorted(different) if is_number(values) else sorted(different, key=str)


def _word(value: Any) -> str:
    return f"{float(value) + 0.0:.6g}" if isinstance(value, int | float | np.number | np.bool_) else str(value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant, as the beginning of a remedy."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}? " if close else ""
