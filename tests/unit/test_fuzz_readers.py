"""Randomly damaged raw files: every reader gives a complete recording or says which file is wrong and why."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from helpers import nwb_files
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from neurorules.errors import InputError
from neurorules.recordings.convert import read_recording
from neurorules.recordings.formats import safe_pickle
from neurorules.recordings.synthetic.base.write import write_synthetic

fuzzed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking an example takes minutes, because every read takes time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

Files = dict[str, bytes]

SOURCES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "units": ("mante2013", "raw", {"neurons": 1, "trials_per_condition": 1}),
    "archive": ("mante2013", "raw", {"neurons": 1, "trials_per_condition": 1}),
    "processed": ("hatsopoulos2007", "processed", {"neurons": 3, "trials_per_condition": 1}),
    "session": ("hatsopoulos2007", "dryad", {"neurons": 3, "trials_per_condition": 1}),
    "mazes": ("sussillo2015", "private", {"neurons": 2, "trials_per_condition": 1}),
    "own": ("own_rates", "netcdf", {}),
    "nwb": ("nwb", "files", {}),
}
OWN = ("own", "nwb")  # files that one has oneself, which no writer of synthetic files knows
OF_SESSIONS = {
    **{"condition": ["side"], "align": "go", "window_ms": [0, 200], "bin_ms": 50, "smooth_sd_ms": 10},
    **{"units": {"location": ["M1"]}, "behaviour": {"hand": "processing/behavior/hand"}},
}


@cache
def whole(kind: str) -> Files:
    """Raw files as the workflow writes them, by name."""
    reader, source, options = SOURCES[kind]
    with TemporaryDirectory() as folder:
        if kind == "own":
            return {"rates.nc": own_rates(Path(folder) / "rates.nc")}
        if kind == "nwb":
            return {"session.nwb": own_session(Path(folder) / "session.nwb")}
        files = {file.name: file.read_bytes() for file in write_synthetic(reader, source, Path(folder), 0, options)}
    if kind != "archive":
        return files
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"PFC data/PFC data 1/{name}", data)
    return {"PFC data.zip": content.getvalue()}


def own_rates(file: Path) -> bytes:
    """A file as one writes it oneself."""
    units = {"rates": {"units": "spikes/s"}, "time": {"units": "ms"}}
    dataset = xr.Dataset(
        {"rates": (("condition", "time", "neuron"), np.arange(12.0).reshape(2, 3, 2), units["rates"])},
        coords={
            "time": ("time", [10.0, 30.0, 50.0], units["time"]),
            "neuron": ["a", "b"],
            "side": ("condition", ["l", "r"]),
        },
        attrs={"title": "Lab 2025"},
    )
    dataset.to_netcdf(file)
    return file.read_bytes()


def own_session(file: Path) -> bytes:
    """A small session in NWB: two conditions, a unit with observed intervals and an electrode, a signal."""
    made, go = nwb_files.new_file("session"), np.array([1.0, 2.0, 3.0, 4.0])
    trials = {"start_time": go - 0.5, "stop_time": go + 0.4, "go": go, "side": ["l", "r"] * 2}
    trials["bump"] = [np.zeros(n) for n in (1, 2, 3, 0)]
    nwb_files.add_trials(made, trials, ragged=("bump",))
    group = made.create_electrode_group("array", "an array", "M1", made.create_device("device"))
    made.add_electrode(x=0.0, y=0.0, z=0.0, imp=1.0, location="M1", filtering="none", group=group)
    observed = [np.array([[0.0, 6.0]])]
    nwb_files.add_units(
        made,
        [np.arange(0, 5, 0.03) ** 1.1],
        {"good": [True]},
        obs_intervals=observed,
        electrodes=[[0]],
        electrode_group=[group],
    )
    nwb_files.add_behaviour(made, "hand", np.ones((60, 2)), np.arange(60) / 10)
    return nwb_files.write(made, file).read_bytes()


def read(kind: str, files: Files) -> bool:
    """Read files; False if they are refused properly. Any other exception fails the test."""
    reader, source, _ = SOURCES[kind]
    options = OF_SESSIONS if kind == "nwb" else {"keep_trials": source in ("raw", "dryad")}
    entry = {"name": kind, "reader": reader, "source": source, "synthetic": kind not in OWN, "options": options}
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scipy's of odd files
                # In this process, a crash ends the tests; in a child, it is just another error.
                found = read_recording(entry, paths, apart=lambda function, files: function())
        except InputError as error:
            assert error.problem and error.remedy
            assert error.file is not None and Path(folder) in (Path(error.file), *Path(error.file).parents)
            return False
        assert found["rates"].size and json.loads(found.attrs["left_out"]) is not None
        return True


@pytest.mark.parametrize("kind", SOURCES)
def test_whole_files_are_read(kind: str) -> None:
    assert read(kind, whole(kind))


# ---- bytes

OF_ANOTHER_KIND = [
    b"",
    b"\0",
    b"<!DOCTYPE html><html>404</html>",
    b"PK\x05\x06" + bytes(18),  # an empty archive
    b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM",
    b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n",
    b"\x93NUMPY\x01\x00",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (), }",
]

places = st.floats(0, 1, exclude_max=True)
byte_damage = st.one_of(
    st.tuples(st.just("cut"), places, st.none()),
    st.tuples(st.just("flip"), places, st.integers(0, 7)),
    st.tuples(st.just("overwrite"), places, st.binary(min_size=1, max_size=16)),
    st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=16)),
    st.tuples(st.just("lose"), places, st.integers(1, 600)),
    st.tuples(st.just("zero"), places, st.integers(1, 5000)),
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
    if how == "insert":
        return data[:at] + with_ + data[at:]
    if how == "lose":
        return data[:at] + data[at + with_ :]
    if how == "zero":
        return data[:at] + bytes(min(with_, len(data) - at)) + data[at + with_ :]
    return with_


@pytest.mark.parametrize("kind", SOURCES)
@fuzzed
@given(st.integers(0, 3), st.lists(byte_damage, min_size=1, max_size=3))
def test_damaged_bytes(kind: str, which: int, damages: list[tuple[str, float, Any]]) -> None:
    files = dict(whole(kind))
    name = list(files)[which % len(files)]
    for damage in damages:
        files[name] = damaged(files[name], *damage)
    read(kind, files)


@fuzzed
@given(st.integers(0, 1), st.lists(byte_damage, min_size=1, max_size=3))
def test_damaged_bytes_that_no_compression_guards(which: int, damages: list[tuple[str, float, Any]]) -> None:
    files = {}
    for name, data in whole("units").items():
        plain = io.BytesIO()
        savemat(plain, {"unit": contents(data)["unit"]}, oned_as="column")
        files[name] = plain.getvalue()
    name = list(files)[which]
    for damage in damages:
        files[name] = damaged(files[name], *damage)
    read("units", files)


@given(st.permutations(list(range(4))))
@fuzzed
def test_files_under_each_others_names(order: list[int]) -> None:
    names, data = list(whole("mazes")), list(whole("mazes").values())
    assert read("mazes", {names[i]: data[k] for i, k in enumerate(order)}) == (order == sorted(order))


# ---- content


def contents(data: bytes) -> dict[str, Any]:
    """Variables of a .mat file in the shapes that MATLAB gives them."""
    loaded = loadmat(io.BytesIO(data), simplify_cells=True)
    return {key: value for key, value in loaded.items() if not key.startswith("__")}


numbers = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 0.5, 1e300, -1e300, 1e18, 3.0])
values = st.one_of(
    numbers,
    st.sampled_from(
        [
            "text",
            "",
            1 + 2j,
            np.zeros((0, 0)),
            np.zeros(3),
            np.full((2, 2), np.nan),
            np.array(["a", "bc"]),
            np.array([1, "two", [3.0]], dtype=object),
            {"field": 1.0},
            np.array(True),
            np.int8(-1),
        ]
    ),
)
KINDS = ["u1", "i2", "i8", "f4", "f8", "c16", "?", "U4", "S3"]


def at(array: np.ndarray, place: float, value: Any) -> np.ndarray:
    """A copy with one value changed."""
    changed = np.array(array, dtype=np.float64 if array.dtype.kind in "biuf" else array.dtype)
    if changed.size:
        changed.flat[int(place * changed.size)] = value
    return changed


CHANGES: dict[str, Callable[[np.ndarray, float, Any], Any]] = {
    "one value": lambda array, place, value: at(array, place, value),
    "all values": lambda array, place, value: np.full(array.shape, value),
    "negative": lambda array, place, value: -np.asarray(array, dtype=np.float64),
    "transposed": lambda array, place, value: array.T,
    "flat": lambda array, place, value: array.ravel(),
    "one more axis": lambda array, place, value: np.stack([array, array], axis=-1),
    "shorter": lambda array, place, value: array[: int(place * len(array))] if array.ndim else array,
    "narrower": lambda array, place, value: array[..., : int(place * array.shape[-1])] if array.ndim else array,
    "longer": lambda array, place, value: np.concatenate([array, array]) if array.ndim else array,
    "of another type": lambda array, place, value: array.astype(KINDS[int(place * len(KINDS))]),
}
changes = st.one_of(
    st.tuples(st.just("delete"), places, st.none()),
    st.tuples(st.just("swap"), places, st.none()),
    st.tuples(st.just("put"), places, values),
    st.tuples(st.sampled_from(sorted(CHANGES)), places, numbers),
)


def leaves(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in node.items():
        yield (*path, name)
        if isinstance(child, Mapping):
            yield from leaves(child, (*path, name))


def change(content: dict[str, Any], which: float, how: str, place: float, value: Any) -> None:
    """Change one variable or field of nested dicts in place."""
    paths = list(leaves(content))
    if not paths:
        return
    *above, last = paths[int(which * len(paths))]
    parent = content
    for name in above:
        parent = parent[name]
    if how == "delete":
        del parent[last]
    elif how == "put":
        parent[last] = deepcopy(value)
    elif how == "swap":
        other = list(parent)[int(place * len(parent))]
        parent[last], parent[other] = parent[other], parent[last]
    elif not isinstance(parent[last], Mapping):
        with np.errstate(invalid="ignore"):
            parent[last] = CHANGES[how](np.asarray(parent[last]), place, value)


def changed_mat(data: bytes, alterations: list[tuple[float, tuple[str, float, Any]]]) -> bytes | None:
    """A .mat file with changed content; None if MATLAB cannot represent it."""
    content = contents(data)
    saved = io.BytesIO()
    try:
        for which, alteration in alterations:
            change(content, which, *alteration)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            savemat(saved, content, oned_as="column", do_compression=True)
    except (TypeError, ValueError, IndexError, AttributeError):
        return None
    return saved.getvalue()


@pytest.mark.parametrize("kind", ["units", "mazes"])
@fuzzed
@given(st.integers(0, 3), st.lists(st.tuples(places, changes), min_size=1, max_size=3))
def test_changed_matlab_variables(
    kind: str, which: int, alterations: list[tuple[float, tuple[str, float, Any]]]
) -> None:
    files = dict(whole(kind))
    name = list(files)[which % len(files)]
    changed = changed_mat(files[name], alterations)
    if changed is not None:
        read(kind, {**files, name: changed})


@fuzzed
@given(st.lists(st.tuples(places, changes), min_size=1, max_size=3))
def test_changed_entries_of_a_pickle(alterations: list[tuple[float, tuple[str, float, Any]]]) -> None:
    ((name, data),) = whole("processed").items()
    with TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        content = safe_pickle.load(Path(folder) / name)
    saved = io.BytesIO()
    try:
        for which, alteration in alterations:
            change(content, which, *alteration)
        np.save(saved, np.array(content, dtype=object), allow_pickle=True)
    except (TypeError, ValueError, IndexError):
        return
    read("processed", {name: saved.getvalue()})


@pytest.mark.parametrize("kind", ["session", "nwb"])
@fuzzed
@given(st.lists(st.tuples(places, changes), min_size=1, max_size=3))
def test_changed_datasets_of_a_session(kind: str, alterations: list[tuple[float, tuple[str, float, Any]]]) -> None:
    ((name, data),) = whole(kind).items()
    file_ = io.BytesIO(data)
    with h5py.File(file_, "r+") as file:
        for which, alteration in alterations:
            change_dataset(file, which, *alteration)
    read(kind, {name: file_.getvalue()})


def change_dataset(file: h5py.File, which: float, how: str, place: float, value: Any) -> None:
    paths: list[str] = []
    file.visit(paths.append)
    path, other = paths[int(which * len(paths))], paths[int(place * len(paths))]
    item = file[path]
    if how == "delete":
        del file[path]
    elif how == "swap" and isinstance(item, h5py.Dataset) and isinstance(file[other], h5py.Dataset):
        file.move(path, "other")
        file.move(other, path) if other != path else None
        file.move("other", other)
    elif how == "put" and not isinstance(value, dict):
        attributes = dict(item.attrs)
        del file[path]
        array = np.asarray(value)
        if array.dtype.kind in "OU":
            file.create_group(path)
        else:
            file.create_dataset(path, data=array).attrs.update(attributes)
    elif how in CHANGES and isinstance(item, h5py.Dataset):
        attributes, array = dict(item.attrs), np.asarray(item[()], item.dtype)
        if array.dtype.kind == "O":  # references, or text
            array = array.ravel()[: int(place * array.size)] if how == "shorter" else array.T
            dtype = item.dtype
        else:
            try:
                array = np.asarray(CHANGES[how](np.asarray(array), place, value))
            except (ValueError, IndexError):
                return
            dtype = array.dtype
            if array.dtype.kind == "U":
                return
        del file[path]
        file.create_dataset(path, data=array, dtype=dtype).attrs.update(attributes)
