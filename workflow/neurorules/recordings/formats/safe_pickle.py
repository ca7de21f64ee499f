"""A pickled dict of arrays in a .npy file, read without running any code of the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.recordings.formats.pickle_values import Forbidden, read_pickle
from neurorules.recordings.formats.pickled_arrays import PickleError

# What numpy.save writes before a pickled object: magic, version 1.0, length of the header, the header.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|O', 'fortran_order': (?:False|True), 'shape': \(\), \} *\n", re.DOTALL
)


def load(path: str | Path) -> dict[str, Any]:
    """The dict in a .npy file written by numpy.save(path, {...}, allow_pickle=True).

    Returns:
        Its entries: arrays of numbers, which are read-only, numbers, text or None.

    Raises:
        InputError: missing, not a .npy file, truncated, not a dict with string keys, or a pickle that requests anything
            beyond arrays and plain values (the error shows its name).
    """
    path = Path(path)

    def refuse(problem: str, key: str | None = None) -> InputError:
        return InputError(
            problem, file=path, key=key, remedy="Delete the file and get a complete copy from its original source."
        )

    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise refuse("The file is missing.") from None
    header = _HEADER.match(content)
    if header is None or int.from_bytes(content[8:10], "little") != header.end() - 10:
        raise refuse("The file is truncated, damaged, or not a .npy file with a pickled dict.")
    try:
        return read_pickle(content[header.end() :])
    except Forbidden as error:
        raise InputError(
            "The pickle in this file asks for more than arrays and plain values. None of it was run.",
            file=path,
            key=error.key,
            value=error.value,
            remedy="Do not trust this file. Delete it and get it again from its original source.",
        ) from error
    except PickleError as error:
        raise refuse(
            f"The pickle in this file is damaged, or not a dict of numeric arrays: {error}.", error.entry
        ) from error
