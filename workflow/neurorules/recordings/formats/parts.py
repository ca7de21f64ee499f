"""Parts of a file of arrays, by paths as written in MATLAB: `D.data`, `before.clouds.spikes`, `D.epochs(2)`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.formats.matlab_tree import Opaque, kind_of

_STEP = re.compile(r"(?P<name>[^.(){}]+)(?:[({](?P<index>[0-9, ]+)[)}])?$")


@dataclass(frozen=True)
class Part:
    """A part of a file, and the option that selects it.

    Attributes:
        file: the file.
        key: the option that selects it.
        path: its path as written in MATLAB.
        value: its value.
        in_struct: whether it is a field of a struct.
    """

    file: Path
    key: str
    path: str
    value: Any
    in_struct: bool = False

    def wrong(self, problem: str, remedy: str) -> InputError:
        """The error for this part."""
        return InputError(problem, file=self.file, key=self.key, value=self.path, remedy=remedy)


def find(tree: Mapping[str, Any], path: str, file: Path, key: str) -> Part:
    """The part at a path. A path through a struct array or a cell continues in each of its elements.

    Args:
        tree: the variables of the file.
        path: names separated by dots; a number in parentheses or braces after a name selects one element, counted from
            1.
        file, key: the file and the option, for errors.

    Raises:
        InputError: there is no such part; the error lists what there is.
    """
    steps: list[tuple[str, tuple[int, ...]]] = []
    for text in path.split("."):
        step = _STEP.match(text.strip())
        if step is None:
            raise InputError(
                "This is not a valid path in a file of arrays.",
                file=file,
                key=key,
                value=path,
                remedy="Write names separated by dots, as in D.data or D.epochStarts(2).",
            )
        steps.append((step["name"].strip(), tuple(int(n) for n in (step["index"] or "").split(",") if n.strip())))
    where = Part(file, key, path, None)
    return Part(file, key, path, _follow(tree, steps, where), in_struct=len(steps) > 1)


def _follow(value: Any, steps: Sequence[tuple[str, tuple[int, ...]]], where: Part) -> Any:
    """The value at the rest of a path, in a part of the file."""
    if not steps:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        mapped = np.empty(value.size, dtype=object)
        for i, item in enumerate(value.ravel(order="F")):
            mapped[i] = _follow(item, steps, where)
        return mapped.reshape(value.shape, order="F")
    (name, index), *rest = steps
    if not isinstance(value, Mapping):
        raise where.wrong(f"It has no field {name}: it is {kind_of(value)}, not a struct.", "End the path there.")
    if name not in value:
        raise where.wrong(f"Unknown name: the file has no {name} there.", did_you_mean(name, value))
    return _follow(_element(value[name], index, where), rest, where)


def _element(value: Any, index: tuple[int, ...], where: Part) -> Any:
    """One element, counted from 1, with the first dimension fastest for a single number."""
    if not index:
        return value
    array = np.array(list(value), dtype=object) if isinstance(value, str | list) else value
    if not isinstance(array, np.ndarray):
        raise where.wrong(f"It has no elements to select: it is {kind_of(value)}.", "Remove the number.")
    zero_based = tuple(n - 1 for n in index)
    shape = array.shape if len(zero_based) > 1 else (array.size,)
    if len(zero_based) != len(shape) or any(not 0 <= n < size for n, size in zip(zero_based, shape, strict=True)):
        # events missing in a trial are missing values, not an error of the path
        if array.size == 0 and len(zero_based) == 1:
            return np.full((1, 1), np.nan)
        raise where.wrong(
            f"It has no element {index if len(index) > 1 else index[0]}: it is {kind_of(array)}.",
            "Elements are counted from 1.",
        )
    chosen = array[zero_based] if len(zero_based) > 1 else array.ravel(order="F")[zero_based[0]]
    return chosen if isinstance(chosen, Mapping | str | list | np.ndarray | Opaque) else np.atleast_2d(chosen)


def did_you_mean(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """A remedy for an unknown name: the closest known name, and all known names."""
    names = [str(k) for k in known]
    lower = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    hint = f"Did you mean {lower[close[0]]}? " if close else ""
    shown = names if len(names) <= 30 else [*names[:30], f"and {len(names) - 30} more"]
    return f"{hint}There is: {', '.join(shown) or 'nothing'}."
