"""Files saved by pynapple: spike times as a TsGroup, trials as an IntervalSet.

A TsGroup file has `t` (times, s), `index` (the unit of each time), `keys` (all units) and `start`, `end` (observed
time); an IntervalSet file has `start` and `end`. Older versions save properties of units and labels of trials as
separate arrays. Newer versions save them as one pickled object, `_metadata`, which is not opened, because a pickle can
run code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.formats.array_files import load_npz, of_numpy
from neurorules.recordings.formats.matlab_tree import Opaque

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

GROUP, INTERVALS = "TsGroup", "IntervalSet"
OWN = ("type", "t", "d", "index", "keys", "start", "end", "_metadata", "rate")


def kind_of_file(arrays: Mapping[str, Any]) -> str | None:
    """Type of the pynapple object in a file; None if it is neither of these two."""
    said = of_numpy(arrays["type"]) if "type" in arrays else ""
    named = said[0] if isinstance(said, list) and said else said
    if isinstance(named, str) and named in (GROUP, INTERVALS):
        return named
    if {"t", "start", "end", "index"} <= set(arrays):
        return GROUP
    return INTERVALS if {"start", "end"} <= set(arrays) and "t" not in arrays else None


def load_group(file: Path) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[Any]]:
    """Spikes, units and observed time of a TsGroup.

    Returns:
        A table of spikes with the columns `unit` and `time` (s), a table of units by name, and intervals of observed
        time (interval, 2), s.

    Raises:
        InputError: it is damaged, or something else.
    """
    import pandas as pd

    arrays = load_npz(file)
    if kind_of_file(arrays) != GROUP:
        raise _other(file, GROUP, arrays)
    times, index = _numbers(arrays, "t", file), _numbers(arrays, "index", file)
    keys = _numbers(arrays, "keys", file) if "keys" in arrays else np.unique(index)
    if len(times) != len(index) or not np.isin(index, keys).all():
        raise _damaged(file, "index", "The number of spikes differs from the number of their units.")
    observed = np.stack(_pair(arrays, file), axis=1)
    names = [_name(key) for key in keys]
    if len(set(names)) < len(names):
        raise _damaged(file, "keys", "Duplicate unit.")
    units = pd.DataFrame(_labels(arrays, len(names)), index=pd.Index(names, dtype=object))
    spikes = pd.DataFrame({"unit": [_name(key) for key in index], "time": times})
    return spikes, units, observed


def load_intervals(file: Path) -> pd.DataFrame:
    """Trials of an IntervalSet, with the columns start_time and stop_time (s), and all that are separate arrays.

    Raises:
        InputError: it is damaged, or something else.
    """
    import pandas as pd

    arrays = load_npz(file)
    if kind_of_file(arrays) != INTERVALS:
        raise _other(file, INTERVALS, arrays)
    start, end = _pair(arrays, file)
    return pd.DataFrame({"start_time": start, "stop_time": end, **_labels(arrays, len(start))})


def _pair(arrays: Mapping[str, Any], file: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    start, end = _numbers(arrays, "start", file), _numbers(arrays, "end", file)
    if len(start) != len(end) or not (start <= end).all():
        raise _damaged(file, "start", "Starts and ends of intervals do not match.")
    return start, end


def _numbers(arrays: Mapping[str, Any], name: str, file: Path) -> NDArray[Any]:
    found = arrays.get(name)
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu" or found.ndim != 1:
        raise _damaged(file, name, "It is missing, or not a list of numbers.")
    numbers: NDArray[Any] = found.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise _damaged(file, name, "It contains NaN or infinite values.")
    return numbers


def _labels(arrays: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Arrays with one value per unit or interval."""
    labels = {}
    for name, array in arrays.items():
        if name in OWN or isinstance(array, Opaque) or np.ndim(array) != 1 or len(array) != size:
            continue
        plain = of_numpy(array)
        if not isinstance(plain, Opaque):
            labels[name] = plain
    return labels


def _name(key: float) -> str:
    return str(int(key)) if float(key).is_integer() and abs(key) < 2**53 else str(key)


def _damaged(file: Path, key: str, problem: str) -> InputError:
    return InputError(problem, file=file, key=key, remedy="Save it again with pynapple: object.save(file).")


def _other(file: Path, wanted: str, arrays: Mapping[str, Any]) -> InputError:
    return InputError(
        f"The file is not a {wanted} saved by pynapple.",
        file=file,
        key="type",
        value=sorted(arrays),
        remedy="Save the spikes as a TsGroup and the trials as an IntervalSet: object.save(file). For arrays of other "
        "forms, use counts, rates, z_scores, soft_normalised or spike_times.",
    )
