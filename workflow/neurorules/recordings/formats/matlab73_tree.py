"""MATLAB 7.3 files as the trees of `matlab_tree`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import limits
from neurorules.recordings.formats.hdf5 import stored_elsewhere
from neurorules.recordings.formats.matlab import MatlabError
from neurorules.recordings.formats.matlab73 import is_cell, open_mat73
from neurorules.recordings.formats.matlab_tree import DEEPEST, MOST_ITEMS, Opaque, array_of, dense

if TYPE_CHECKING:
    import h5py

OPAQUE = ("table", "string", "datetime", "function_handle", "opaque")


def load_tree73(path: Path) -> dict[str, Any]:
    """The variables of a MATLAB 7.3 file by name.

    Raises:
        MatlabError: it is damaged or of another type, or points to other files.
    """
    with open_mat73(path) as file:
        walk = _Walk(file)
        return {str(name): walk.link(file, name) for name in file if not str(name).startswith("#")}


class _Walk:
    """A walk through a file that counts what it reads, so that circular references end."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.items = 0
        self.bytes = 0

    def link(self, group: h5py.Group, name: str, depth: int = 0) -> Any:
        import h5py

        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise MatlabError("the variable is a link to something else", str(name))
        return self.of(group[name], str(name), depth)

    def of(self, found: Any, name: str, depth: int) -> Any:
        import h5py

        self.items += 1
        if depth > DEEPEST or self.items > MOST_ITEMS:
            raise MatlabError("it has more parts, or more deeply nested ones, than a recording has", name)
        kind = _class_of(found)
        if "MATLAB_object_decode" in found.attrs or kind in OPAQUE:
            return Opaque(f"a {kind}" if kind else "an object")
        if isinstance(found, h5py.Group):
            return self._sparse(found, name) if "MATLAB_sparse" in found.attrs else self._struct(found, depth)
        if not isinstance(found, h5py.Dataset) or found.shape is None:
            raise MatlabError("it contains something that MATLAB does not write", name)
        return self._dataset(found, name, kind, depth)

    def _struct(self, group: h5py.Group, depth: int) -> Any:
        """A struct; a struct array if each of its fields is a list of references that is not a cell."""
        import h5py

        fields = [str(field) for field in group]
        listed = [
            isinstance(group.get(field, getlink=True), h5py.HardLink)
            and is_cell(group[field])
            and _class_of(group[field]) != "cell"
            for field in fields
        ]
        values = {field: self.link(group, field, depth + 1) for field in fields}
        if not fields or not all(listed):
            return values
        shapes = {values[field].shape for field in fields}
        if len(shapes) > 1:
            raise MatlabError("the fields of a struct array differ in length", fields[0])
        shape = shapes.pop()
        columns = {field: values[field].ravel(order="F") for field in fields}
        structs = [{field: columns[field][i] for field in fields} for i in range(int(np.prod(shape)))]
        return structs[0] if len(structs) == 1 else array_of(structs, shape)

    def _dataset(self, found: h5py.Dataset, name: str, kind: str, depth: int) -> Any:
        if stored_elsewhere(found):
            raise MatlabError("its values are in another file", name)
        if found.attrs.get("MATLAB_empty", 0):
            return self._empty(found, name, kind)
        self.bytes += int(np.prod(found.shape, dtype=object)) * found.dtype.itemsize
        if self.bytes > limits.RECORDING_BYTES:
            raise MatlabError("it declares more than a recording may have", name)
        if is_cell(found):
            # stored with reversed dimensions, so row-major order here is MATLAB's column-major order
            items = [self._pointed_at(reference, name, depth) for reference in found[()].ravel()]
            return array_of(items, found.shape[::-1])
        values = np.atleast_2d(np.asarray(found[()]).T)
        if kind == "char":
            return _text(values, name)
        if values.dtype.kind not in "fiub":
            raise MatlabError(f"unsupported type of numbers, {values.dtype}", name)
        return values.astype(bool) if kind == "logical" else values

    def _pointed_at(self, reference: Any, name: str, depth: int) -> Any:
        if not reference:
            raise MatlabError("a reference in it points nowhere", name)
        return self.of(self.file[reference], name, depth + 1)

    def _empty(self, found: h5py.Dataset, name: str, kind: str) -> Any:
        sizes = [int(n) for n in np.asarray(found[()]).ravel()[:32]] if found.dtype.kind in "iu" else [0, 0]
        if int(np.prod(sizes, dtype=object)) or min(sizes, default=0) < 0 or max(sizes, default=0) > 1 << 40:
            raise MatlabError("it is marked as empty, but has values", name)
        if kind == "char":
            return ""
        return np.empty(sizes or (0, 0), dtype=object if kind in ("cell", "struct") else float)

    def _sparse(self, group: h5py.Group, name: str) -> Any:
        """A sparse matrix from column pointers, row indices and values, in scipy's form."""
        from scipy.sparse import csc_array

        parts = {key: np.asarray(group[key][()]).ravel() for key in ("data", "ir", "jc") if key in group}
        rows = int(np.asarray(group.attrs["MATLAB_sparse"]).ravel()[0])
        if "jc" not in parts:
            raise MatlabError("it lacks parts of a sparse matrix", name)
        empty: Any = np.empty(0)
        triple = (parts.get("data", empty), parts.get("ir", empty.astype(np.int64)), parts["jc"])
        matrix = csc_array(triple, shape=(rows, len(parts["jc"]) - 1))
        matrix.check_format()
        return dense(matrix)


def _class_of(found: Any) -> str:
    name = found.attrs.get("MATLAB_class", b"")
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)


def _text(codes: Any, name: str) -> str | list[str]:
    """Text from a matrix of UTF-16 code units, one text per row."""
    if codes.dtype.kind not in "iu" or codes.ndim != 2:
        raise MatlabError("its characters are not valid character codes", name)
    rows = [row.astype("<u2").tobytes().decode("utf-16-le", "replace").rstrip() for row in codes]
    return rows[0] if len(rows) == 1 else rows
