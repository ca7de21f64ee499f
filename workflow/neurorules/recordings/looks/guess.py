"""Options to start from, guessed from files. Users must check each line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.looks.facts import parts_of
from neurorules.recordings.sessions.session import Session

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MOST_CONDITIONS = 40
FILE_BIN_MS = 1  # not stated in any file
ALIGN = ("move_onset", "movement_on", "go_cue", "go", "stim_on", "cue_on", "target_on")  # parts of names, best first
CONDITIONS = ("dir", "angle", "target", "cond", "stim", "cue", "context", "type")  # parts of names, best first
OUTCOMES = ("success", "correct", "reward", "outcome", "result", "hit", "error")  # parts of names of what happened
OWN = ("start_time", "stop_time", "event", "trial", "id")
UNIT_NAMES = ("unit", "unit_id", "neuron", "cluster", "cluster_id", "cell")
TIME_NAMES = ("time", "time_s", "spike_time", "spike_times", "t", "time_ms")


def of_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Options that give the variables of a file of arrays; empty if nothing looks like trials or bins."""
    structs = [(path, value) for path, value in parts_of(tree) if _is_list(value) and _first_is(value, Mapping)]
    for path, value in structs:
        if found := _of_structs(path, value):
            return found
    cells = [(path, value) for path, value in parts_of(tree) if _is_list(value) and not _first_is(value, Mapping)]
    for path, value in sorted(cells, key=lambda item: "spike" not in item[0].lower()):
        kind = _kind([item for item in value.flat if isinstance(item, np.ndarray)][:3])
        if kind:
            return {
                kind: path,
                "axes": ["trial", "unit", "time"],
                "file_bin_ms": FILE_BIN_MS,
                **_columns(tree, value.size, path),
            }
    matrices = [(path, value) for path, value in parts_of(tree) if _is_numeric(value) and min(value.shape) > 1]
    for path, value in sorted(matrices, key=lambda item: -item[1].size):
        kind = _kind([value])
        if not kind:
            continue
        if value.ndim > 2:
            names = ["unit", *(f"axis{i}" for i in range(2, value.ndim - 1)), "time", "trial"]
            return {kind: path, "axes": names[-value.ndim :] if value.ndim == 2 else names, "file_bin_ms": FILE_BIN_MS}
        columns = _columns(tree, value.shape[0])
        if columns:
            (name,) = list(columns["columns"])[:1]
            return {kind: path, "file_bin_ms": FILE_BIN_MS, "columns": {name: columns["columns"][name]}, "cut_by": name}
    return {}


def _of_structs(path: str, value: NDArray[Any]) -> dict[str, Any]:
    first, last = value.flat[0], value.flat[-1]
    for field, of in first.items():
        kind = _kind([of, last[field]]) if _is_numeric(of) and min(of.shape) > 1 else None
        if kind:
            # every trial has the same number of units; bins may differ
            axes = ["trial", "time", "unit"] if of.shape[0] != last[field].shape[0] else ["trial", "unit", "time"]
            columns = {}
            for name in first:
                values = [_value(item[name]) for item in value.flat]
                if None not in values and 1 < len(set(values)) <= min(MOST_CONDITIONS, value.size / 2):
                    columns[str(name)] = f"{path}.{name}"
            return {
                kind: f"{path}.{field}",
                "axes": axes,
                "file_bin_ms": FILE_BIN_MS,
                **({"columns": columns} if columns else {}),
            }
    return {}


def _columns(tree: Mapping[str, Any], size: int, beside: str | None = None) -> dict[str, Any]:
    """Vectors of this length with few different values; from the same struct as `beside`, if given."""
    struct = "" if beside is None else beside.rpartition(".")[0]
    columns = {}
    for path, value in parts_of(tree):
        if not path.startswith(struct) or "{" in path or not _is_numeric(value):
            continue
        if value.size == size == max(value.shape):
            different = len(np.unique(value))
            if 1 < different <= (MOST_CONDITIONS if beside is None else size):
                columns[path.rpartition(".")[2]] = path
    return {"columns": columns} if columns else {}


def of_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The table of spikes and the table of trials, by file name; empty if they cannot be found."""
    found: dict[str, Any] = {}
    for name, table in tables.items():
        lower = {str(column).lower(): str(column) for column in table.columns}
        units = [lower[key] for key in UNIT_NAMES if key in lower]
        times = [lower[key] for key in TIME_NAMES if key in lower]
        if units and times and "spikes_file" not in found:
            found["spikes_file"] = name
            found["spike_columns"] = {"unit": units[0], "time": times[0]}
        elif "trials_file" not in found:
            found["trials_file"] = name
    return found if {"spikes_file", "trials_file"} <= set(found) else {}


def of_session(session: Session) -> dict[str, Any]:
    """Options for the use of a session: conditions, alignment, window, bins.

    The window covers what the trials have around the event, at most 200 ms before and 400 ms after it.
    """
    table = session.trials
    conditions = [name for name in table.columns if name not in OWN and _is_label(table[name].tolist())]
    outcomes = [name for name in conditions if any(part in str(name).lower() for part in OUTCOMES)]
    conditions = sorted((name for name in conditions if name not in outcomes), key=_rank) or outcomes
    options: dict[str, Any] = {"condition": conditions[:1] or [str(table.columns[0])]}
    passed = [name for name in outcomes if "success" in str(name).lower() or "correct" in str(name).lower()]
    if passed and passed[0] != options["condition"][0] and set(table[passed[0]]) == {False, True}:
        options["keep_trials"] = {str(passed[0]): table[passed[0]].max().item()}  # True or 1
    names = [str(name) for name in table.columns]
    numeric = [name for name in names if _is_times(table[name].tolist())]
    near = [name for part in ALIGN for name in numeric if part in name.lower()]
    options["align"] = (near or [name for name in ("start_time", "event") if name in names] or names)[0]
    file_bin = getattr(session.activity, "file_bin_ms", None)
    bin_ms = 10.0 if file_bin is None else max(file_bin, file_bin * np.ceil(10.0 / file_bin))
    before, after = 200.0, 400.0
    if {"start_time", "stop_time", options["align"]} <= set(names):
        start, stop, at = (_numbers(table[name].tolist()) for name in ("start_time", "stop_time", options["align"]))
        before, after = _room(at - start, before), _room(stop - at, after)
    window = [
        -float(bin_ms * np.floor(before / bin_ms + 1e-6)),
        float(bin_ms * max(np.floor(after / bin_ms + 1e-6), 1)),
    ]
    options |= {"window_ms": window, "bin_ms": float(bin_ms), "smooth_sd_ms": 25 if bin_ms <= 25 else 0}
    if session.behaviour:
        options["behaviour"] = {name.rpartition("/")[2].replace(".", "_"): name for name in list(session.behaviour)[:2]}
    return options


def _rank(name: Any) -> int:
    """How little a column's name looks like that of conditions."""
    return next((rank for rank, part in enumerate(CONDITIONS) if part in str(name).lower()), len(CONDITIONS))


def _numbers(values: list[Any]) -> NDArray[Any]:
    """A column as numbers; NaN for other values."""
    return np.array([float(v) if isinstance(v, int | float) else np.nan for v in values])


def _room(lengths_s: NDArray[Any], most_ms: float) -> float:
    known = lengths_s[np.isfinite(lengths_s)]
    shortest = float(np.quantile(known, 0.1)) * 1000 if len(known) else most_ms
    return min(max(shortest, 0.0), most_ms)


def _is_label(values: list[Any]) -> bool:
    different = {str(value) for value in values}
    fractions = [v for v in values if isinstance(v, float) and v == v and not v.is_integer()]
    few = 1 < len(different) <= min(MOST_CONDITIONS, max(len(values) / 2, 2))
    return few and len({*fractions}) <= MOST_CONDITIONS / 2


def _is_times(values: list[Any]) -> bool:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v == v]
    return len(numbers) > len(values) / 2 and len(set(numbers)) > 1


def _is_list(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.size > 1


def _first_is(value: NDArray[Any], kind: type) -> bool:
    return isinstance(value.flat[0], kind)


def _is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iufb" and value.size > 1


def _kind(arrays: list[NDArray[Any]]) -> str | None:
    """Whether arrays look like counts, rates or z-scores; None if they are not matrices of numbers."""
    if not arrays or not all(_is_numeric(array) and min(array.shape) > 1 for array in arrays):
        return None
    values = np.concatenate([array.ravel()[: 1 << 16].astype(np.float64) for array in arrays])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    if (values < 0).any():
        return "z_scores"
    return "counts" if not (values % 1).any() else "rates"


def _value(value: Any) -> Any:
    """A trial's label; None if the value cannot be one."""
    if isinstance(value, str):
        return value
    return (
        float(value.ravel()[0])
        if isinstance(value, np.ndarray) and value.dtype.kind in "iufb" and value.size == 1
        else None
    )
