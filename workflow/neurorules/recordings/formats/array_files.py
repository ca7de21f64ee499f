"""Files of arrays as trees: MATLAB of any version, and NumPy's .npz."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io import limits
from neurorules.recordings.formats.matlab import MatlabError
from neurorules.recordings.formats.matlab73_tree import load_tree73
from neurorules.recordings.formats.matlab_tree import Opaque, is_mat73, load_tree5

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENDINGS = (".mat", ".npz")
NPZ_ERRORS = (ValueError, OSError, EOFError, KeyError, TypeError, RuntimeError, NotImplementedError, OverflowError)


def load_arrays(file: Path) -> dict[str, Any]:
    """The variables of a file of arrays, as a tree (matlab_tree.py).

    Raises:
        InputError: it is damaged, or of another type.
    """
    if file.suffix.lower() == ".npz":
        return {name: of_numpy(value) for name, value in load_npz(file).items()}
    try:
        return load_tree73(file) if is_mat73(file) else load_tree5(file)
    except MatlabError as error:
        raise InputError(
            f"The MATLAB file cannot be read: {error.reason}.",
            file=file,
            key=error.variable,
            remedy="Copy it again, or save it again in MATLAB: save(file, '-v7.3').",
        ) from error


def load_npz(file: Path) -> dict[str, NDArray[Any] | Opaque]:
    """The arrays of a .npz file by name, without pickled objects.

    Raises:
        InputError: it is damaged, or not a .npz file.
    """
    import zipfile
    import zlib

    arrays: dict[str, NDArray[Any] | Opaque] = {}
    name: str | None = None
    try:
        if (size := sum(entry.file_size for entry in zipfile.ZipFile(file).infolist())) > limits.RECORDING_BYTES:
            raise ValueError(f"it declares {size} bytes, more than a recording may have")
        with np.load(file, allow_pickle=False) as content:
            for name in content.files:
                try:
                    arrays[name] = content[name]
                except ValueError as error:
                    if "allow_pickle" not in str(error):
                        raise
                    arrays[name] = Opaque("a pickled object")
                if not isinstance(arrays[name], np.ndarray | Opaque):
                    raise ValueError("an entry is not an array")
    except (*NPZ_ERRORS, zipfile.BadZipFile, zlib.error, SyntaxError, MemoryError) as error:
        raise InputError(
            f"The file is truncated, damaged, or not a .npz file ({error}).",
            file=file,
            key=name,
            remedy="Copy it again, or write it again with numpy.savez.",
        ) from error
    return arrays


def of_numpy(value: NDArray[Any] | Opaque) -> Any:
    """An array of a .npz file as a part of a tree."""
    if isinstance(value, Opaque):
        return value
    if value.dtype.kind in "US":
        texts = [text if isinstance(text, str) else text.decode("utf-8", "replace") for text in value.ravel().tolist()]
        return texts[0] if value.ndim == 0 else texts
    if value.dtype.kind not in "fiub":
        return Opaque(f"an array of {value.dtype}")
    return np.atleast_1d(value)
