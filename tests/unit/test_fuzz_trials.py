"""Files of trials that are damaged, or hold anything: a session or an error that names the file, nothing else."""

from __future__ import annotations

import io
import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from helpers.mat73 import write_mat73
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from neurorules.errors import InputError
from neurorules.io.confined import confined
from neurorules.recordings.looks.raw import look
from neurorules.recordings.readers.trials import read

fuzzed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
COMMON: dict[str, Any] = {"condition": ["side"], "align": "start_time", "window_ms": [0, 20], "bin_ms": 10}
ARRAYS = {"counts": "D.x", "file_bin_ms": 10, "columns": {"side": "D.side"}, **COMMON}
SPIKES = {
    "spike_times": "D.x",
    "axes": ["trial", "unit"],
    "observed": [0, 100],
    "columns": {"side": "D.side"},
    **COMMON,
}
TABLES = {"spikes_file": "spikes.csv", "trials_file": "trials.csv", **COMMON}
PYNAPPLE = {"spikes_file": "spikes.npz", "trials_file": "trials.npz", **COMMON}
READERS: dict[str, dict[str, Any]] = {
    "five.mat": ARRAYS,
    "seven.mat": ARRAYS,
    "cells.mat": SPIKES,
    "spikes.csv": TABLES,
}
READERS |= {"spikes.npz": PYNAPPLE, "spikes.parquet": {**TABLES, "spikes_file": "spikes.parquet"}}


@cache
def whole() -> dict[str, bytes]:
    """A good file of each kind."""
    import pandas as pd

    counts = [np.ones((2, 3), np.uint8), np.zeros((2, 2), np.uint8)]
    with TemporaryDirectory() as folder_:
        folder = Path(folder_)
        items = [{"x": c, "side": s} for c, s in zip(counts, ("a", "b"), strict=True)]
        array = np.empty(2, dtype=[("x", object), ("side", object)])
        cells = array.copy()
        for i, item in enumerate(items):
            array[i] = (item["x"], item["side"])
            times = np.empty((1, 2), object)
            times[0, 0], times[0, 1] = np.array([0.001, 0.012]), np.zeros((0, 0))
            cells[i] = (times, item["side"])
        savemat(folder / "five.mat", {"D": array}, do_compression=True)
        savemat(folder / "cells.mat", {"D": cells}, do_compression=True)
        savemat(folder / "plain.mat", {"D": array})
        write_mat73(folder / "seven.mat", {"D": items})
        spikes = pd.DataFrame({"unit": [1, 2, 1], "time": [0.001, 0.5, 1.01]})
        spikes.to_csv(folder / "spikes.csv", index=False)
        spikes.to_parquet(folder / "spikes.parquet")
        trials = pd.DataFrame({"start_time": [0.0, 1.0], "stop_time": [0.9, 1.9], "side": ["a", "b"]})
        trials.to_csv(folder / "trials.csv", index=False)
        np.savez(folder / "spikes.npz", t=spikes["time"], index=spikes["unit"], keys=[1, 2], start=[-1.0], end=[3.0])
        np.savez(folder / "trials.npz", start=[0.0, 1.0], end=[0.9, 1.9], side=np.array(["a", "b"]))
        return {file.name: file.read_bytes() for file in folder.iterdir()}


def attempt(files: dict[str, bytes], options: dict[str, Any]) -> bool:
    """Whether files are read; any exception but an InputError about one of them fails the test."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy's and NumPy's of odd files
        paths = [Path(folder) / name for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        read_it = True
        try:
            found = read(paths, options)
            assert np.isfinite(found["rates"].values).all()
        except InputError as error:
            assert error.problem and error.remedy
            read_it = False
        try:
            look(paths, None)
        except InputError as error:
            assert error.file is not None and error.remedy
        return read_it


def with_partner(name: str, data: bytes) -> dict[str, bytes]:
    partner = {"spikes.csv": "trials.csv", "spikes.parquet": "trials.csv", "spikes.npz": "trials.npz"}.get(name)
    return {name: data, **({partner: whole()[partner]} if partner else {})}


@pytest.mark.parametrize("name", READERS)
def test_whole_files_are_read(name: str) -> None:
    assert attempt(with_partner(name, whole()[name]), READERS[name])


OF_ANOTHER_KIND = [b"", b"\0" * 600, b"PK\x05\x06" + bytes(18), b"a,b\n1", b"\xff\xfe\x00", b"a,a\n1,2\n", b"PAR1PAR1"]
places = st.floats(0, 1, exclude_max=True)
damage = st.one_of(
    st.tuples(st.just("cut"), places, st.none()),
    st.tuples(st.just("flip"), places, st.integers(0, 7)),
    st.tuples(st.just("overwrite"), places, st.binary(min_size=1, max_size=16)),
    st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=16)),
    st.tuples(st.just("replace"), places, st.sampled_from(OF_ANOTHER_KIND)),
)


def damaged(data: bytes, how: str, place: float, with_: Any) -> bytes:
    at = int(place * len(data))
    if how == "cut":
        return data[:at]
    if how == "flip":
        return data[:at] + bytes([data[at] ^ 1 << with_]) + data[at + 1 :] if data else data
    if how == "overwrite":
        return data[:at] + with_ + data[at + len(with_) :]
    return data[:at] + with_ + data[at:] if how == "insert" else bytes(with_)


@pytest.mark.parametrize("name", READERS)
@fuzzed
@given(st.lists(damage, min_size=1, max_size=3))
def test_damaged_bytes(name: str, damages: list[tuple[str, float, Any]]) -> None:
    data = whole()[name]
    for one in damages:
        data = damaged(data, *one)
    attempt(with_partner(name, data), READERS[name])


@settings(parent=fuzzed, max_examples=15)
@given(st.lists(damage, min_size=1, max_size=3))
def test_damaged_bytes_that_no_compression_guards(damages: list[tuple[str, float, Any]]) -> None:
    """scipy may crash on them, which ends the child that reads them and no more."""
    data = whole()["plain.mat"]
    for one in damages:
        data = damaged(data, *one)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plain.mat"
        file.write_bytes(data)
        try:
            confined(lambda: read([file], ARRAYS).sizes["condition"], [file])
        except InputError as error:
            assert error.file == str(file) and error.remedy


numbers = st.sampled_from([0.0, 1.0, 2.5, -1.0, np.nan, np.inf, 1e300, 255.0])
shapes = st.lists(st.integers(0, 3), min_size=0, max_size=4).map(tuple)
arrays = st.tuples(shapes, st.sampled_from(["u1", "i8", "f4", "f8", "?", "c16"]), numbers).map(
    lambda said: np.full(said[0], 1 if said[1] in ("u1", "i8", "?") else said[2]).astype(said[1])
)
values = st.recursive(
    st.one_of(arrays, st.text("ab é", max_size=3), st.just({})),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(st.sampled_from(["x", "side", "y"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def for_savemat(value: Any) -> Any:
    """Lists as cells."""
    if isinstance(value, list):
        cell = np.empty((1, len(value)), dtype=object)
        for i, item in enumerate(value):
            cell[0, i] = for_savemat(item)
        return cell
    return {name: for_savemat(item) for name, item in value.items()} if isinstance(value, dict) else value


@fuzzed
@given(values, values, st.sampled_from([ARRAYS, SPIKES]))
def test_any_content_of_matlab_files(x: Any, side: Any, options: dict[str, Any]) -> None:
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            savemat(content, {"D": for_savemat({"x": x, "side": side})})
        except (TypeError, ValueError, IndexError):
            return
    attempt({"any.mat": content.getvalue()}, options)


@fuzzed
@given(values, values, st.sampled_from([ARRAYS, SPIKES]))
def test_any_content_of_matlab_73_files(x: Any, side: Any, options: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        try:
            content = write_mat73(Path(folder) / "a.mat", {"D": {"x": x, "side": side}}).read_bytes()
        except (KeyError, TypeError, ValueError):  # dicts of a list that differ, which MATLAB does not have
            return
    attempt({"any.mat": content}, options)


@fuzzed
@given(st.text("01.,;\t\n\"'abunitme_-é ", max_size=80), st.booleans())
def test_any_text_as_a_table(text: str, of_spikes: bool) -> None:
    names = ("spikes.csv", "trials.csv") if of_spikes else ("trials.csv", "spikes.csv")
    heading = "unit,time\n" if of_spikes else "start_time,stop_time,side\n"
    for content in (text, heading + text):
        attempt({names[0]: content.encode(), names[1]: whole()[names[1]]}, TABLES)


@fuzzed
@given(st.dictionaries(st.sampled_from(["t", "index", "keys", "start", "end", "type", "side"]), arrays, max_size=7))
def test_any_arrays_as_pynapple(content: dict[str, Any]) -> None:
    saved = io.BytesIO()
    np.savez(saved, **content)
    for name in ("spikes.npz", "trials.npz"):
        other = "trials.npz" if name == "spikes.npz" else "spikes.npz"
        attempt({name: saved.getvalue(), other: whole()[other]}, PYNAPPLE)
