"""Matrix products in compiled loops: both libraries that may be called, and the products, against NumPy."""

from __future__ import annotations

import ctypes

import numba
import numpy as np
import pytest
from numba.extending import get_cython_function_address

from neurorules.network import blas
from neurorules.network.kernels import add_product, product_of
from neurorules.network.shared_matrix import share

REAL = {"sgemm": np.float32, "dgemm": np.float64}


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("library", ["found", "SciPy's"])
def test_either_library_is_called_in_the_same_way(name: str, library: str) -> None:
    address = (
        blas._address(name) if library == "found" else get_cython_function_address("scipy.linalg.cython_blas", name)
    )
    rng, real = np.random.default_rng(0), REAL[name]
    a, b, c = (rng.standard_normal(shape).astype(real) for shape in ((5, 7), (4, 7), (5, 4)))
    expected = 0.5 * a.astype(float) @ b.T.astype(float) - 2.0 * c.astype(float)
    size, number = ctypes.c_int32, np.ctypeslib.as_ctypes_type(real)
    arguments = [b"T", b"N", size(4), size(5), size(7), number(0.5), b, size(7), a, size(7), number(-2.0), c, size(4)]
    pointers = [
        one if isinstance(one, bytes) else one.ctypes.data if isinstance(one, np.ndarray) else ctypes.addressof(one)
        for one in arguments
    ]
    kinds = [ctypes.c_char_p if isinstance(one, bytes) else ctypes.c_void_p for one in arguments]
    ctypes.CFUNCTYPE(None, *kinds)(address)(*pointers)
    np.testing.assert_allclose(c, expected, rtol=0, atol=100 * np.finfo(real).eps)


# The plain form is used for every dtype without a copying one.
FORMS = [(real, False) for real in REAL.values()]
FORMS += [(real, True) for real in REAL.values() if blas.copies_shared_matrix(np.dtype(real))]


@numba.njit
def accumulate(a, shape, shared, c, n_columns, beta, copied):
    product = product_of(a.shape[1], shape, a.shape[2], n_columns, beta, copied)
    for t in range(a.shape[0]):
        add_product(product, a[t], shared, c)


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("beta", [-2.0, 0.0])
@pytest.mark.parametrize("real, copied", FORMS)
def test_products_of_compiled_loops(real: type, beta: float, transpose: bool, copied: bool) -> None:
    """c = alpha a b^T + beta c, repeatedly; c has further columns, which must not change."""
    rng = np.random.default_rng(0)
    a, b, memory = (rng.standard_normal(shape).astype(real) for shape in ((3, 5, 7), (4, 7), (5, 6)))
    expected = memory.astype(float)
    for a_t in a.astype(float):
        expected[:, :4] = 0.5 * a_t @ b.T.astype(float) + beta * expected[:, :4]
    if beta == 0.0:
        memory[:, :4] = np.nan  # memory that was never written
    size = max(blas.shared_size(4, 5, 7, np.dtype(real)), b.size)
    shared = np.full(size + 64, 7.0, real)
    share(np.ascontiguousarray(b.T) if transpose else b, transpose, 5, real(0.5), copied, shared)
    assert (shared[size:] == 7.0).all()
    accumulate(a, b.shape, shared, memory, 6, real(beta), copied)
    np.testing.assert_allclose(memory, expected, rtol=0, atol=400 * np.finfo(real).eps)
