"""Arrays of numbers as described in a pickle: a type, a shape and bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurorules.errors import shorten

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_DIMENSIONS = 8
NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})


class PickleError(Exception):
    """The pickle is damaged, or does not contain arrays of numbers.

    Args:
        reason: what is wrong, as a clause.
        entry: the faulty entry; None for the complete pickle.
    """

    def __init__(self, reason: str, entry: str | None = None) -> None:
        super().__init__(reason)
        self.entry = None if entry is None else entry[:200]


@dataclass
class PickledType:
    """A NumPy type.

    Attributes:
        code: argument of numpy.dtype.
        order: byte order; None until the state is set.
        plain: whether it has no fields, no subarray and no metadata.
    """

    code: str
    order: Literal["<", ">", "|"] | None = None
    plain: bool = True

    def set_state(self, state: Any) -> None:
        """Set the state as numpy.dtype.__setstate__ does."""
        if self.order is not None or not self.plain:
            raise PickleError("it sets the state of a type twice")
        match state:
            case (3, "<" | ">" | "|" as order, None, None, None, -1, -1, int()):
                self.order = order
            case _:
                self.plain = False

    def numpy(self) -> np.dtype[Any]:
        """The type.

        Raises:
            PickleError: it is not a plain numeric type.
        """
        if self.code not in NUMBERS or not self.plain:
            raise PickleError(f"its type {shorten(self.code)} is not one of plain numbers")
        return np.dtype(self.code).newbyteorder(self.order if self.order == "<" or self.order == ">" else "=")


@dataclass
class PickledArray:
    """An array under construction, whose state is set later.

    Attributes:
        filled: whether the state has been set.
        numbers: the array; None if it is not numeric.
        fault: why it is not numeric.
        content: the only item of an object array without dimensions.
    """

    filled: bool = False
    numbers: NDArray[Any] | None = None
    fault: str = "it has no content"
    content: Any = None

    def set_state(self, state: Any) -> None:
        """Set the state as numpy.ndarray.__setstate__ does."""
        if self.filled:
            raise PickleError("it sets the state of an array twice")
        self.filled = True
        match state:
            case (1, (), PickledType(code="O8" | "O"), bool(), [content]):
                self.content, self.fault = content, "it holds an object"
            case (1, tuple(shape), PickledType() as dtype, bool(fortran), bytes(data)):
                try:
                    self.numbers = array_of(shape, dtype, data, fortran=fortran)
                except PickleError as error:
                    self.fault = str(error)
            case _:
                self.fault = "it holds objects, or its state is damaged"


def array_of(shape: tuple[Any, ...], dtype: PickledType, data: bytes, *, fortran: bool = False) -> NDArray[Any]:
    """The array in these bytes: it shares their memory, is read-only, and is never larger than they are.

    Raises:
        PickleError: the type is not numeric, or the shape does not fit the bytes.
    """
    numpy_type = dtype.numpy()
    sizes_are_possible = all(type(n) is int and 0 <= n <= 1 << 40 for n in shape)
    if len(shape) > MAX_DIMENSIONS or not sizes_are_possible:
        raise PickleError("its shape is impossible")
    if math.prod(shape) * numpy_type.itemsize != len(data):
        raise PickleError(f"{len(data)} bytes do not fit an array of shape {shape}")
    try:
        return np.frombuffer(data, numpy_type).reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # no items, and sizes whose product NumPy cannot represent
        raise PickleError(f"its shape is impossible: {error}") from error
