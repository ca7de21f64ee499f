"""Names for the dimensions of nested arrays, such as unit, bin, trial and target.

Dimensions are named from the outside in: first those of a struct array or cell, then those of the arrays in it, in
MATLAB's order. A struct or cell with one element counts as a dimension only if a name is left for it. A struct array of
one trial is a plain struct, and counts if the first name is trial. A vector's second dimension, of length 1, needs no
name; nor do trailing dimensions of length 1, which MATLAB drops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.formats.matlab_tree import Opaque, kind_of
from neurorules.recordings.formats.parts import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

Index = tuple[int, ...]


@dataclass(frozen=True)
class Named:
    """Arrays at positions along the outer dimensions, with names for all dimensions.

    Attributes:
        outer: names of the dimensions of structs and cells.
        inner: names of the dimensions of each array.
        arrays: the arrays by their index along `outer`.
    """

    outer: tuple[str, ...]
    inner: tuple[str, ...]
    arrays: Mapping[Index, Any]


def name_axes(part: Part, names: Sequence[str], *, events: bool = False) -> Named:
    """Name the dimensions of a part of a file.

    Args:
        part: numbers, or structs or cells of numbers or text.
        names: from the outside in.
        events: whether the innermost arrays are lists of times, which are not a dimension and need no name.

    Raises:
        InputError: there are more or fewer dimensions than names.
    """
    names = list(names)
    levels, leaf_dimensions = _levels(part.value)
    if events:
        leaf_dimensions = 0
    counted = sum(len(shape) for shape in levels)
    wrapped = [i for i, shape in enumerate(levels) if int(np.prod(shape)) == 1]
    while counted and len(names) - counted < leaf_dimensions and wrapped:
        counted -= len(levels[wrapped[0]])
        levels[wrapped.pop(0)] = ()
    if counted > len(names):
        raise _mismatch(part, names)
    one_trial = part.in_struct and not counted and names[:1] == ["trial"] and len(names) > leaf_dimensions
    outer, inner = tuple(names[: counted + one_trial]), tuple(names[counted + one_trial :])
    if events and inner:
        raise _mismatch(part, names)
    keeps = [bool(shape) for shape in levels]
    first = (0,) if one_trial else ()
    arrays = {
        first + place: _leaf(leaf, inner, part, names, events=events) for place, leaf in _walk(part.value, keeps, part)
    }
    return Named(outer, inner, arrays)


def _levels(value: Any) -> tuple[list[tuple[int, ...]], int]:
    """Shapes of the structs and cells around the first array, and the array's number of dimensions."""
    levels: list[tuple[int, ...]] = []
    while isinstance(value, np.ndarray) and value.dtype.kind == "O":
        levels.append(_outer_shape(value))
        filled = [item for item in value.flat if not (isinstance(item, np.ndarray) and item.size == 0)]
        if not filled:
            return levels, 0
        value = filled[0]
    return levels, value.ndim if isinstance(value, np.ndarray) and value.size > 1 else 0


def _outer_shape(array: NDArray[Any]) -> tuple[int, ...]:
    """The shape of a cell or struct array; one dimension for a row or a column."""
    long = [n for n in array.shape if n != 1]
    return (array.size,) if len(long) <= 1 else array.shape


def _walk(value: Any, keeps: Sequence[bool], part: Part, place: Index = ()) -> Iterator[tuple[Index, Any]]:
    if not keeps:
        yield place, value
        return
    if isinstance(value, np.ndarray) and value.dtype.kind != "O" and value.size == 0:
        return  # an empty cell, written as [] by MATLAB
    if not (isinstance(value, np.ndarray) and value.dtype.kind == "O"):
        raise part.wrong(
            f"Its cells differ in form: one is {kind_of(value)}, others are cells.", "Give all cells the same form."
        )
    shaped = value.reshape(_outer_shape(value), order="F")
    for at in np.ndindex(shaped.shape):
        yield from _walk(shaped[at], keeps[1:], part, place + at if keeps[0] else place)


def _leaf(value: Any, inner: Sequence[str], part: Part, names: Sequence[str], *, events: bool) -> Any:
    if isinstance(value, Opaque):
        raise part.wrong(
            f"It contains {value.kind}, which only MATLAB can read.",
            "In MATLAB, convert it to numbers, text or a struct: table2struct, char, posixtime.",
        )
    if isinstance(value, str | list):
        if (isinstance(value, list) and len(inner) == 1) or (isinstance(value, str) and not inner):
            return np.array(value, dtype=object)
        raise part.wrong(f"It must contain numbers, but has {kind_of(value)}.", "Use another variable.")
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise part.wrong(f"It must contain numbers or text, but has {kind_of(value)}.", "Use another variable.")
    if events:
        return value.astype(np.float64).ravel(order="F")
    if not inner:
        if value.size > 1:
            raise part.wrong(
                f"One value is expected, but this is {kind_of(value)}.",
                f"Select one of its elements, for example {part.path}(1), or name its dimensions in axes.",
            )
        return value.ravel()[0] if value.size else np.float64(np.nan)
    if len(inner) == 1:
        if value.size != max(value.shape, default=0) and value.size:
            raise _mismatch(part, names)
        return value.ravel(order="F")
    if value.ndim > len(inner):
        raise _mismatch(part, names)
    return value.reshape(value.shape + (1,) * (len(inner) - value.ndim))


def _mismatch(part: Part, names: Sequence[str]) -> Exception:
    said = kind_of(part.value)
    inside = part.value
    while isinstance(inside, np.ndarray) and inside.dtype.kind == "O" and inside.size:
        inside = inside.flat[0]
        said += f" of {kind_of(inside)}"
    return part.wrong(
        f"It is {said}: its dimensions are not {', '.join(names) or 'one value'}.",
        "Name each of its dimensions in axes, from the outside in, such as [trial, unit, time].",
    )
