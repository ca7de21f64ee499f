"""Local gradient flossing in compiled code: exponents of a batch of trials, and the gradient of their loss.

No step's gradient depends on another's, so that it can be written out. With M_t = J_t Q_t = Q_{t+1} R_t and
L = sum_i lambda_i^2, where lambda_i is the mean of log |R_t,ii| over T steps and B trials,

    dL/dM_t = Q_{t+1} diag(2 lambda_i / (T B)) R_t^-T

The chain rule takes it to W_h and a_t by J_t = (1 - alpha) I + alpha W_h diag f'(a_t), and from a_t to the weights by
a_t = (1 - alpha) a_{t-1} + alpha (W_h h_{t-1} + W_x x_t + b), with a_{t-1} held fixed.

Directions are rows here, (trial, k, unit), so that all loops run along units and all trials share one matrix product.
Importing this module loads the compiler.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.extending import overload, register_jitable

from neurorules.network.blas import GEMM
from neurorules.network.jit import FAST, compiled
from neurorules.network.parameters import Parameters

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.architecture import Architecture


class LocalFlossing:
    """The loss of local flossing, for one network and batches of one size; its memory is reused.

    Args:
        weights: the network's effective weights, float64, on the CPU; read at every call.
        architecture: activation and time constant.
        n_steps, n_trials: T and B.
        k: number of exponents, at most N.
    """

    def __init__(self, weights: Parameters, architecture: Architecture, n_steps: int, n_trials: int, k: int) -> None:
        sizes, new = weights.sizes, weights.flat.new_zeros
        self.weights, self.architecture = weights, architecture
        self.network = architecture.network(weights, n_steps, n_trials)
        self.slopes, self.errors = new(n_steps, n_trials, sizes.units), new(n_steps, n_trials, sizes.units)
        self.directions: NDArray[Any] = new(n_steps + 1, n_trials, k, sizes.units).numpy()
        self.triangles: NDArray[Any] = new(n_steps, n_trials, k, k).numpy()
        self.gradient = Parameters(sizes, new(weights.flat.shape))

    def __call__(self, inputs: torch.Tensor, basis: torch.Tensor) -> tuple[NDArray[Any], torch.Tensor, torch.Tensor]:
        """Exponents, the last basis and the gradient of the sum of their squares.

        Args:
            inputs: x_1..x_T, (step, trial, input).
            basis: (trial, unit, k), orthonormal columns.

        Returns:
            (k,) exponents per step; (trial, unit, k); dL/dweights, flat, overwritten by the next call.
        """
        import torch

        alpha, recurrent = self.architecture.alpha, self.weights.recurrent.numpy()
        n_steps = len(self.slopes)
        self.network.forward(inputs)
        slopes = self.network.derivative(0, n_steps, self.slopes)
        self.directions[0] = basis.mT.numpy()
        propagate(alpha, recurrent, slopes.numpy(), self.directions, self.triangles)
        with np.errstate(divide="ignore"):  # a lost direction has an exponent of -infinity
            stretches = np.log(np.abs(np.diagonal(self.triangles, axis1=-2, axis2=-1)))
        exponents: NDArray[Any] = stretches.mean((0, 1))

        gradient, curvature = self.gradient, self.architecture.activation.curvature
        gradient.flat.zero_()
        factors = 2 * exponents / (stretches.shape[0] * stretches.shape[1])
        bends = curvature is not None
        differentiate(
            *(alpha, recurrent, slopes.numpy(), self.directions, self.triangles, factors, bends),
            *(gradient.recurrent.numpy(), self.errors.numpy()),
        )
        if curvature is not None:
            errors = self.errors.mul_(curvature(self.network.activity[:-1], slopes))  # dL/da_t
            gradient.initial_state.copy_(errors[0].sum(0))
            if n_steps > 1:
                sums = alpha * errors[1:].flatten(0, 1).mT @ self.network.rows(0, n_steps - 1)
                of_recurrent, of_input, of_bias = torch.split(sums, [len(sums), inputs.shape[-1], 1], -1)
                gradient.recurrent.add_(of_recurrent)
                gradient.input.copy_(of_input)
                gradient.bias.copy_(of_bias[:, 0])
        return exponents, torch.from_numpy(self.directions[-1].copy()).mT, gradient.flat


def _multiply(product: tuple[Any, Any, Any], a: Any, b: Any, c: Any) -> None:
    """BLAS: c = factor a b + beta c for column-major matrices, see `_product`; only for compiled code."""
    raise NotImplementedError(f"{_compiled_multiply.__name__} is what compiled code calls")


@overload(_multiply, jit_options={"fastmath": FAST, "error_model": "numpy"})
def _compiled_multiply(product: Any, a: Any, b: Any, c: Any) -> Any:
    gemm = GEMM[c.dtype]

    def call(product: Any, a: Any, b: Any, c: Any) -> None:
        letters, sizes, factors = product
        m, n, k = sizes[0:].ctypes, sizes[1:].ctypes, sizes[2:].ctypes
        strides = sizes[3:].ctypes, sizes[4:].ctypes, sizes[5:].ctypes
        forms, factor, beta = (letters[0:].ctypes, letters[1:].ctypes), factors[0:].ctypes, factors[1:].ctypes
        gemm(*forms, m, n, k, factor, a.ctypes, strides[0], b.ctypes, strides[1], beta, c.ctypes, strides[2])

    return call


@register_jitable
def _product(forms: str, m: int, n: int, k: int, strides: tuple[int, int, int], factor: float, beta: float) -> Any:
    """The arguments of `_multiply`, except the matrices; made once for many products."""
    letters, sizes, factors = np.empty(2, np.uint8), np.empty(6, np.int32), np.empty(2, np.float64)
    letters[0], letters[1] = ord(forms[0]), ord(forms[1])
    sizes[0], sizes[1], sizes[2] = m, n, k
    sizes[3], sizes[4], sizes[5] = strides
    factors[0], factors[1] = factor, beta
    return letters, sizes, factors


@register_jitable
def _reflect(row: Any, v: Any, scale: float) -> None:
    """row = (I - scale v v^T) row."""
    along = 0.0
    for u in range(len(row)):
        along += v[u] * row[u]
    along *= scale
    for u in range(len(row)):
        row[u] -= along * v[u]


@register_jitable
def _orthonormalise(rows: Any, triangle: Any, reflectors: Any, scales: Any) -> None:
    """M^T = rows, M = Q R by Householder's reflections, with the signs of LAPACK; Q^T replaces M^T.

    Args:
        rows: (k, unit).
        triangle: (k, k), receives R; what is below its diagonal is left alone.
        reflectors, scales: (k, unit), (k,), memory.
    """
    k, n = rows.shape
    for j in range(k):
        v = reflectors[j]
        v[:] = rows[j]
        v[:j] = 0.0
        first = v[j]
        v[j] = 0.0
        rest = 0.0
        for u in range(n):
            rest += v[u] * v[u]
        if rest == 0.0:  # nothing to reflect
            triangle[j, j] = first
            scales[j] = 0.0
            continue
        length = math.sqrt(first * first + rest)
        stretch = -length if first >= 0 else length
        triangle[j, j] = stretch
        v[j] = first - stretch
        scales[j] = 2.0 / (v[j] * v[j] + rest)
        for i in range(j + 1, k):
            _reflect(rows[i], v, scales[j])
    for i in range(k):
        for j in range(i):
            triangle[j, i] = rows[i, j]
    rows[:] = 0.0
    for i in range(k):
        rows[i, i] = 1.0
        for j in range(i, -1, -1):  # later reflections leave direction i alone
            _reflect(rows[i], reflectors[j], scales[j])


@compiled
def propagate(alpha: float, recurrent: Any, slopes: Any, directions: Any, triangles: Any) -> None:
    """M_t = J_t Q_t = Q_{t+1} R_t for all steps.

    Args:
        alpha: dt / tau.
        recurrent: W_h, (unit, unit).
        slopes: f'(a_t), (step, trial, unit).
        directions: (step + 1, trial, k, unit): Q_0, receives the other Q_t.
        triangles: (step, trial, k, k), receives R_t; what is below the diagonals is left alone.
    """
    n_steps, n_trials, n_units = slopes.shape
    k = directions.shape[2]
    scaled, reflectors, scales = np.empty((n_trials, k, n_units)), np.empty((k, n_units)), np.empty(k)
    strides = (n_units, n_units, n_units)
    product = _product("TN", n_units, n_trials * k, n_units, strides, alpha, 1.0 - alpha)
    for t in range(n_steps):
        for b in range(n_trials):
            for i in range(k):
                for u in range(n_units):
                    scaled[b, i, u] = slopes[t, b, u] * directions[t, b, i, u]
                    directions[t + 1, b, i, u] = directions[t, b, i, u]
        _multiply(product, recurrent, scaled, directions[t + 1])
        for b in range(n_trials):
            _orthonormalise(directions[t + 1, b], triangles[t, b], reflectors, scales)


@compiled
def differentiate(
    alpha: float,
    recurrent: Any,
    slopes: Any,
    directions: Any,
    triangles: Any,
    factors: Any,
    bends: bool,
    gradient: Any,
    errors: Any,
) -> None:
    """The gradient of factors_i log |R_t,ii|, summed over i, steps and trials, by W_h in J_t and by f'(a_t).

    Args:
        alpha, recurrent, slopes, directions, triangles: see `propagate`.
        factors: (k,).
        bends: whether the gradient with respect to f'(a_t) is needed.
        gradient: (unit, unit); the gradient is added.
        errors: (step, trial, unit), receives the gradient with respect to f'(a_t), if needed.
    """
    n_steps, n_trials, n_units = slopes.shape
    k = directions.shape[2]
    scaled, pulled = np.empty((n_trials, k, n_units)), np.empty((n_trials, k, n_units))
    strides = (n_units, n_units, n_units)
    sums = _product("NT", n_units, n_units, n_trials * k, strides, alpha, 1.0)
    back = _product("NN", n_units, n_trials * k, n_units, strides, alpha, 0.0)
    for t in range(n_steps):
        for b in range(n_trials):
            triangle = triangles[t, b]
            for i in range(k - 1, -1, -1):
                row, scale = pulled[b, i], 1.0 / triangle[i, i]
                for u in range(n_units):
                    row[u] = factors[i] * directions[t + 1, b, i, u]
                    scaled[b, i, u] = slopes[t, b, u] * directions[t, b, i, u]
                for j in range(i + 1, k):
                    for u in range(n_units):
                        row[u] -= triangle[i, j] * pulled[b, j, u]
                for u in range(n_units):
                    row[u] *= scale
        _multiply(sums, scaled, pulled, gradient)
        if bends:
            _multiply(back, recurrent, pulled, scaled)
            for b in range(n_trials):
                errors[t, b] = 0.0
                for i in range(k):
                    for u in range(n_units):
                        errors[t, b, u] += scaled[b, i, u] * directions[t, b, i, u]
