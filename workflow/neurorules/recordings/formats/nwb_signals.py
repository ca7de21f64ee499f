"""Signals and events of NWB files: TimeSeries with values, and objects with times only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.formats.nwb_file import damaged, numbers, open_nwb, text_of, type_of, values
from neurorules.recordings.formats.nwb_tables import MOST_COMPONENTS, components_of, ids_of, row_ends

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

PLACES = ("processing", "acquisition", "stimulus", "analysis", "events")
DEPTH = 6  # levels of nested groups
GAP = 10.0  # steps: a signal has no value during a longer pause between two samples
OF_EVENTS = ("Events", "LabeledEvents", "TTLs", "AnnotationSeries", "IntervalSeries")
HOLDERS_OF_EVENTS = ("BehavioralEvents", "BehavioralEpochs")
TRIALS = "intervals/trials"


@dataclass(frozen=True)
class Signal:
    """A TimeSeries that is loaded on first use.

    Attributes:
        file: the NWB file.
        where: its path in the file.
        components: suffixes of its name.
    """

    file: Path
    where: str
    components: tuple[str, ...]

    def trial_values(self, trials: NDArray[Any], at_s: NDArray[Any], times_ms: NDArray[Any]) -> NDArray[Any]:
        """Values interpolated at times around an event of each trial; see `Behaviour`.

        NaN before the first sample and after the last, and between samples that are more than GAP steps apart.
        """
        with open_nwb(self.file) as file:
            series = file[self.where]
            data = numbers(series["data"], self.file, series["data"].ndim)
            data = data.reshape(len(data), -1)
            data = data * _attribute(series["data"], "conversion", 1.0) + _attribute(series["data"], "offset", 0.0)
            sampled_s = sample_times(series, len(data), self.file)
        if len(sampled_s) != len(data) or data.shape[1] != len(self.components):
            raise damaged(self.file, f"a signal has {len(data)} values but {len(sampled_s)} times", self.where)
        wanted_s = (at_s[:, None] + times_ms / 1000.0).ravel()
        if len(sampled_s) < 2:
            return np.full((len(at_s), len(times_ms), len(self.components)), np.nan)
        steps = np.diff(sampled_s)
        if not np.isfinite(sampled_s).all() or (steps < 0).any():
            raise damaged(self.file, "times of a signal are not in ascending order", self.where)
        after = np.clip(np.searchsorted(sampled_s, wanted_s, side="left"), 1, len(sampled_s) - 1)
        near = (steps[after - 1] <= GAP * np.median(steps)) | (sampled_s[after] == wanted_s)
        columns = [
            np.where(near, np.interp(wanted_s, sampled_s, of, left=np.nan, right=np.nan), np.nan) for of in data.T
        ]
        return np.stack(columns, axis=-1).reshape(len(at_s), len(times_ms), -1)


def _attribute(item: Any, name: str, default: float) -> float:
    """A numeric attribute of an object."""
    return float(np.asarray(item.attrs.get(name, default)).ravel()[0])


def sample_times(series: h5py.Group, count: int, path: Path) -> NDArray[Any]:
    """(sample,) times of a TimeSeries, s: its timestamps, or computed from its rate.

    Raises:
        InputError: it has neither.
    """
    if "timestamps" in series:
        return numbers(series["timestamps"], path)
    if "starting_time" not in series:
        raise damaged(path, "a signal has neither timestamps nor a rate", series.name)
    rate = _attribute(series["starting_time"], "rate", 0.0)
    if not 0 < rate < 1e9:
        raise damaged(path, f"a signal is sampled at {rate:g} Hz", series.name)
    start = float(values(series["starting_time"], path).ravel()[0])
    times: NDArray[Any] = start + np.arange(count) / rate
    return times


def groups_of(file: h5py.File) -> Iterator[tuple[str, h5py.Group, str]]:
    """Every typed group below PLACES: its path, the group, and the type of its parent."""
    import h5py

    stack = [(place, file[place], "") for place in PLACES if isinstance(file.get(place), h5py.Group)]
    while stack:
        where, group, around = stack.pop()
        kind = type_of(group)
        if kind:
            yield where, group, around
        if where.count("/") < DEPTH:
            for name in group:
                item = group.get(name) if group.get(name, getlink=True) is not None else None
                if isinstance(item, h5py.Group):
                    stack.append((f"{where}/{name}", item, kind))


def signals_of(file: h5py.File, path: Path) -> dict[str, Signal]:
    """Signals by path; those with more than MOST_COMPONENTS numbers per time do not count as behaviour."""
    import h5py

    found = {}
    for where, group, _ in groups_of(file):
        data = group.get("data")
        if not isinstance(data, h5py.Dataset) or not ("timestamps" in group or "starting_time" in group):
            continue
        if (
            data.dtype.kind in "iufb"
            and data.ndim in (1, 2)
            and data.size
            and np.prod(data.shape[1:]) <= MOST_COMPONENTS
        ):
            count = int(data.shape[1]) if data.ndim == 2 else 1
            found[where] = Signal(path, where, components_of(count))
    return dict(sorted(found.items()))


def events_of(file: h5py.File, path: Path) -> dict[str, NDArray[Any]]:
    """Times of events, s, by the path of their table, and by its name alone if it is unique.

    Sources are starts in tables of intervals other than trials; EventsTable; Events and LabeledEvents of the extension
    ndx-events, the latter also per label as `<path>/<label>`; and TimeSeries that mark times.

    Raises:
        InputError: a table is damaged.
    """
    import h5py

    found: dict[str, NDArray[Any]] = {}
    intervals = file.get("intervals")
    for name in intervals if isinstance(intervals, h5py.Group) else ():
        if f"intervals/{name}" != TRIALS and "start_time" in intervals[name]:
            found[f"intervals/{name}"] = numbers(intervals[name]["start_time"], path)
    for where, group, around in groups_of(file):
        found.update(_events(where, group, around, path))
    names = [where.rpartition("/")[2] for where in found]
    short = {name: found[where] for name, where in zip(names, list(found), strict=True) if names.count(name) == 1}
    finite = {name: times[np.isfinite(times)] for name, times in {**short, **found}.items()}
    return dict(sorted(finite.items()))


def _events(where: str, group: h5py.Group, around: str, path: Path) -> dict[str, NDArray[Any]]:
    kind = type_of(group)
    if kind == "EventsTable" and "timestamp" in group:
        return {where: numbers(group["timestamp"], path)}
    if kind == "AnnotatedEventsTable" and "event_times" in group and "label" in group:
        times = numbers(group["event_times"], path)
        ends = row_ends(group, "event_times", len(times), len(ids_of(group, path)), path)
        labels = [text_of(label) for label in values(group["label"], path).ravel()]
        return {f"{where}/{label}": times[a:b] for label, a, b in zip(labels, ends, ends[1:], strict=False)}
    marks = kind in OF_EVENTS or around in HOLDERS_OF_EVENTS
    empty = "data" not in group or not getattr(group["data"], "size", 0)
    if "timestamps" not in group or not (marks or empty):
        return {}
    times = numbers(group["timestamps"], path)
    found = {where: times}
    if kind in ("LabeledEvents", "TTLs") and "data" in group and "labels" in group["data"].attrs:
        data = numbers(group["data"], path)
        labels = [text_of(label) for label in np.asarray(group["data"].attrs["labels"]).ravel()]
        if data.shape == times.shape:
            found |= {f"{where}/{label}": times[data == i] for i, label in enumerate(labels)}
    return found
