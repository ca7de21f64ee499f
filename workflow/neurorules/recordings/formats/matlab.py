"""MATLAB files up to version 7.2, as scipy reads them."""

from __future__ import annotations

import io
import zlib
from typing import Any


class MatlabError(Exception):
    """A MATLAB file cannot be read or does not have the expected form.

    Args:
        reason: what is wrong with the file, as a clause ("the variable is missing").
        variable: which variable is wrong; None if it is the whole file.
    """

    def __init__(self, reason: str, variable: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.variable = variable


# What scipy raises for files that are truncated or damaged, beside its MatReadError.
READ_ERRORS = (
    ValueError,
    TypeError,
    OSError,
    EOFError,
    KeyError,
    IndexError,
    OverflowError,
    ZeroDivisionError,  # names of fields that have no length
    RecursionError,
    zlib.error,
    UnboundLocalError,  # where the class of an array is unknown
)


def load_mat(content: bytes, *, simplify_cells: bool = False) -> dict[str, Any]:
    """The variables of a MATLAB file by name, and its header as `__header__`.

    Args:
        content: the file's bytes.
        simplify_cells: whether structs become dicts and cells lists, as in `scipy.io.loadmat`.

    Raises:
        MatlabError: it is damaged, of another kind, or of version 7.3.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        variables: dict[str, Any] = loadmat(io.BytesIO(content), simplify_cells=simplify_cells)
    except (MatReadError, *READ_ERRORS) as error:
        raise MatlabError(f"it is cut off, damaged, or no MATLAB file ({error})") from error
    except MemoryError as error:  # a size that makes no sense
        raise MatlabError("it says that it holds more than fits in memory") from error
    except NotImplementedError as error:  # scipy's word for MATLAB 7.3
        raise MatlabError("it is a MATLAB 7.3 file") from error
    return variables
