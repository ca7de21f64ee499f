"""Matrix products in compiled loops, with the BLAS that comes with PyTorch.

For matrices with few rows, its MKL is 20% to 50% faster than SciPy's OpenBLAS, which compiled NumPy calls. All steps of
a network share one matrix, so MKL's own copy of it is made once per update instead of in every product: 10% to 30%
faster still, in float32. If PyTorch has no MKL, as on processors other than x86, SciPy's BLAS is used, without copies.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llvmlite import binding  # type: ignore[import-untyped]
from numba import types
from numba.core.typing.templates import signature
from numba.extending import get_cython_function_address

if TYPE_CHECKING:
    import numpy as np


@cache
def _mkl() -> ctypes.CDLL | None:
    """PyTorch's MKL, or None."""
    import torch

    for library in sorted((Path(torch.__file__).parent / "lib").glob("*torch_cpu.*")):
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        if hasattr(loaded, "SGEMM"):  # upper-case names exist only in MKL
            return loaded
    return None


def _has(name: str) -> bool:
    """Whether PyTorch's MKL has a function. PyTorch contains only part of MKL."""
    return hasattr(_mkl(), name.upper())


def _address(name: str) -> int:
    """The address of a BLAS function in its Fortran form, with 32-bit integers."""
    if _has(name):
        return int(ctypes.cast(getattr(_mkl(), name.upper()), ctypes.c_void_p).value or 0)
    # Functions that only MKL has are then never called, but cached compiled code looks for their names.
    return int(get_cython_function_address("scipy.linalg.cython_blas", name.partition("_")[0]))


def _functions(name: str, arguments: str) -> dict[Any, Any]:
    """A BLAS function by dtype, under our own name: cached compiled code looks up its address in each process.

    Args:
        name: without the letter of its dtype.
        arguments: their kinds: l(etter), s(ize) or n(umbers).
    """
    found = {}
    for letter, of in (("s", types.float32), ("d", types.float64)):
        symbol = f"neurorules_{letter}{name}"
        binding.add_symbol(symbol, _address(letter + name))
        kinds = {"l": types.uint8, "s": types.int32, "n": of}
        pointers = [types.CPointer(kinds[kind]) for kind in arguments]  # type: ignore[no-untyped-call]
        found[of] = types.ExternalFunction(symbol, signature(types.void, *pointers))  # type: ignore[no-untyped-call]
    return found


LETTERS = {"f": "s", "d": "d"}


def copies_shared_matrix(dtype: np.dtype[Any]) -> bool:
    """Whether there are functions to copy a matrix that many products share: for float32, with PyTorch's MKL."""
    return all(_has(f"{LETTERS[dtype.char]}gemm_{part}") for part in ("pack_get_size", "pack", "compute"))


def shared_size(n_columns: int, n_rows: int, n_inner: int, dtype: np.dtype[Any]) -> int:
    """Numbers needed to hold the shared matrix b of products c += a b^T.

    Args:
        n_columns, n_rows: of c.
        n_inner: columns of a and b.
        dtype: float32 or float64.
    """
    if not copies_shared_matrix(dtype):
        return n_columns * n_inner
    size = getattr(_mkl(), f"{LETTERS[dtype.char]}gemm_pack_get_size".upper())
    size.restype = ctypes.c_size_t
    sizes = [ctypes.byref(ctypes.c_int32(n)) for n in (n_columns, n_rows, n_inner)]
    return -(-int(size(ctypes.c_char_p(b"A"), *sizes)) // dtype.itemsize)


GEMM = _functions("gemm", "llsssnnsnsnns")
PACK = _functions("gemm_pack", "llsssnnsn")
COMPUTE = _functions("gemm_compute", "llsssnsnsnns")
