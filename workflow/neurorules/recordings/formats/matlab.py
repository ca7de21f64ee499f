"""MATLAB files up to version 7.2, as scipy reads them."""

from __future__ import annotations

import io
import zlib
from typing import Any


class MatlabError(Exception):
    """A MATLAB file cannot be read or does not have the expected form.

    Args:
        reason: what is wrong with the file, as a clause ("the variable is missing").
        variable: the faulty variable; None for the complete file.
    """

    def __init__(self, reason: str, variable: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.variable = variable


# Errors of scipy for truncated or damaged files, besides its MatReadError.
READ_ERRORS = (
    ValueError,
    TypeError,
    OSError,
    EOFError,
    KeyError,
    IndexError,
    OverflowError,
    ZeroDivisionError,  # names of fields without a length
    RecursionError,
    zlib.error,
    UnboundLocalError,  # an unknown array class
)


def load_mat(content: bytes, *, simplify_cells: bool = False) -> dict[str, Any]:
    """The variables of a MATLAB file by name, and its header as `__header__`.

    Args:
        content: the file's bytes.
        simplify_cells: whether structs become dicts and cells lists, as in `scipy.io.loadmat`.

    Raises:
        MatlabError: it is damaged, of another type, or of version 7.3.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        variables: dict[str, Any] = loadmat(io.BytesIO(content), simplify_cells=simplify_cells)
    except (MatReadError, *READ_ERRORS) as error:
        raise MatlabError(f"it is truncated, damaged, or not a MATLAB file ({error})") from error
    except MemoryError as error:  # an impossible size
        raise MatlabError("it declares more than fits in memory") from error
    except NotImplementedError as error:  # scipy's error for MATLAB 7.3
        raise MatlabError("it is a MATLAB 7.3 file") from error
    return variables
