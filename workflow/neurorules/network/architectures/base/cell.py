"""What an architecture is, and how one is found by name.

An architecture is one file in the folder above. It defines ARCHITECTURE, a subclass of Cell: the parameters of a unit,
and one step of its state. Everything else follows from the step: networks run it (`cell_network.py`, `run_arrays.py`),
and automatic differentiation trains it (`learning/base/autograd.py`).

The network of a cell is

    s_t = step(s_{t-1}, W_x x_t + b, W_h v_{t-1}),   h_t = activity(s_t),   v_t = h_t + noise,   y_t = W_y v_t + b_y

with v_0 = h_0. Units reach each other through W_h v_{t-1} alone, which is where learning rules cut credit. What units
send to each other, to the readout and to a comparison with a recording is v_t. The noise is not in the state that a
unit keeps for itself, as in the leaky network (`rnn.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurorules.network.parameters import Sizes
from neurorules.network.requirement import Requirement
from neurorules.options import Options
from neurorules.plugins import Plugins

ARCHITECTURES = Plugins("network.architectures", "architecture", "network.architecture", members=("ARCHITECTURE",))

# The architecture with an engine of its own, see `rnn.py` and `learning/base/adjoint.py`.
LEAKY = "leaky"

# NumPy arrays or PyTorch tensors: a step is written once for both.
Array = Any
State = tuple[Array, ...]


@dataclass(frozen=True)
class Functions:
    """Functions of arrays, NumPy's or PyTorch's.

    Attributes:
        split: cuts an array into a number of equal parts along its last dimension.
    """

    tanh: Any
    sigmoid: Any
    relu: Any
    split: Any


def array_functions() -> Functions:
    """Those of NumPy arrays."""
    return Functions(
        np.tanh,
        lambda a: 0.5 * np.tanh(0.5 * a) + 0.5,
        lambda a: np.maximum(a, 0.0),
        lambda a, parts: np.split(a, parts, -1),
    )


def tensor_functions() -> Functions:
    """Those of PyTorch tensors."""
    import torch

    return Functions(torch.tanh, torch.sigmoid, torch.relu, lambda a, parts: torch.chunk(a, parts, -1))


class Cell:
    """The parameters and the step of one architecture.

    Arrays have the dimensions (trial, unit), or (network, trial, unit) for a stack of networks. Index dimensions from
    the end.

    Args:
        options: the group `network`.
        functions: of the kind of array that the cell works on.
    Attributes:
        gates: rows of W_h, W_x and b per unit.
        per_unit: names of further parameters with one number per unit. Those whose names end in `_bias` begin like
            other biases, the others begin at 0.
        n_states: how many arrays the state is.
        REQUIRES: what the architecture requires of a model. Other options are refused before any job starts.
    """

    gates: int = 1
    per_unit: tuple[str, ...] = ()
    n_states: int = 1
    REQUIRES: Sequence[Requirement] = ()

    def __init__(self, options: Options, functions: Functions) -> None:
        self.options, self.functions = options, functions

    @classmethod
    def sizes(cls, inputs: int, units: int, outputs: int) -> Sizes:
        """The sizes of a network of this architecture."""
        return Sizes(inputs, units, outputs, cls.gates, cls.per_unit)

    def start(self, weights: Mapping[str, Array], ones: Array) -> State:
        """s_0 of every trial.

        Args:
            weights: parameters by name.
            ones: (trial, 1).
        """
        return (weights["initial_state"][..., None, :] * ones,)

    def step(self, weights: Mapping[str, Array], state: State, drive: Array, recurrent: Array) -> State:
        """s_t.

        Args:
            weights: parameters by name; those of `drive` and `recurrent` are not used.
            state: s_{t-1}.
            drive: W_x x_t + b, (trial, gate x unit).
            recurrent: W_h v_{t-1}, (trial, gate x unit).
        """
        raise NotImplementedError

    def activity(self, state: State) -> Array:
        """h_t, (trial, unit)."""
        return state[0]


def load_cell(options: Options, functions: Functions) -> Cell:
    """The cell of the architecture that `network.architecture` names.

    Raises:
        InputError: there is no such architecture.
    """
    cell: Cell = load_architecture(options.architecture)(options, functions)
    return cell


def load_architecture(name: str) -> type[Cell]:
    """An architecture by name.

    Raises:
        InputError: there is no such architecture.
    """
    architecture: type[Cell] = ARCHITECTURES.load(name).ARCHITECTURE
    return architecture
