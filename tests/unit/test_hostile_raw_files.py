"""Raw files that crash the libraries that read them, take all memory, compute for hours, or lead to other files.

The MATLAB files are written by hand, element by element (MAT-File Format, MathWorks, chapter 1).
"""

from __future__ import annotations

import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from neurorules.errors import InputError
from neurorules.io import limits
from neurorules.recordings.convert import read_recording
from neurorules.recordings.readers.hatsopoulos2007 import read as read_session
from neurorules.recordings.synthetic.base.write import write_synthetic

SMALL = {"neurons": 1, "trials_per_condition": 1}
UNIT = "ar_x_Vstim_100_850_ms.mat"
UNITS: dict[str, Any] = {"name": "pfc", "reader": "mante2013", "source": "raw", "synthetic": True, "options": {}}
SESSION: dict[str, Any] = {
    "name": "m1",
    "reader": "hatsopoulos2007",
    "source": "dryad",
    "synthetic": True,
    "options": {},
}

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
INT8, INT32, UINT32, DOUBLE, MATRIX, COMPRESSED = 1, 5, 6, 9, 14, 15
CELL, STRUCT, DOUBLES = 1, 2, 6  # classes of matrices


def element(type_: int, data: bytes) -> bytes:
    return struct.pack("<II", type_, len(data)) + data + bytes(-len(data) % 8)


def head(class_: int, dimensions: tuple[int, ...], name: bytes) -> bytes:
    """What each matrix begins with: class, dimensions, name."""
    sizes = struct.pack(f"<{len(dimensions)}i", *dimensions)
    return element(UINT32, struct.pack("<II", class_, 0)) + element(INT32, sizes) + element(INT8, name)


def matrix(class_: int, dimensions: tuple[int, ...], name: bytes, content: bytes) -> bytes:
    return element(MATRIX, head(class_, dimensions, name) + content)


def fields(length: int, names: bytes) -> bytes:
    """Names of a struct's fields, each of so many bytes."""
    return element(INT32, struct.pack("<i", length)) + element(INT8, names)


def nested_cells(depth: int) -> bytes:
    inner = matrix(DOUBLES, (0, 0), b"", element(DOUBLE, b""))
    layers = [inner]
    size = len(inner)
    for _ in range(depth):
        front = struct.pack("<II", MATRIX, len(head(CELL, (1, 1), b"")) + size) + head(CELL, (1, 1), b"")
        layers.append(front)
        size += len(front)
    return matrix(CELL, (1, 1), b"unit", b"".join(reversed(layers)))


def packed_zeros(size: int) -> bytes:
    """A matrix of zeros; 1 MB of them is packed into 1 kB."""
    start = head(DOUBLES, (1, size // 8), b"unit") + struct.pack("<II", DOUBLE, size)
    packer = zlib.compressobj(9)
    data = packer.compress(struct.pack("<II", MATRIX, len(start) + size) + start)
    data += b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    return struct.pack("<II", COMPRESSED, len(data)) + data


MATLAB = {
    "cells in cells, too deep for the stack": lambda: nested_cells(63_000),
    "zeros that unpack to 0.5 GiB": lambda: packed_zeros(1 << 29),
    "names of fields without length": lambda: matrix(STRUCT, (1, 1), b"unit", fields(0, b"abc")),
    "a struct of 10^8 items and no field": lambda: matrix(STRUCT, (10**8, 1), b"unit", fields(32, b"")),
    "a struct of 2 * 10^9 items": lambda: matrix(STRUCT, (2 * 10**9, 1), b"unit", fields(32, b"a".ljust(32, b"\0"))),
    "10^18 cells": lambda: matrix(CELL, (10**6,) * 3, b"unit", b""),
    "a size below zero": lambda: matrix(DOUBLES, (-5, 3), b"unit", element(DOUBLE, bytes(64))),
}


@pytest.mark.parametrize("content", MATLAB.values(), ids=MATLAB)
def test_a_matlab_file_is_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Callable[[], bytes]
) -> None:
    # below the default, to save time
    monkeypatch.setattr(limits, "memory_to_read", lambda size: 300 * limits.MIB)
    monkeypatch.setattr(limits, "seconds_to_read", lambda size: 2)
    good = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)
    bad = tmp_path / UNIT
    bad.write_bytes(HEADER + content())
    with pytest.raises(InputError) as caught:
        read_recording(UNITS, [*good, bad])
    assert caught.value.file == str(bad)


def unit_file(path: Path, **changed: Any) -> Path:
    """A good unit file with other fields."""
    (good, *_) = write_synthetic("mante2013", "raw", path.parent / "good", 0, SMALL)
    unit = loadmat(good, simplify_cells=True)["unit"]
    for name, value in changed.items():
        (unit["task_variable"] if name in unit["task_variable"] else unit)[name] = value
    savemat(path, {"unit": unit}, oned_as="column")
    return path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 5),
        ("name", {"a": 1}),
        ("name", np.array(["a", "b"], dtype=object)),
        ("name", "n" * 100_000),
        ("name", "a\nb"),
        ("reference", 1.5),
    ],
)
def test_a_unit_has_a_name_that_is_text(tmp_path: Path, name: str, value: Any) -> None:
    file = unit_file(tmp_path / UNIT, **{name: value})
    with pytest.raises(InputError, match="text is expected") as caught:
        read_recording(UNITS, [file])
    assert (caught.value.file, caught.value.key) == (str(file), f"unit.{name}")


@pytest.mark.parametrize("name", ["context", "targ_dir", "correct"])
def test_choices_and_contexts_are_whole_numbers(tmp_path: Path, name: str) -> None:
    """Cut to integers, 1.4 would pass for 1."""
    file = unit_file(tmp_path / UNIT, **{name: np.full((72, 1), 1.4)})
    with pytest.raises(InputError, match="not a whole number") as caught:
        read_recording(UNITS, [file])
    assert caught.value.key == f"unit.task_variable.{name}"


def test_a_huge_file_in_an_archive_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMBER_BYTES", 1 << 20)
    archive = tmp_path / "PFC data.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(f"PFC data/PFC data 1/{UNIT}", bytes(2 << 20))
    with pytest.raises(InputError, match="far larger") as caught:
        read_recording(UNITS, [archive])
    assert caught.value.file == str(archive)
    assert (caught.value.key or "").endswith(UNIT)


# ---- MATLAB 7.3, which is HDF5


def session(folder: Path) -> Path:
    (file,) = write_synthetic("hatsopoulos2007", "dryad", folder, 0, SMALL)
    return file


def moved_to(other: Path) -> Callable[[h5py.File], None]:
    def link(file: h5py.File) -> None:
        with h5py.File(other, "w") as elsewhere:
            elsewhere["x"] = file["x"][()]
        del file["x"]
        file["x"] = h5py.ExternalLink(str(other), "x")

    return link


def stored_in(other: Path) -> Callable[[h5py.File], None]:
    def store(file: h5py.File) -> None:
        values = file["x"][()]
        other.write_bytes(values.tobytes())
        del file["x"]
        file.create_dataset("x", values.shape, values.dtype, external=[(str(other), 0, values.nbytes)])

    return store


def a_view_of(other: Path) -> Callable[[h5py.File], None]:
    def view(file: h5py.File) -> None:
        values = file["x"][()]
        with h5py.File(other, "w") as elsewhere:
            elsewhere["x"] = values
        del file["x"]
        layout = h5py.VirtualLayout(values.shape, values.dtype)
        layout[...] = h5py.VirtualSource(str(other), "x", values.shape)
        file.create_virtual_dataset("x", layout)

    return view


@pytest.mark.parametrize("lead", [moved_to, stored_in, a_view_of])
def test_values_in_other_files_are_refused(tmp_path: Path, lead: Callable[[Path], Callable[[h5py.File], None]]) -> None:
    path = session(tmp_path)
    with h5py.File(path, "r+") as file:
        values = file["x"][()]
        lead(tmp_path / "other")(file)
        np.testing.assert_array_equal(file["x"][()], values)  # HDF5 itself follows
    with pytest.raises(InputError) as caught:
        read_session([path], {"source": "dryad"})
    assert (caught.value.file, caught.value.key) == (str(path), "x")


def test_more_values_than_a_file_can_hold(tmp_path: Path) -> None:
    path = session(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["x"]
        file.create_dataset("x", (2, 10**12), "f8", chunks=(2, 1024))  # nothing is written: 16 TB of zeros
    with pytest.raises(InputError, match="16000000000000 bytes") as caught:
        read_session([path], {"source": "dryad"})
    assert caught.value.key == "x"


def test_many_references_to_one_large_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is small enough; together they are not."""
    path = session(tmp_path)
    with h5py.File(path, "r+") as file:
        large = file.create_dataset("large", (1, 10**7), "f8", chunks=(1, 10**6), compression="gzip")
        del file["spikes"]
        file.create_dataset("spikes", data=np.array([[large.ref] * 1000], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)
    assert path.stat().st_size < 50 << 20
    monkeypatch.setattr(limits, "memory_to_read", lambda size: 300 * limits.MIB)
    with pytest.raises(InputError) as caught:
        read_recording(SESSION, [path])
    assert caught.value.file == str(path)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_good_files_are_far_below_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory_to_read", lambda size: 400 * limits.MIB)
    monkeypatch.setattr(limits, "seconds_to_read", lambda size: 20)
    assert read_recording(SESSION, [session(tmp_path)]).sizes["condition"] == 8
