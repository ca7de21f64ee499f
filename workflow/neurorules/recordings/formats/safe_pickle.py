"""Read a pickled dict from a .npy file without running any code of the file.

A pickle can name any function and have it called. Here the names that can be resolved are listed one by
one, and what comes out is numpy arrays, dtypes, scalars and Python's own containers, numbers and strings.
"""

from __future__ import annotations

import pickle
import struct
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _ArrayType:
    """Stands for numpy.ndarray, which a pickle names but does not need to call."""


def _reconstruct(_subtype: type, _shape: tuple[int, ...], _type_code: bytes) -> NDArray[Any]:
    """An empty array, which the pickle then fills: numpy's own function, less its choice of class."""
    return np.ndarray((0,), "b")


# numpy.core was renamed numpy._core in numpy 2; files name either.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): np.dtype,
    ("builtins", "complex"): complex,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "bytearray"): bytearray,
} | {
    (f"numpy.{core}.multiarray", name): function
    for core in ("core", "_core")
    for name, function in (
        ("_reconstruct", _reconstruct),
        ("scalar", np._core.multiarray.scalar),  # type: ignore[attr-defined]
    )
}

# What Python's unpickler and numpy, which parses the header as Python, raise for a file that is truncated or damaged.
READ_ERRORS = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    struct.error,
    SyntaxError,
    tokenize.TokenError,
)


def _is_plain(value: Any) -> bool:
    # A dtype's state comes from the pickle too, so its fields must not be trusted with the array's memory.
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.fields is not None or value.dtype.kind not in "biufcSUO":
            return False
        return value.dtype.kind != "O" or all(_is_plain(item) for item in value.flat)
    if isinstance(value, dict):
        return all(_is_plain(item) for pair in value.items() for item in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | complex | str | bytes | bytearray | np.dtype)


class _ArrayUnpickler(pickle.Unpickler):
    def __init__(self, handle: Any, path: Path) -> None:
        super().__init__(handle)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise InputError(
                "The pickle in this file asks for more than arrays and plain values; nothing of it was run.",
                file=self._path,
                key="global",
                value=f"{module}.{name}",
                remedy="Do not trust this file. Delete it and get it again from its original source.",
            )
        return _ALLOWED[module, name]


def load(path: str | Path) -> dict[str, Any]:
    """The dict in a .npy file written by numpy.save(path, {...}, allow_pickle=True).

    Raises:
        InputError: missing, not a .npy file, truncated, not a dict with string keys, or a pickle that names
            anything beyond arrays and plain values (the error gives that name).
    """
    path = Path(path)

    def refuse(problem: str) -> InputError:
        return InputError(
            problem, file=path, remedy="Delete the file and get it again from its original source, whole."
        )

    try:
        with open(path, "rb") as handle:
            npy: Any = np.lib.format
            version = npy.read_magic(handle)
            if version not in ((1, 0), (2, 0)):
                raise refuse(f"The file is a .npy of version {version}; 1.0 or 2.0 is expected.")
            read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read_header(handle)
            if shape != () or dtype != np.dtype(object):
                raise refuse(f"The file holds an array of shape {shape} and type {dtype}; a pickled dict is expected.")
            content = _ArrayUnpickler(handle, path).load()
            content = content.item() if isinstance(content, np.ndarray) and content.shape == () else content
    except FileNotFoundError:
        raise refuse("The file is missing.") from None
    except READ_ERRORS as error:
        raise refuse(f"The file is cut off, damaged, or no .npy file with a pickled dict ({error}).") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise refuse(f"The file holds a {type(content).__name__}; a dict with string keys is expected.")
    for key, value in content.items():
        try:
            plain = _is_plain(value)
        except RecursionError as error:  # a list that holds itself
            raise refuse(f"The entry {key!r} is nested too deeply.") from error
        if not plain:
            raise refuse(f"The entry {key!r} is neither an array of plain numbers or text nor a plain Python value.")
    return content
