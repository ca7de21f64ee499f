"""The reader `trials`: the same trials from every kind of file, and errors in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers.mat73 import write_mat73
from scipy.io import savemat

from neurorules.errors import InputError
from neurorules.recordings.formats.array_sessions import array_session
from neurorules.recordings.readers.trials import read

SIDES = ["left", "right", "left", "right", "left"]
LENGTHS = [6, 7, 6, 8, 6]  # bins
RNG = np.random.default_rng(0)
COUNTS = [RNG.integers(0, 4, (3, n)).astype(np.uint8) for n in LENGTHS]  # trial, (unit, bin)
STRUCTS = [
    {"spikes": counts, "side": side, "go": float(i), "marks": np.array([2.0, 5.0])}
    for i, (counts, side) in enumerate(zip(COUNTS, SIDES, strict=True))
]
OPTIONS: dict[str, Any] = {
    "counts": "D.spikes",
    "file_bin_ms": 10,
    "columns": {"side": "D.side"},
    "condition": ["side"],
    "align": "start_time",
    "window_ms": [0, 60],
    "bin_ms": 20,
}


def save5(path: Path, variables: dict[str, Any]) -> Path:
    savemat(path, variables)
    return path


def structs5(items: list[dict[str, Any]]) -> np.ndarray:
    """A struct array in the form that savemat accepts."""
    array = np.empty(len(items), dtype=[(name, object) for name in items[0]])
    for i, item in enumerate(items):
        array[i] = tuple(item.values())
    return array


WRITERS: dict[str, Callable[[Path, list[dict[str, Any]]], Path]] = {
    "v5": lambda path, items: save5(path, {"D": structs5(items)}),
    "v7.3": lambda path, items: write_mat73(path, {"D": items}),
}


def expected(window: slice = slice(0, 6)) -> np.ndarray:
    """(condition, time, unit) in spikes/s: counts of two bins of 10 ms, averaged over the trials of a side."""
    binned = np.array([counts[:, window].reshape(3, 3, 2).sum(axis=2) / 0.020 for counts in COUNTS])
    sides = np.array(SIDES)
    return np.array([binned[sides == side].mean(axis=0).T for side in ("left", "right")])


@pytest.mark.parametrize("version", WRITERS)
def test_struct_arrays_of_matlab(tmp_path: Path, version: str) -> None:
    found = read([WRITERS[version](tmp_path / "a.mat", STRUCTS)], OPTIONS)
    assert found["side"].values.tolist() == ["left", "right"]
    np.testing.assert_allclose(found["rates"], expected(), rtol=1e-12)
    assert found.sizes["trial"] == 15 and json.loads(found.attrs["left_out"]) == []


@pytest.mark.parametrize("version", WRITERS)
def test_a_struct_array_of_one_trial(tmp_path: Path, version: str) -> None:
    session = array_session(WRITERS[version](tmp_path / "a.mat", STRUCTS[:1]), OPTIONS)
    assert (len(session.trials), len(session.units)) == (1, 3)
    assert session.trials["side"].tolist() == ["left"]


@pytest.mark.parametrize("version", WRITERS)
def test_one_unit(tmp_path: Path, version: str) -> None:
    """A row of counts has the shape of a vector."""
    items = [{**item, "spikes": item["spikes"][:1]} for item in STRUCTS]
    found = read([WRITERS[version](tmp_path / "a.mat", items)], OPTIONS)
    np.testing.assert_allclose(found["rates"], expected()[..., :1], rtol=1e-12)


def test_cells_within_structs_within_cells(tmp_path: Path) -> None:
    nested = {"before": [{"spikes": [counts.astype(float) for counts in COUNTS], "sides": SIDES}]}
    changes = {"counts": "S.before.spikes", "columns": {"side": "S.before.sides"}}
    files = [
        save5(
            tmp_path / "five.mat",
            {"S": {"before": {"spikes": cell5(COUNTS), "sides": cell5(SIDES)}}},
        ),
        write_mat73(tmp_path / "seven.mat", {"S": {"before": nested["before"][0]}}),
    ]
    for file in files:
        np.testing.assert_allclose(read([file], {**OPTIONS, **changes})["rates"], expected(), rtol=1e-12)


def cell5(items: list[Any]) -> np.ndarray:
    array = np.empty((1, len(items)), dtype=object)
    for i, item in enumerate(items):
        array[0, i] = item
    return array


def test_spike_times_in_cells_are_as_their_counts(tmp_path: Path) -> None:
    """Spikes in the middle of their bins, in ms; an empty cell means no spike."""
    times = [
        [np.repeat(np.arange(n) * 10.0 + 5, row) for row in counts] for counts, n in zip(COUNTS, LENGTHS, strict=True)
    ]
    cells = np.empty((5, 3), dtype=object)
    for i in range(5):
        for unit in range(3):
            cells[i, unit] = times[i][unit]
    items = [{"t": cell5(row), "side": side} for row, side in zip(times, SIDES, strict=True)]
    ends = [10.0 * n for n in LENGTHS]
    common = {
        "axes": ["trial", "unit"],
        "times_in": {"spike_times": "ms", "end": "ms"},
        "observed": [0, "end"],
        "counts": None,
        "file_bin_ms": None,
    }
    matrix = save5(tmp_path / "a.mat", {"T": cells, "sides": cell5(SIDES)})
    struct = save5(tmp_path / "b.mat", {"D": structs5(items)})
    seven = write_mat73(tmp_path / "c.mat", {"D": [{"t": row, "side": s} for row, s in zip(times, SIDES, strict=True)]})
    for file, path, side in ((matrix, "T", "sides"), (struct, "D.t", "D.side"), (seven, "D.t", "D.side")):
        options = {**OPTIONS, **common, "spike_times": path, "columns": {"side": side, "end": ends}}
        found = read([file], {key: value for key, value in options.items() if value is not None})
        np.testing.assert_allclose(found["rates"], expected(), rtol=1e-12)


def test_events_of_trials_in_bins(tmp_path: Path) -> None:
    """The second mark is the number of a bin, from 1: its start is at (5 - 1) x 10 ms."""
    file = save5(tmp_path / "a.mat", {"D": structs5(STRUCTS)})
    changes = {
        "columns": {"side": "D.side", "go": "D.marks(2)"},
        "times_in": {"go": "bins"},
        "align": "go",
        "window_ms": [-40, 20],
    }
    np.testing.assert_allclose(read([file], {**OPTIONS, **changes})["rates"], expected(), rtol=1e-12)


def test_an_array_with_named_dimensions(tmp_path: Path) -> None:
    """unit x side x time x trial, NaN where a side has fewer trials; a last dimension of 1 is not stored."""
    full = np.full((3, 2, 6, 3), np.nan)
    for k, side in enumerate(("left", "right")):
        of = [counts[:, :6] for counts, s in zip(COUNTS, SIDES, strict=True) if s == side]
        for i, counts in enumerate(of):
            full[:, k, :, i] = counts
    changes = {"counts": "R", "axes": ["unit", "side", "time", "trial"], "columns": {"side": ["left", "right"]}}
    np.savez(tmp_path / "a.npz", R=full)
    for file in (
        save5(tmp_path / "a.mat", {"R": full}),
        write_mat73(tmp_path / "b.mat", {"R": full}),
        tmp_path / "a.npz",
    ):
        found = read([file], {**OPTIONS, **changes})
        np.testing.assert_allclose(found["rates"], expected(), rtol=1e-12)
    one = array_session(save5(tmp_path / "c.mat", {"R": full[..., :1]}), {**OPTIONS, **changes})
    assert (len(one.trials), len(one.units)) == (2, 3)


def test_the_order_of_conditions_in_a_file_does_not_count(tmp_path: Path) -> None:
    order = [3, 1, 0, 4, 2]
    first = read([save5(tmp_path / "a.mat", {"D": structs5(STRUCTS)})], OPTIONS)
    (tmp_path / "b").mkdir()
    second = read([save5(tmp_path / "b" / "a.mat", {"D": structs5([STRUCTS[i] for i in order])})], OPTIONS)
    xr.testing.assert_identical(first, second)


def test_two_sessions_are_one_pseudo_population(tmp_path: Path) -> None:
    files = [save5(tmp_path / f"{name}.mat", {"D": structs5(STRUCTS)}) for name in ("a", "b")]
    found = read(files, OPTIONS)
    assert found["neuron"].values.tolist() == [f"{s}/unit{i:03d}" for s in "ab" for i in (1, 2, 3)]


def spikes_table() -> pd.DataFrame:
    """Trials of 1 s each, their bins after their starts; spikes in the middle of their bins."""
    rows = [
        {"unit": f"u{unit}", "time": trial + (k * 10 + 5) / 1000, "trial": trial, "since": (k * 10 + 5) / 1000}
        for trial, counts in enumerate(COUNTS)
        for unit, row in enumerate(counts)
        for k, n in enumerate(row)
        for _ in range(n)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


TABLES = {"spikes_file": "spikes.csv", "trials_file": "trials.csv", "align": "start"}


def table_options(**changes: Any) -> dict[str, Any]:
    kept = {key: OPTIONS[key] for key in ("condition", "window_ms", "bin_ms")}
    return {**kept, **TABLES, **changes}


def trials_table() -> pd.DataFrame:
    return pd.DataFrame({"start": np.arange(5.0), "side": SIDES, "end": np.array(LENGTHS) / 100})


def test_tables_of_spikes_and_trials(tmp_path: Path) -> None:
    spikes_table().to_csv(tmp_path / "spikes.csv", index=False)
    trials_table().to_csv(tmp_path / "trials.csv", index=False, sep=";")
    spikes_table().to_parquet(tmp_path / "spikes.parquet")
    files = [tmp_path / name for name in ("spikes.csv", "trials.csv", "spikes.parquet")]
    found = read(files[:2], table_options())
    assert found["neuron"].values.tolist() == ["u0", "u1", "u2"]
    np.testing.assert_allclose(found["rates"], expected(), rtol=1e-12)
    parquet = read(files, table_options(spikes_file="spikes.parquet"))
    np.testing.assert_array_equal(parquet["rates"], found["rates"])
    in_ms = spikes_table().assign(time=lambda table: table["time"] * 1000).rename(columns={"time": "t_ms"})
    in_ms.to_csv(tmp_path / "spikes.csv", index=False)
    changes = {"spike_columns": {"time": "t_ms"}, "times_in": {"spike_times": "ms"}}
    np.testing.assert_allclose(read(files[:2], table_options(**changes))["rates"], expected(), rtol=1e-12)
    own = {"spike_columns": {"time": "since", "trial": "trial"}, "observed": [0, "end"], "align": "event"}
    np.testing.assert_allclose(read(files[:2], table_options(**own))["rates"], expected(), rtol=1e-12)


def test_sessions_of_tables_by_their_names(tmp_path: Path) -> None:
    files = []
    for day in ("mon", "tue"):
        spikes_table().to_csv(tmp_path / f"{day}_spikes.csv", index=False)
        trials_table().to_csv(tmp_path / f"{day}_trials.csv", index=False)
        files += [tmp_path / f"{day}_spikes.csv", tmp_path / f"{day}_trials.csv"]
    pd.DataFrame({"unit": ["u0", "u1", "u2"], "area": ["M1", "M1", "S1"]}).to_csv(tmp_path / "units.csv", index=False)
    files.append(tmp_path / "units.csv")
    changes = {"spikes_file": "*_spikes.csv", "trials_file": "*_trials.csv", "units_file": "units.csv"}
    found = read(files, table_options(**changes, units={"area": "M1"}))
    assert found["neuron"].values.tolist() == ["mon/u0", "mon/u1", "tue/u0", "tue/u1"]
    np.testing.assert_allclose(found["rates"][..., :2], expected()[..., :2], rtol=1e-12)


def test_what_pynapple_saves(tmp_path: Path) -> None:
    """Keys as in pynapple's TsGroup.save and IntervalSet.save; a unit without spikes is only in `keys`."""
    table = spikes_table().sort_values("time")
    index = table["unit"].str[1:].astype(int).to_numpy()
    group = {"t": table["time"].to_numpy(), "index": index, "keys": np.arange(4), "type": np.array(["TsGroup"])}
    np.savez(
        tmp_path / "spikes.npz", start=np.array([-1.0]), end=np.array([9.0]), location=np.array(list("aabb")), **group
    )
    start = np.arange(5.0)
    np.savez(
        tmp_path / "trials.npz", start=start, end=start + 0.9, type=np.array(["IntervalSet"]), side=np.array(SIDES)
    )
    changes = {"spikes_file": "spikes.npz", "trials_file": "trials.npz", "align": "start_time"}
    found = read([tmp_path / "spikes.npz", tmp_path / "trials.npz"], table_options(**changes))
    np.testing.assert_allclose(found["rates"], expected(), rtol=1e-12)
    assert [entry["neuron"] for entry in json.loads(found.attrs["left_out"])] == ["3"]
    short = {**group, "start": np.array([-1.0]), "end": np.array([4.03])}  # the last trial was not observed
    np.savez(tmp_path / "spikes.npz", **short)
    found = read([tmp_path / "spikes.npz", tmp_path / "trials.npz"], table_options(**changes))
    assert found.sizes["trial"] == 3 * 4


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no activity": ({"counts": None}, "counts", "D"),
    "two activities": ({"rates": "D.spikes"}, "counts", "counts"),
    "misspelt path": ({"counts": "D.spike"}, "counts", "Did you mean spikes?"),
    "misspelt variable": ({"counts": "d.spikes"}, "counts", "Did you mean D?"),
    "no path": ({"counts": "D..spikes"}, "counts", "D.epochStarts"),
    "text as counts": ({"counts": "D.side"}, "counts", "Use another"),
    "other dimensions": ({"axes": ["trial", "unit"]}, "counts", "axes"),
    "dimension twice": ({"axes": ["unit", "unit", "time"]}, "axes", "axes"),
    "transposed": ({"axes": ["trial", "time", "unit"]}, "counts", "axes: "),
    "no width": ({"file_bin_ms": None}, "file_bin_ms", "file_bin_ms: 1"),
    "bins that do not fit": ({"bin_ms": 15}, "bin_ms", "multiple of 10"),
    "misspelt column": ({"condition": ["sid"]}, "condition.0", "Did you mean side?"),
    "column of several values": ({"columns": {"side": "D.side", "go": "D.marks"}}, "columns.go", "D.marks(1)"),
    "column of other length": ({"columns": {"side": ["left"]}}, "columns.side", "one value for each"),
    "no such element": ({"columns": {"side": "D.side", "go": "D.marks(3)"}}, "columns.go", "from 1"),
    "event that is no time": ({"align": "side"}, "align: side", "numbers"),
    "cut by nothing": ({"cut_by": "target", "counts": "D(1).spikes"}, "cut_by", "columns"),
    "beyond the trials": ({"window_ms": [0, 200]}, "units", "window_ms"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_can_be_wrong_says_what_to_do(tmp_path: Path, fault: str) -> None:
    changes, key, remedy = WRONG[fault]
    file = save5(tmp_path / "a.mat", {"D": structs5(STRUCTS)})
    options = {key: value for key, value in {**OPTIONS, **changes}.items() if value is not None}
    with pytest.raises(InputError) as raised:
        read([file], options)
    error = raised.value
    if error.key != "bin_ms":
        assert error.file == str(file)
    assert error.key == key and error.remedy is not None and remedy in error.remedy, error


def test_values_that_are_not_what_they_are_said_to_be(tmp_path: Path) -> None:
    for value, words in ((-1.0, "negative counts"), (0.5, "whole numbers"), (np.inf, "infinite")):
        items = [dict(item) for item in STRUCTS]
        spikes = items[2]["spikes"].astype(float)
        spikes[1, 1] = value
        items[2]["spikes"] = spikes
        with pytest.raises(InputError, match=words):
            read([save5(tmp_path / "a.mat", {"D": structs5(items)})], OPTIONS)


def test_faults_of_tables(tmp_path: Path) -> None:
    spikes_table().to_csv(tmp_path / "spikes.csv", index=False)
    trials_table().to_csv(tmp_path / "trials.csv", index=False)
    files = [tmp_path / "spikes.csv", tmp_path / "trials.csv"]
    for changes, key, remedy in (
        ({"spikes_file": "spike.csv"}, "spikes_file", "Did you mean spikes.csv?"),
        ({"trials_file": None}, "trials_file", "spikes.csv, trials.csv"),
        ({"spike_columns": {"unit": "units"}}, "spike_columns.unit", "Did you mean unit?"),
        ({"spike_columns": {"trial": "trial"}}, "observed", "ms"),
        ({"times_in": {"starts": "ms"}}, "times_in.starts", "Did you mean start?"),
        ({"condition": ["sides"]}, "condition.0", "Did you mean side?"),
    ):
        options = {name: value for name, value in table_options(**changes).items() if value is not None}
        with pytest.raises(InputError) as raised:
            read(files, options)
        assert raised.value.key == key and remedy in str(raised.value.remedy), raised.value
    with pytest.raises(InputError, match="not a file of arrays"):
        read(files, OPTIONS)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", R=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="a pickled object"):
        read([tmp_path / "a.npz"], {**OPTIONS, "counts": "R"})
