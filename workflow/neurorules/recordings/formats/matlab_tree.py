"""The variables of a MATLAB file as a tree of dicts, arrays of numbers, text, and arrays of these.

A struct with one element is a dict. Struct arrays and cells are object arrays in MATLAB's shape. Arrays of numbers keep
MATLAB's shape, with at least two dimensions. Text is str, and a character matrix a list of them. Data that only MATLAB
can read (tables, strings, objects, functions) become an `Opaque`, which causes an error when used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import limits
from neurorules.recordings.formats.matlab import MatlabError, load_mat

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEEPEST = 40  # levels of nested structs
MOST_ITEMS = 5_000_000  # structs, cells and arrays: 1000 trials of 500 units in cells are a tenth of it
SIGNATURE_73 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Opaque:
    """A value that only MATLAB can read."""

    kind: str


def load_tree5(path: Path) -> dict[str, Any]:
    """The variables of a MATLAB file up to version 7.2, by name.

    Raises:
        MatlabError: it is damaged or of another type.
    """
    variables = load_mat(path.read_bytes())
    plain = _Plain()
    return {name: plain.of(value) for name, value in variables.items() if not name.startswith("__")}


def is_mat73(path: Path) -> bool:
    """Whether a file is HDF5, at its start or after MATLAB's header."""
    with open(path, "rb") as file:
        start = file.read(8)
        file.seek(512)
        return SIGNATURE_73 in (start, file.read(8))


class _Plain:
    """Conversion of scipy's output to a tree."""

    def __init__(self) -> None:
        self.items = 0

    def of(self, value: Any, depth: int = 0) -> Any:
        self.items += 1
        if depth > DEEPEST or self.items > MOST_ITEMS:
            raise MatlabError("it has more parts, or more deeply nested ones, than a recording has")
        if value is None:  # a struct without fields
            return {}
        if type(value).__name__ in ("MatlabOpaque", "MatlabFunction"):
            return Opaque("an object or a function")
        if hasattr(value, "toarray") and not isinstance(value, np.ndarray):
            return dense(value)
        if not isinstance(value, np.ndarray):
            return value if isinstance(value, str) else np.atleast_2d(np.asarray(value))
        if value.dtype.names is not None:
            return self._struct(value, depth)
        if value.dtype.kind == "O":
            return array_of([self.of(item, depth + 1) for item in value.ravel(order="F")], value.shape)
        if value.dtype.kind in "US":
            return text_of(value)
        return value

    def _struct(self, value: NDArray[Any], depth: int) -> Any:
        names = value.dtype.names or ()
        structs = [{name: self.of(item[name], depth + 1) for name in names} for item in value.ravel(order="F")]
        return structs[0] if value.size == 1 else array_of(structs, value.shape)


def dense(value: Any) -> NDArray[Any]:
    """A sparse matrix as a dense one.

    Raises:
        MatlabError: it would take more memory than a recording may.
    """
    if int(np.prod(value.shape, dtype=object)) * 8 > limits.RECORDING_BYTES:
        raise MatlabError(f"a sparse matrix of shape {value.shape} is larger than a recording may be")
    array: NDArray[Any] = np.asarray(value.toarray())
    return array


def array_of(items: list[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """An object array from items in MATLAB's order, with the first dimension fastest."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape, order="F")


def text_of(characters: NDArray[Any]) -> str | list[str]:
    """Text from an array of rows: one str or a list of them, without the trailing blanks that pad rows."""
    rows = [str(row).rstrip() for row in characters.astype(str).ravel()]
    return rows[0] if len(rows) == 1 else rows if rows else ""


def kind_of(value: Any) -> str:
    """Description of a part of the tree: "struct", "61x400 uint8"."""
    if isinstance(value, Mapping):
        return "struct"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return f"text, {len(value)} rows"
    if isinstance(value, Opaque):
        return f"{value.kind}, which only MATLAB can read"
    shape = "x".join(map(str, value.shape))
    if value.dtype.kind == "O":
        return f"{shape} {'struct' if value.size and isinstance(value.flat[0], Mapping) else 'cell'}"
    return f"{shape} {value.dtype.name}"
