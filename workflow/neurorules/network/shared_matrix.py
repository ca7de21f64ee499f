"""The matrix that all products of a compiled loop share, prepared once for BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import overload

from neurorules.network.blas import PACK
from neurorules.network.jit import compiled


def _pack(letters: Any, sizes: Any, factors: Any, matrix: Any, out: Any) -> None:
    """Call MKL's function; only for compiled code."""
    raise NotImplementedError(f"{_compiled_pack.__name__} is what compiled code calls")


@overload(_pack)
def _compiled_pack(letters: Any, sizes: Any, factors: Any, matrix: Any, out: Any) -> Any:
    pack = PACK[out.dtype]

    def call(letters: Any, sizes: Any, factors: Any, matrix: Any, out: Any) -> None:
        which, form = letters[0:].ctypes, letters[1:].ctypes
        m, n, k, columns = sizes[0:].ctypes, sizes[1:].ctypes, sizes[2:].ctypes, sizes[3:].ctypes
        pack(which, form, m, n, k, factors[0:].ctypes, matrix.ctypes, columns, out.ctypes)

    return call


@compiled
def share(matrix: Any, transpose: bool, n_rows: int, alpha: Any, copied: bool, out: Any) -> None:
    """Prepare a matrix for many products c = alpha a b^T + beta c.

    Args:
        matrix: b, (column of c, column of a), contiguous; or its transpose.
        transpose: whether it is the transpose.
        n_rows: number of rows of a and c.
        alpha: factor.
        copied: whether BLAS makes a copy in its own form (`blas.copies_shared_matrix`).
        out: `blas.shared_size` numbers.
    """
    n_columns, n_inner = matrix.shape[1 if transpose else 0], matrix.shape[0 if transpose else 1]
    if copied:
        letters, sizes, factors = np.empty(2, np.uint8), np.empty(4, np.int32), np.empty(1, out.dtype)
        letters[0], letters[1] = ord("A"), ord("N") if transpose else ord("T")
        sizes[0], sizes[1], sizes[2], sizes[3] = n_columns, n_rows, n_inner, matrix.shape[1]
        factors[0] = alpha
        _pack(letters, sizes, factors, matrix, out)
        return
    for i in range(n_columns):
        for j in range(n_inner):
            out[i * n_inner + j] = alpha * (matrix[j, i] if transpose else matrix[i, j])
