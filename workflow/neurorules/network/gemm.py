"""Matrix products in compiled loops, by the BLAS that PyTorch brings.

For matrices of few rows, its MKL is a fifth to a half faster than the OpenBLAS of SciPy, which compiled NumPy calls.
Where PyTorch has no MKL, as on processors other than x86, SciPy's BLAS is called in the same way.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import binding  # type: ignore[import-untyped]
from numba import types
from numba.core.typing.templates import signature
from numba.extending import get_cython_function_address, overload, register_jitable

TRANSPOSED, AS_IT_IS = ord("T"), ord("N")


def _address(name: str) -> int:
    """Where a function of the BLAS is, in its Fortran form with 32-bit integers."""
    import torch

    for library in sorted((Path(torch.__file__).parent / "lib").glob("*torch_cpu.*")):
        try:
            function = getattr(ctypes.CDLL(str(library)), name.upper())  # a name that only MKL has
        except (OSError, AttributeError):
            continue
        return int(ctypes.cast(function, ctypes.c_void_p).value or 0)
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


def _function(name: str, of: Any) -> Any:
    """A function of the BLAS, by a name of ours: compiled code that is kept looks it up anew in each process."""
    symbol = f"neurorules_{name}"
    binding.add_symbol(symbol, _address(name))
    letter, size, numbers = (types.CPointer(kind) for kind in (types.uint8, types.int32, of))  # type: ignore[no-untyped-call]
    arguments = (letter, letter, size, size, size, numbers, numbers, size, numbers, size, numbers, numbers, size)
    return types.ExternalFunction(symbol, signature(types.void, *arguments))  # type: ignore[no-untyped-call]


_FUNCTIONS = {types.float32: _function("sgemm", types.float32), types.float64: _function("dgemm", types.float64)}


@register_jitable
def product_of(n_rows: int, b: Any, a_columns: int, c_columns: int, alpha: Any, beta: Any) -> tuple[Any, Any, Any]:
    """What `add_product` needs of c = alpha a b^T + beta c besides the matrices; to be made once for many products.

    Args:
        n_rows: of a and c.
        b: (column of c, column of a), contiguous.
        a_columns, c_columns: how far apart rows of a and of c are.
        alpha, beta: factors of the type of the matrices.
    """
    letters, sizes, factors = np.empty(2, np.uint8), np.empty(6, np.int32), np.empty(2, b.dtype)
    letters[0], letters[1] = TRANSPOSED, AS_IT_IS
    # In the order of BLAS, whose matrices have their columns in memory: c^T = b a^T.
    sizes[0], sizes[1], sizes[2] = b.shape[0], n_rows, b.shape[1]
    sizes[3], sizes[4], sizes[5] = b.shape[1], a_columns, c_columns
    factors[0], factors[1] = alpha, beta
    return letters, sizes, factors


def add_product(product: tuple[Any, Any, Any], a: Any, b: Any, c: Any) -> None:
    """c = alpha a b^T + beta c, see `product_of`; in compiled code only."""
    raise NotImplementedError


@overload(add_product)
def _add_product(product: Any, a: Any, b: Any, c: Any) -> Any:
    gemm = _FUNCTIONS[c.dtype]

    def call(product: Any, a: Any, b: Any, c: Any) -> None:
        letters, sizes, factors = product
        gemm(
            letters[0:].ctypes,
            letters[1:].ctypes,
            sizes[0:].ctypes,
            sizes[1:].ctypes,
            sizes[2:].ctypes,
            factors[0:].ctypes,
            b.ctypes,
            sizes[3:].ctypes,
            a.ctypes,
            sizes[4:].ctypes,
            factors[1:].ctypes,
            c.ctypes,
            sizes[5:].ctypes,
        )

    return call
