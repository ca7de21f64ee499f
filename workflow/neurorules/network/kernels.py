"""Compiled loops over the steps of a batch. In small networks, the calls in a Python loop cost more than the work.

Every kernel works on contiguous memory of one network, in float32 or float64, and does the same as the PyTorch loop
where it is called; tests compare the two. Only matrix products use BLAS, see `blas`. Results do not depend on how many
networks a job trains. They do depend on the processor: its vector width sets the order of sums over units, and BLAS
chooses its code by processor. They are guaranteed to be the same bytes only on processors of the same type.

tanh in float32 is a rational function (an odd polynomial of degree 13 over an even one of degree 6, as in Eigen), with
an error of at most 3e-7 and several times faster than the library's. float64 uses the library's tanh. NaN propagates,
so that divergence is detected.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from neurorules.network.blas import COMPUTE, GEMM
from neurorules.network.jit import FAST, compiled

RETANH, RELU, TANH = 0, 1, 2
LEAST = np.float32(-7.9)  # limit of the approximation, as in Eigen; tanh is -1 below, but for 3e-7
CODES = {"retanh": RETANH, "relu": RELU, "tanh": TANH}


def _tanh(x: Any) -> Any:
    """tanh of a number, in float32 not below `LEAST`, see the module docstring; also for uncompiled code."""
    return _compiled_tanh(numba.typeof(x))(x)  # type: ignore[no-untyped-call]


@overload(_tanh, jit_options={"fastmath": FAST, "error_model": "numpy"})
def _compiled_tanh(x: Any) -> Any:
    if x != types.float32:

        def exact(x: Any) -> Any:
            return math.tanh(x)

        return exact
    f = np.float32

    def rational(x: Any) -> Any:
        x = -LEAST if x > -LEAST else x
        s = x * x
        p = f(-2.76076847742355e-16)
        p = p * s + f(2.00018790482477e-13)
        p = p * s + f(-8.60467152213735e-11)
        p = p * s + f(5.12229709037114e-08)
        p = p * s + f(1.48572235717979e-05)
        p = p * s + f(6.37261928875436e-04)
        p = p * s + f(4.89352455891786e-03)
        q = f(1.19825839466702e-06)
        q = q * s + f(1.18534705686654e-04)
        q = q * s + f(2.26843463243900e-03)
        q = q * s + f(4.89352518554385e-03)
        return x * p / q

    return rational


@register_jitable
def _lowest(code: int, a: Any) -> Any:
    """Where a is cut off before f: the only difference between tanh and its positive part."""
    limit = LEAST if a.itemsize == 4 else -np.inf
    return a.dtype.type(limit if code == TANH else 0)


@register_jitable
def _activate(code: int, lowest: Any, a: Any) -> Any:
    """h = f(a) of one unit."""
    a = lowest if a < lowest else a
    return a if code == RELU else _tanh(a)


@register_jitable
def _derive(code: int, h: Any) -> Any:
    """f'(a) of one unit from h = f(a) without noise."""
    slope = type(h)(1) if code == RELU else type(h)(1) - h * h
    return type(h)(0) if code != TANH and h == 0 else slope


@compiled
def load_weights(
    code: int, recurrent: Any, inputs: Any, bias: Any, initial_state: Any, weights: Any, state: Any, first: Any
) -> None:
    """Copy the weights into one matrix and write a_0 and h_0.

    Args:
        code: of the activation function.
        recurrent, inputs, bias, initial_state: the parameters of the network.
        weights: (unit, column), receives W_h, W_x and b.
        state, first: (trial, unit) and (trial, column), receive a_0 and h_0, in the first columns.
    """
    n_units, n_inputs = inputs.shape
    weights[:, :n_units] = recurrent
    weights[:, n_units : n_units + n_inputs] = inputs
    weights[:, n_units + n_inputs] = bias
    lowest = _lowest(code, state)
    for i in range(state.shape[0]):
        for j in range(n_units):
            state[i, j] = initial_state[j]
            first[i, j] = _activate(code, lowest, initial_state[j])


@register_jitable
def product_of(
    n_rows: int, shape: Any, a_columns: int, c_columns: int, beta: Any, copied: bool
) -> tuple[Any, Any, Any]:
    """The arguments of `add_product` for c = a b^T + beta c, except the matrices; made once for many products.

    Args:
        n_rows: number of rows of a and c.
        shape: of b, (column of c, column of a).
        a_columns, c_columns: row strides of a and c.
        beta, copied: factor, with the dtype of the matrices; see `shared_matrix.share`.
    """
    letters, sizes, factors = np.empty(2, np.uint8), np.empty(6, np.int32), np.empty(2, type(beta))
    letters[0], letters[1] = ord("P") if copied else ord("T"), ord("N")
    # BLAS matrices are column-major: c^T = b a^T.
    sizes[0], sizes[1], sizes[2] = shape[0], n_rows, shape[1]
    sizes[3], sizes[4], sizes[5] = shape[1], a_columns, c_columns
    factors[0], factors[1] = 1, beta
    return letters, sizes, factors


def add_product(product: tuple[Any, Any, Any], a: Any, shared: Any, c: Any) -> None:
    """c = a b^T + beta c, see `product_of`, with b from `share`; only for compiled code."""
    raise NotImplementedError(f"{_add_product.__name__} is what compiled code calls")


@overload(add_product)
def _add_product(product: Any, a: Any, shared: Any, c: Any) -> Any:
    gemm, compute = GEMM[c.dtype], COMPUTE[c.dtype]

    def call(product: Any, a: Any, shared: Any, c: Any) -> None:
        letters, sizes, factors = product
        form, as_it_is = letters[0:].ctypes, letters[1:].ctypes
        m, n, k, b_columns = sizes[0:].ctypes, sizes[1:].ctypes, sizes[2:].ctypes, sizes[3:].ctypes
        a_columns, c_columns, one, beta = sizes[4:].ctypes, sizes[5:].ctypes, factors[0:].ctypes, factors[1:].ctypes
        if letters[0] == ord("P"):
            compute(form, as_it_is, m, n, k, shared.ctypes, b_columns, a.ctypes, a_columns, beta, c.ctypes, c_columns)
        else:
            gemm(form, as_it_is, m, n, k, one, shared.ctypes, b_columns, a.ctypes, a_columns, beta, c.ctypes, c_columns)

    return call


@compiled
def forward(
    inputs: Any,
    drive: Any,
    weights: Any,
    state: Any,
    noise: Any,
    readout: Any,
    readout_bias: Any,
    outputs: Any,
    code: int,
    leak: Any,
    copied: bool,
    differentiate: bool,
) -> float:
    """Compute h_t and y_t for a block of steps; returns the sum of h_t^2.

    Args:
        inputs: (step, trial, input), x_t, which is copied into `drive`.
        drive: (step + 1, trial, column), see `Network`; padding columns are 0.
        weights: alpha times (unit, column), from `share`.
        state: (trial, unit), a_t before and after.
        noise: (step, trial, unit), overwritten with f'(a_t) if `differentiate`; zero steps for no noise.
        readout, readout_bias: (output, unit), (output,).
        outputs: (step, trial, output).
        code: code of the activation function.
        leak, copied: 1 - dt / tau; see `shared_matrix.share`.
        differentiate: see `noise`.
    """
    n_trials, n_units = state.shape
    lowest, squares = _lowest(code, state), np.empty(n_units, state.dtype)
    n_driving = n_units + inputs.shape[2] + 1
    product = product_of(n_trials, (n_units, n_driving), drive.shape[2], n_units, leak, copied)
    total = 0.0
    for t in range(outputs.shape[0]):
        drive[t, :, n_units : n_units + inputs.shape[2]] = inputs[t]
        add_product(product, drive[t], weights, state)
        if noise.shape[0]:
            for i in range(n_trials):
                for j in range(n_units):
                    clean = _activate(code, lowest, state[i, j])
                    drive[t + 1, i, j] = clean + noise[t, i, j]
                    if differentiate:
                        noise[t, i, j] = _derive(code, clean)
        elif code == RELU:
            for i in range(n_trials):
                for j in range(n_units):
                    drive[t + 1, i, j] = _activate(RELU, lowest, state[i, j])
        else:  # retanh differs only by `lowest`; a test of `code` in the loop would make it a quarter slower
            for i in range(n_trials):
                for j in range(n_units):
                    drive[t + 1, i, j] = _activate(TANH, lowest, state[i, j])
        squares[:] = 0
        for i in range(n_trials):
            h = drive[t + 1, i]
            for j in range(n_units):
                squares[j] += h[j] * h[j]
            for o in range(outputs.shape[2]):
                y = readout_bias[o]
                for j in range(n_units):
                    y += readout[o, j] * h[j]
                outputs[t, i, o] = y
        total += squares.sum()
    return total


@compiled
def derivatives(code: int, drive: Any, out: Any) -> None:
    """out = f'(a_t) for steps without noise; drive (step, trial, column), out (step, trial, unit)."""
    for t in range(out.shape[0]):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[t, i, j] = _derive(code, drive[t, i, j])


@compiled
def backward(
    errors: Any,
    given: bool,
    output_error: Any,
    feedback: Any,
    activity_weight: Any,
    readout: Any,
    readout_bias: Any,
    drive: Any,
    derivative: Any,
    following: Any,
    weights: Any,
    through: Any,
    own: Any,
    code: int,
    leak: Any,
    copied: bool,
) -> None:
    """delta_t = leak delta_{t+1} + f'(a_t) (l_t + kept paths), last step first, with l_t = dL/dy_t B + weight h_t.

    The kept path is alpha W^T delta_{t+1} at the steps of `through`, or own delta_{t+1}, or none.

    Args:
        errors: (step, trial, unit), memory for delta_t; what is there is multiplied by 0, so it must be finite.
        given: whether `errors` already contains l_t; if so, there are no outputs and `activity_weight` is 0.
        output_error, feedback: (step, trial, output), dL/dy_t; (output, unit), B.
        activity_weight: the factor of h_t.
        readout, readout_bias: (output, unit), (output,); the gradients of the readout are added.
        drive: (step, trial, column), h_t in the first columns.
        derivative: (step, trial, unit), f'(a_t); zero steps if it follows from h_t, which is then without noise.
        following: (trial, unit), delta of the step after the block; overwritten with delta of the first step.
        weights: alpha times (source unit, unit), W^T, from `share`.
        through: (step,) bool, or zero steps.
        own: (unit,), alpha times each unit's weight onto itself, or zero units.
        code, leak, copied: see `forward`.
    """
    n_steps, n_trials, n_units = errors.shape
    signal, part = np.empty(n_units, errors.dtype), np.empty(feedback.shape, errors.dtype)
    product = product_of(n_trials, (n_units, n_units), n_units, n_units, errors.dtype.type(given), copied)
    for t in range(n_steps - 1, -1, -1):
        recurrent = through.shape[0] > 0 and through[t]
        kept = errors.dtype.type(given or recurrent)
        if recurrent:
            add_product(product, following, weights, errors[t])
        part[:] = 0
        for i in range(n_trials):
            delta, after, h = errors[t, i], following[i], drive[t, i]
            signal[:] = 0
            for o in range(feedback.shape[0]):
                error = output_error[t, i, o]
                for j in range(n_units):
                    signal[j] += error * feedback[o, j]
                    part[o, j] += error * h[j]
            if own.shape[0]:
                for j in range(n_units):
                    signal[j] += own[j] * after[j]
            if derivative.shape[0]:
                slope = derivative[t, i]
                for j in range(n_units):
                    arriving = kept * delta[j] + activity_weight * h[j] + signal[j]
                    earlier = leak * after[j] + slope[j] * arriving
                    after[j] = earlier
                    delta[j] = earlier
            else:
                for j in range(n_units):
                    arriving = kept * delta[j] + activity_weight * h[j] + signal[j]
                    earlier = leak * after[j] + _derive(code, h[j]) * arriving
                    after[j] = earlier
                    delta[j] = earlier
        # Sum step by step: one long sum over steps and trials would have larger rounding errors.
        readout += part
        for o in range(feedback.shape[0]):
            readout_bias[o] += output_error[t, :, o].sum()
