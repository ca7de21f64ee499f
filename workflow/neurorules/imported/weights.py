"""Weights of a leaky rate network that was trained elsewhere, as parameters of our network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.imported.arrays import read_arrays
from neurorules.network.parameters import Sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_weights(
    path: Path,
    keys: Mapping[str, str | Sequence[str]],
    transpose: Sequence[str],
    sizes: Sizes,
    where: str,
) -> NDArray[Any]:
    """Parameters (parameter,) float32 in the order of `Sizes.shapes`; those without a key are zero.

    Args:
        path: the file of one checkpoint.
        keys: for each parameter, the name of its array in the file; arrays of several names are added up (two biases,
            for example).
        transpose: parameters that the file stores transposed.
        sizes: sizes of the network, from the task and the study.
        where: config key of the network, for errors.

    Raises:
        InputError: see `read_arrays`; or the shape of an array does not fit the network and its task.
    """
    named = {name: [key] if isinstance(key, str) else list(key) for name, key in keys.items()}
    wanted = [(key, f"{where}.weights.{name}") for name, of_parameter in named.items() for key in of_parameter]
    arrays = read_arrays(path, wanted)
    parts = []
    for name, shape in sizes.shapes().items():
        part = np.zeros(shape)
        for key in named.get(name, ()):
            part = part + _shaped(arrays[key], name, shape, name in transpose, (path, key, where))
        parts.append(part.ravel())
    return np.concatenate(parts).astype(np.float32)


def _shaped(
    found: NDArray[Any], name: str, shape: tuple[int, ...], transposed: bool, place: tuple[Path, str, str]
) -> NDArray[Any]:
    """The array in the shape of a parameter; MATLAB's row and column vectors become vectors."""
    array = found.T if transposed else found
    if array.shape == shape:
        return array
    if array.size == np.prod(shape) and _without_ones(array.shape) == _without_ones(shape):
        return array.reshape(shape)
    path, key, where = place
    other = found if transposed else found.T
    if other.shape == shape:
        remedy = f"It fits when transposed: {'remove' if transposed else 'add'} {name} "
        remedy += f"{'from' if transposed else 'to'} {where}.transpose."
    else:
        remedy = (
            f"Rows are targets, columns are sources. Correct {where}.weights.{name}, {where}.network.units, or the "
            "task, whose trials set the numbers of inputs and outputs."
        )
    raise InputError(
        f"The array for {name} has shape {_text(array.shape)}; the network and its task need {_text(shape)}.",
        file=path,
        key=f"{where}.weights.{name}",
        value=key,
        remedy=remedy,
    )


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "of a single number"
