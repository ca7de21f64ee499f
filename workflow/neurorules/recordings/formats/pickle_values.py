"""What a pickle of NumPy arrays holds, read from its opcodes without unpickling it.

A pickle is a program for a small stack machine, and Python's unpickler lets it call functions and fill objects. This
reader is a machine of its own. It knows only the opcodes that `numpy.save` writes for a dict of arrays. Names of
functions are markers to it, not functions, and an array is made from bytes of the file by `numpy.frombuffer`. Nothing
here descends into what it built, so that no nesting can exhaust the stack.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurorules.errors import shorten

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_OPCODES = 100_000  # the published file has 297
MAX_DIMENSIONS = 8
NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})


class PickleError(Exception):
    """The pickle is damaged, or is not one of arrays of numbers.

    Args:
        reason: what is wrong, as a clause.
        entry: which entry is wrong; None if it is the whole pickle.
    """

    def __init__(self, reason: str, entry: str | None = None) -> None:
        super().__init__(reason)
        self.entry = entry


class Forbidden(PickleError):
    """The pickle asks for something that arrays of numbers do not need.

    Args:
        key: what it asks for: "global" or "opcode".
        value: its name.
    """

    def __init__(self, key: str, value: str) -> None:
        super().__init__(f"{key} {value}")
        self.key, self.value = key, value


class _Name(Enum):
    ARRAY_TYPE = "numpy.ndarray"
    DTYPE = "numpy.dtype"
    NEW_ARRAY = "numpy.core.multiarray._reconstruct"
    SCALAR = "numpy.core.multiarray.scalar"


@dataclass
class _DType:
    code: str
    order: Literal["<", ">", "|"] | None = None
    plain: bool = True  # no fields, no subarray, no metadata

    def numpy(self) -> np.dtype[Any]:
        if self.code not in NUMBERS or not self.plain:
            raise PickleError(f"its type {shorten(self.code)} is not one of plain numbers")
        return np.dtype(self.code).newbyteorder(self.order if self.order == "<" or self.order == ">" else "=")


@dataclass
class _Array:
    """An array that `_reconstruct` began; its state comes later.

    Attributes:
        filled: whether it came.
        numbers: the array; None if it is not one of numbers.
        fault: why it is not.
        content: the one item of an array of objects without dimensions.
    """

    filled: bool = False
    numbers: NDArray[Any] | None = None
    fault: str = "it has no content"
    content: Any = None


_MARK = object()


def read_pickle(pickled: bytes) -> dict[str, Any]:
    """The dict of a pickle; its values are arrays, numbers, text or None.

    Args:
        pickled: the pickle, of protocol 3 or 4. The dict may be the one item of an array without dimensions, as
            `numpy.save` stores it.

    Returns:
        the entries by name. Arrays are read-only, and share memory with `pickled` or copies of its parts.

    Raises:
        Forbidden: it names a function or an opcode that such a dict does not need.
        PickleError: it is damaged, or holds something else.
    """
    result = _Machine().run(pickled)
    if isinstance(result, _Array):
        result = result.content
    if not isinstance(result, dict):
        raise PickleError(f"it holds {_kind(result)}, not a dict")
    return {name: _value(name, value) for name, value in result.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, _Array):
        if value.numbers is None:
            raise PickleError(f"the entry is not an array of numbers: {value.fault}", name)
        return value.numbers
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return value
    raise PickleError(f"the entry is {_kind(value)}, not an array of numbers or a plain value", name)


def _kind(value: Any) -> str:
    return "an array" if isinstance(value, _Array) else f"a {type(value).__name__.lstrip('_')}"


class _Machine:
    """The stack and the memo of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, pickled: bytes) -> Any:
        """The value on top of the stack at the end."""
        for count, (name, argument) in enumerate(_opcodes(pickled)):
            if count >= MAX_OPCODES:
                raise PickleError(f"it has more than {MAX_OPCODES} opcodes")
            if name == "STOP":
                return self.pop()
            if name in _PUSHES:
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name]())
            elif name in _ACTIONS:
                _ACTIONS[name](self, argument)
            elif name not in _IGNORED:
                raise Forbidden("opcode", name)
        raise PickleError("it is cut off")

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise PickleError("its stack is empty")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise PickleError(f"something else is where a {kind.__name__.lstrip('_')} is filled")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        items: list[Any] = []
        while self.stack:
            item = self.stack.pop()
            if item is _MARK:
                return items[::-1]
            items.append(item)
        raise PickleError("a mark is missing in it")

    def mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def put(self, index: Any) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1] if self.stack else None

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise PickleError("it refers to something that is not there")
        self.stack.append(self.memo[index])

    def tuple_of(self, length: int) -> None:
        items = [self.pop() for _ in range(length)]
        self.stack.append(tuple(items[::-1]))

    def append(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def set_items(self, items: list[Any]) -> None:
        if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
            raise PickleError("a key of its dict is not text")
        self.top(dict).update(zip(items[::2], items[1::2], strict=True))

    def name(self, module: Any, name: Any) -> None:
        asked = f"{module}.{name}"
        try:
            # numpy.core was renamed numpy._core in NumPy 2; files name either
            self.stack.append(_Name(asked.replace("numpy._core.", "numpy.core.")))
        except ValueError:
            raise Forbidden("global", asked) from None

    def stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise PickleError("a name in it is not text")
        self.name(module, name)

    def reduce(self, _: Any) -> None:
        arguments, function = self.pop(), self.pop()
        match function, arguments:
            case _Name.NEW_ARRAY, (_Name.ARRAY_TYPE, _, _):
                self.stack.append(_Array())
            case _Name.DTYPE, (str(code), bool(), bool()):
                self.stack.append(_DType(code))
            case _Name.SCALAR, (_DType() as dtype, bytes(data)):
                self.stack.append(_numbers((), dtype, False, data)[()])
            case _:
                raise PickleError("it calls something in a way that arrays of numbers do not need")

    def build(self, _: Any) -> None:
        state = self.pop()
        match self.stack[-1] if self.stack else None:
            case _DType(order=None, plain=True) as dtype:
                _set_type(dtype, state)
            case _Array(filled=False) as array:
                _fill(array, state)
            case _:
                raise PickleError("it sets the state of something else than a new array or type")


def _set_type(dtype: _DType, state: Any) -> None:
    match state:
        case (3, "<" | ">" | "|" as order, None, None, None, -1, -1, int()):
            dtype.order = order
        case _:
            dtype.plain = False


def _fill(array: _Array, state: Any) -> None:
    array.filled = True
    match state:
        case (1, (), _DType(code="O8" | "O"), bool(), [content]):
            array.content = content
            array.fault = "it holds an object"
        case (1, tuple(shape), _DType() as dtype, bool(fortran), bytes(data)):
            try:
                array.numbers = _numbers(shape, dtype, fortran, data)
            except PickleError as error:
                array.fault = str(error)
        case _:
            array.fault = "it holds objects, or its state is damaged"


def _numbers(shape: tuple[Any, ...], dtype: _DType, fortran: bool, data: bytes) -> NDArray[Any]:
    """The array of these bytes; it is never larger than they are."""
    sizes_are_possible = all(type(n) is int and 0 <= n <= 1 << 40 for n in shape)
    if len(shape) > MAX_DIMENSIONS or not sizes_are_possible:
        raise PickleError("its shape is impossible")
    numpy_type = dtype.numpy()
    if math.prod(shape) * numpy_type.itemsize != len(data):
        raise PickleError(f"{len(data)} bytes are not an array of the shape {shape}")
    try:
        return np.frombuffer(data, numpy_type).reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # no item, and sizes whose product NumPy cannot hold
        raise PickleError(f"its shape is impossible: {error}") from error


def _opcodes(pickled: bytes) -> Iterator[tuple[str, Any]]:
    """Names and arguments; an argument is never longer than the pickle."""
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            yield opcode.name, argument
    except ValueError as error:
        raise PickleError(f"it is cut off or damaged: {error}") from error


_IGNORED = frozenset({"PROTO", "FRAME"})
_PUSHES = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"}
    | {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.put,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "GLOBAL": lambda machine, name: machine.name(*name.split(" ", 1)),
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
