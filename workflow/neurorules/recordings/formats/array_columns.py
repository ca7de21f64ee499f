"""Labels of trials, units and bins in files of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.formats.axes import Index, name_axes
from neurorules.recordings.formats.parts import did_you_mean, find

if TYPE_CHECKING:
    from numpy.typing import NDArray

Said = Any  # a path in the file, or the values themselves


def per_axis(tree: Mapping[str, Any], said: Said, axis: str, file: Path, key: str, size: int) -> list[Any]:
    """Values for the elements of an axis.

    Raises:
        InputError: there is no such variable, or it has the wrong number of values.
    """
    values = list(said) if isinstance(said, list) else _vector(tree, str(said), axis, file, key)
    if len(values) < size:
        raise _number(len(values), f"elements of {axis}", size, file, key, said)
    return [_plain(value) for value in values[:size]] if axis != "unit" else _exactly(values, size, file, key, said)


def _exactly(values: list[Any], size: int, file: Path, key: str, said: Said) -> list[Any]:
    if len(values) != size:
        raise _number(len(values), "units", size, file, key, said)
    return [_plain(value) for value in values]


def per_bin(tree: Mapping[str, Any], said: Said, file: Path, key: str, size: int) -> NDArray[Any]:
    """Values for the bins of a continuous session, (bin,).

    Raises:
        InputError: there is no such variable, or it has the wrong number of values.
    """
    values = list(said) if isinstance(said, list) else _vector(tree, str(said), "time", file, key)
    if len(values) != size:
        raise _number(len(values), "bins", size, file, key, said)
    plain = np.empty(size, dtype=object)
    plain[:] = [_plain(value) for value in values]
    return plain


def per_trial(
    tree: Mapping[str, Any], said: Said, axes: Sequence[str], places: Sequence[Index], file: Path, key: str
) -> list[Any]:
    """Values for single trials.

    Args:
        tree: the file's variables.
        said: a path, or one value per trial.
        axes: names of the dimensions that count trials.
        places: (trial,) each trial's index along these dimensions.
        file, key: for errors.

    Raises:
        InputError: there is no such variable, or it does not have one value per trial.
    """
    if isinstance(said, list):
        if len(said) != len(places):
            raise _number(len(said), "trials", len(places), file, key, said)
        return [_plain(value) for value in said]
    part = find(tree, str(said), file, key)
    value = part.value
    if not axes:
        raise part.wrong("The file has only one trial, and no axis counts it.", "Add trial to axes.")
    if isinstance(value, str) and len(places) > 1:
        raise part.wrong("It is one text, not one per trial.", "Use another variable.")
    named = name_axes(part, list(axes))
    found: dict[Index, Any] = {}
    for outer, array in named.arrays.items():
        if named.inner:
            values = np.asarray(array)
            found.update({outer + inner: values[inner] for inner in np.ndindex(values.shape)})
        else:
            found[outer] = array
    lacking = [place for place in places if place not in found]
    if lacking or (len(axes) == 1 and len(found) != len(places)):
        raise _number(len(found), "trials", len(places), file, key, said)
    return [_plain(found[place]) for place in places]


def seconds(values: Sequence[Any], unit: str, bin_ms: float, starts_ms: float, file: Path, key: str) -> NDArray[Any]:
    """A column of times in s; NaN for missing values.

    Args:
        values: the column.
        unit: s, ms, or bins (counted from 1).
        bin_ms, starts_ms: width and start of the file's bins.
        file, key: for the error.

    Raises:
        InputError: it does not contain numbers.
    """
    try:
        numbers = np.array([np.nan if value is None else float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise InputError(
            "This column does not contain times.", file=file, key=key, value=str(error), remedy="Use another column."
        ) from error
    if unit == "bins":
        return (starts_ms + (numbers - 1) * bin_ms) / 1000.0
    return numbers / 1000.0 if unit == "ms" else numbers


def observed_times(
    options: Mapping[str, Any], trials: Mapping[str, Any], file: Path, n_trials: int | None = None
) -> NDArray[Any]:
    """(trial, 2) start and end of each trial's recording, in s on the trial's own clock.

    Raises:
        InputError: the option `observed` is missing or invalid.
    """
    said = options.get("observed")
    if not isinstance(said, list) or len(said) != 2:
        raise InputError(
            "The recorded time of trials is unknown: time without spikes may be silence, or was not recorded.",
            file=file,
            key="observed",
            value=said,
            remedy="Write observed: [-500, 1000], in ms on the trial's clock, or the names of two columns of times.",
        )
    edges = np.empty((n_trials if n_trials is not None else len(next(iter(trials.values()))), 2))
    for side, edge in enumerate(said):
        if not isinstance(edge, str):
            edges[:, side] = edge / 1000.0
        elif edge in trials:
            edges[:, side] = seconds(trials[edge], "s", 1, 0, file, f"observed: {edge}")
        else:
            raise InputError(
                "Unknown column of times.",
                file=file,
                key="observed",
                value=edge,
                remedy=did_you_mean(edge, trials),
            )
    return edges


def _vector(tree: Mapping[str, Any], path: str, axis: str, file: Path, key: str) -> list[Any]:
    part = find(tree, path, file, key)
    if isinstance(part.value, list):
        return list(part.value)
    if isinstance(part.value, str):
        return [part.value]
    named = name_axes(part, [axis])
    if named.outer:
        return [named.arrays[place] for place in sorted(named.arrays)]
    (array,) = named.arrays.values()
    return list(np.atleast_1d(np.asarray(array)))


def _plain(value: Any) -> Any:
    """A value as plain Python: text, a number, or a boolean."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _number(found: int, what: str, size: int, file: Path, key: str, said: Said) -> InputError:
    return InputError(
        f"It has {found} values, but there are {size} {what}.",
        file=file,
        key=key,
        value=said,
        remedy="Use a variable with one value for each, or write the values as a list.",
    )
