"""A pickled dict in a .npy file: arrays and plain values come out, nothing else gets in."""

from __future__ import annotations

import functools
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        "big_endian": np.array([1.5, -2.0], dtype=">f4"),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 3)),
        "zero_dimensions": np.array(7),
        "scalar": np.float64(0.5),
        "plain": 12,
        "large": 2**40,
        "number": 2.5,
        "text": "a text",
        "yes": True,
        "nothing": None,
    }
    found = safe_pickle.load(save(tmp_path / "a.npy", value))
    assert list(found) == list(value)
    for name, wanted in value.items():
        assert type(found[name]) is type(wanted)
        np.testing.assert_array_equal(found[name], wanted)
        if isinstance(wanted, np.ndarray):
            assert found[name].dtype == wanted.dtype


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
    # the pickle is really hostile: unpickling it runs code
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


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        {"nested": 1},
        (1.0,),
        b"bytes",
        {1, 2},
        2j,
        np.array(["text"]),
        np.array([1j]),
        np.array([1, "two"], dtype=object),
        np.zeros(2, dtype=[("x", "f8")]),
        np.dtype("f8"),
        np.ma.masked_array([1.0], mask=[True]),
    ],
    ids=repr,
)
def test_what_is_no_array_of_numbers_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(InputError, match=r"a\.npy") as caught:
        safe_pickle.load(save(tmp_path / "a.npy", {"a": value}))
    assert caught.value.key in ("a", "global", "opcode")


def test_a_list_that_holds_itself(tmp_path: Path) -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InputError, match="the entry is a list"):
        safe_pickle.load(save(tmp_path / "a.npy", {"a": endless}))


ARRAY = pickle.dumps(np.zeros(1), 3)[2:-1]  # without PROTO and STOP
NEW_ARRAY = ARRAY[: ARRAY.index(b"R") + 1]  # up to the call of numpy's _reconstruct
SCALAR = b"cnumpy.core.multiarray\nscalar\n"


def dtype(code: str, state: bytes) -> bytes:
    """Opcodes that call numpy.dtype(code, False, True) and set its state."""
    return b"cnumpy\ndtype\n" + pickle.dumps((code, False, True), 3)[2:-1] + b"R" + state + b"b"


PLAIN = pickle.dumps((3, "<", None, None, None, -1, -1, 0), 3)[2:-1]
OBJECT = dtype("O8", pickle.dumps((3, "|", None, None, None, -1, -1, 63), 3)[2:-1])
# A structure whose field is a Python object, and whose flags deny it: its bytes would be taken for an address.
HIDDEN_OBJECT = dtype(
    "V8", b"(K\x03X\x01\x00\x00\x00|N(X\x01\x00\x00\x00at}X\x01\x00\x00\x00a" + OBJECT + b"K\x00\x86sK\x08K\x01K\x00t"
)


def filled(dtype_: bytes, shape: tuple[int, ...], data: bytes) -> bytes:
    """Opcodes of an array with this state."""
    return NEW_ARRAY + b"(K\x01" + pickle.dumps(shape, 3)[2:-1] + dtype_ + b"\x89" + pickle.dumps(data, 3)[2:-1] + b"tb"


def entry(value: bytes) -> bytes:
    """A pickle of {"a": value}."""
    return b"\x80\x03}X\x01\x00\x00\x00a" + value + b"s."


HOSTILE = {
    "an address as an array's only item": b"\x80\x03" + filled(HIDDEN_OBJECT, (), b"A" * 8) + b".",
    "an address in an entry": entry(filled(HIDDEN_OBJECT, (1,), b"A" * 8)),
    "an address in an array of objects": entry(filled(OBJECT, (1,), b"A" * 8)),
    "an address as a scalar": entry(SCALAR + HIDDEN_OBJECT + pickle.dumps(b"A" * 8, 3)[2:-1] + b"\x86R"),
    "a scalar from another array": entry(SCALAR + OBJECT + ARRAY + b"\x86R"),
    "a scalar of 2 GB from nothing": entry(SCALAR + dtype("S2147483647", PLAIN) + b"\x85R"),
    "an array of 10^12 items of no size": entry(filled(dtype("S0", PLAIN), (10**12,), b"")),
    "a size below zero": entry(filled(dtype("f8", PLAIN), (-1,), b"")),
    "sizes beyond any array": entry(filled(dtype("f8", PLAIN), (0, 2**40, 2**40), b"")),
    "more items than bytes": entry(filled(dtype("f8", PLAIN), (10**9,), bytes(8))),
    "a type whose state is set twice": entry(filled(dtype("f8", PLAIN) + PLAIN + b"b", (1,), bytes(8))),
    "memory of any size": entry(b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R"),
    "tuples in tuples": b"\x80\x03})" + b"\x85" * 3_000_000 + b"Ns.",
    "lists in lists": entry(b"]" * 40_000 + b"a" * 39_999),
    "lists that share lists": pickle.dumps({"a": functools.reduce(lambda inner, _: [inner, inner], range(60), [0])}),
    "a number of a million digits": entry(b"L" + b"9" * 1_000_000 + b"L\n"),
    "text of any length": b"\x80\x04\x8d" + (2**62).to_bytes(8, "little") + b".",
}


@pytest.mark.parametrize("pickled", HOSTILE.values(), ids=HOSTILE)
def test_a_pickle_that_would_take_memory_or_time(tmp_path: Path, pickled: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.npy") as caught:
        safe_pickle.load(save_pickle(tmp_path / "a.npy", pickled))
    assert len(str(caught.value)) < 1000


def test_what_the_opcodes_of_the_tests_above_spell(tmp_path: Path) -> None:
    good = entry(filled(dtype("f8", PLAIN), (2,), np.array([1.0, 2.0]).tobytes()))
    np.testing.assert_array_equal(safe_pickle.load(save_pickle(tmp_path / "a.npy", good))["a"], [1.0, 2.0])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_altered_bytes_give_values_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]]
) -> None:
    pickled = bytearray(pickle.dumps(np.array({"a": np.arange(3.0), "b": "text", "c": np.float32(2)}, dtype=object), 4))
    for place, byte in changes:
        pickled[int(place * len(pickled))] = byte
    file = save_pickle(tmp_path_factory.getbasetemp() / "altered.npy", bytes(pickled))
    try:
        found = safe_pickle.load(file)
    except InputError:
        return
    assert all(isinstance(value, bool | int | float | str | None | np.ndarray | np.generic) for value in found.values())


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
