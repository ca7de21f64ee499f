"""Arrays and values in a pickle, read from its opcodes without unpickling.

A pickle is a program for a small stack machine, and Python's unpickler lets it call functions and fill objects. This
reader is a separate machine. It knows only the opcodes that `numpy.save` writes for a dict of arrays. Function names
are only markers to it, and arrays are made from the file's bytes by `numpy.frombuffer`. Nothing here recurses into
values, so no nesting can exhaust the stack.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import numpy as np

from neurorules.recordings.formats.pickled_arrays import PickledArray, PickledType, PickleError, array_of

MAX_OPCODES = 100_000  # the published file has 297


class Forbidden(PickleError):
    """The pickle asks for something that arrays of numbers do not need.

    Args:
        key: kind of the request: "global" or "opcode".
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


_MARK = object()


def read_pickle(pickled: bytes) -> dict[str, Any]:
    """The dict in a pickle, with arrays, numbers, text or None as values.

    Args:
        pickled: the pickle, of protocol 3 or 4. The dict may be the only item of an array without dimensions, as
            `numpy.save` stores it.

    Returns:
        The entries by name. Arrays are read-only, and share memory with `pickled` or with copies of its parts.

    Raises:
        Forbidden: it requests a function or an opcode that such a dict does not need.
        PickleError: it is damaged, or contains something else.
    """
    result = _Machine().run(pickled)
    if isinstance(result, PickledArray):
        result = result.content
    if not isinstance(result, dict):
        raise PickleError(f"it contains {_kind(result)}, not a dict")
    return {name: _value(name, value) for name, value in result.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, PickledArray):
        if value.numbers is None:
            raise PickleError(f"the entry is not an array of numbers: {value.fault}", name)
        return value.numbers
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return value
    raise PickleError(f"the entry is {_kind(value)}, not an array of numbers or a plain value", name)


def _kind(value: Any) -> str:
    return "an array" if isinstance(value, PickledArray) else f"a {type(value).__name__}"


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
        raise PickleError("it is truncated")

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise PickleError("its stack is empty")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise PickleError(f"it fills something other than a {kind.__name__}")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        items: list[Any] = []
        while self.stack:
            item = self.stack.pop()
            if item is _MARK:
                return items[::-1]
            items.append(item)
        raise PickleError("a mark is missing")

    def mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def put(self, index: Any) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1] if self.stack else None

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise PickleError("it refers to something that does not exist")
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
            # numpy.core was renamed to numpy._core in NumPy 2; files may have either
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
                self.stack.append(PickledArray())
            case _Name.DTYPE, (str(code), bool(), bool()):
                self.stack.append(PickledType(code))
            case _Name.SCALAR, (PickledType() as dtype, bytes(data)):
                self.stack.append(array_of((), dtype, data)[()])
            case _:
                raise PickleError("it calls something in a way that arrays of numbers do not need")

    def build(self, _: Any) -> None:
        state = self.pop()
        if not self.stack or not isinstance(self.stack[-1], PickledArray | PickledType):
            raise PickleError("it sets the state of something other than an array or a type")
        self.stack[-1].set_state(state)


def _opcodes(pickled: bytes) -> Iterator[tuple[str, Any]]:
    """Names and arguments of opcodes; an argument is never longer than the pickle."""
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            yield opcode.name, argument
    except ValueError as error:
        raise PickleError(f"it is truncated or damaged: {error}") from error


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
