"""A pickled dict in a .npy file: arrays and plain values come out, nothing else gets in."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from neurorules.errors import InputError
from neurorules.recordings.formats import safe_pickle

REAL = Path("hatsopoulos2007") / "data_output_aligntomovementonset_minT-800_maxT400_FRsmoothSD25ms.npy"


def save(path: Path, value: object) -> Path:
    """As numpy.save(path, {...}) does."""
    np.save(path, np.array(value, dtype=object), allow_pickle=True)
    return path


def save_pickle(path: Path, pickled: bytes) -> Path:
    """A .npy header for a pickled object, followed by any bytes."""
    with open(path, "wb") as handle:
        np.lib.format.write_array_header_1_0(handle, {"descr": "|O", "fortran_order": False, "shape": ()})
        handle.write(pickled)
    return path


def test_arrays_and_plain_values_come_back(tmp_path: Path) -> None:
    value = {
        "rates": np.arange(24.0).reshape(2, 3, 4),
        "transposed": np.arange(6, dtype="<i4").reshape(2, 3).T,
        "names": np.array(["a", "bc"]),
        "scalar": np.float64(0.5),
        "type": np.dtype("<f4"),
        "nested": {"list": [1, 2.5, None, True, "text", b"bytes"], "set": {1, 2}, "tuple": (1 + 2j,)},
        "mixed": np.array([1, "two", [3.0]], dtype=object),
    }
    found = safe_pickle.load(save(tmp_path / "a.npy", value))
    assert list(found) == list(value)
    for name in ("rates", "transposed", "names"):
        np.testing.assert_array_equal(found[name], value[name])
        assert found[name].dtype == value[name].dtype
    assert found["scalar"] == 0.5
    assert found["type"] == np.dtype("<f4")
    assert found["nested"] == value["nested"]
    assert found["mixed"].tolist() == [1, "two", [3.0]]


def test_files_of_numpy_1_name_numpy_core(tmp_path: Path) -> None:
    new = pickle.dumps(np.array({"a": np.arange(3.0)}, dtype=object), protocol=3)
    assert b"numpy._core" in new
    found = safe_pickle.load(save_pickle(tmp_path / "a.npy", new.replace(b"numpy._core", b"numpy.core")))
    np.testing.assert_array_equal(found["a"], [0.0, 1.0, 2.0])


def test_the_published_file_reads_as_numpy_reads_it(real_data: Path) -> None:
    trusted = np.load(real_data / REAL, allow_pickle=True).item()
    found = safe_pickle.load(real_data / REAL)
    assert list(found) == list(trusted)
    for name, values in trusted.items():
        np.testing.assert_array_equal(found[name], values)


class _Hostile:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("wrap", [lambda h: {"firing_rate": h}, lambda h: h, lambda h: {"a": [np.arange(2), {"b": h}]}])
def test_a_hostile_pickle_runs_nothing(tmp_path: Path, wrap: object) -> None:
    marker = tmp_path / "ran"
    hostile = save(tmp_path / "a.npy", wrap(_Hostile(os.system, f"touch '{marker}'")))  # type: ignore[operator]
    with pytest.raises(InputError, match=r"posix\.system"):
        safe_pickle.load(hostile)
    assert not marker.exists()
    # the pickle does what the test believes: read without care, it runs
    np.load(hostile, allow_pickle=True)
    assert marker.exists()


@pytest.mark.parametrize(
    "function", [eval, exec, getattr, open, __import__, np.load, np.save, np.fromfile, np.frombuffer, pickle.loads]
)
def test_other_functions_are_refused_by_name(tmp_path: Path, function: object) -> None:
    with pytest.raises(InputError, match=function.__name__):  # type: ignore[attr-defined]
        safe_pickle.load(save(tmp_path / "a.npy", {"a": _Hostile(function, "x")}))


def test_no_array_over_memory_of_the_pickles_choosing(tmp_path: Path) -> None:
    # numpy.ndarray((1,), dtype=object, buffer=...) would take these 8 bytes for the address of an object
    pickled = pickle.dumps({"a": _Hostile(np.ndarray, (1,), np.dtype(object), b"\x01" * 8)})
    with pytest.raises(InputError, match="damaged"):
        safe_pickle.load(save_pickle(tmp_path / "a.npy", pickled))


@pytest.mark.parametrize("header", [b"{'descr': '|O', ", b"((((", b"(" * 9000])
def test_a_header_that_is_no_python(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(InputError, match="damaged"):
        safe_pickle.load(tmp_path / "a.npy")


def test_a_list_that_holds_itself(tmp_path: Path) -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InputError, match="nested too deeply"):
        safe_pickle.load(save(tmp_path / "a.npy", {"a": endless}))


def test_no_array_with_fields(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'a'"):
        safe_pickle.load(save(tmp_path / "a.npy", {"a": np.zeros(2, dtype=[("x", "f8")])}))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.npy", {"a": np.arange(30.0), "b": [1, "text"]}).read_bytes()
    for length in range(len(whole)):
        (tmp_path / "cut.npy").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.npy"):
            safe_pickle.load(tmp_path / "cut.npy")


def test_other_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "numbers.npy", np.arange(3.0))
    (tmp_path / "page.npy").write_text("<html>not found</html>")
    save(tmp_path / "list.npy", [1, 2])
    save(tmp_path / "keys.npy", {1: 2})
    for name in ("numbers", "page", "list", "keys", "missing"):
        with pytest.raises(InputError, match=rf"{name}\.npy"):
            safe_pickle.load(tmp_path / f"{name}.npy")
