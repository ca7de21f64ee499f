"""The contract of a run file: making, writing, opening, checking and reading one.

A run is the training of one network, as an xarray.Dataset with

    recurrent, input, bias, initial_state, readout, readout_bias (checkpoint, ...), and what the architecture adds
                                     effective parameters at each checkpoint, after applying constraints
    checkpoint                       int64 coordinate: updates completed, from 0 (untrained) to the end of training
    accuracy(checkpoint)             normalized accuracy on noise-free test trials
    task_loss(update), mean_square_activity(update), penalty_weight(update)
                                     for the update's own batch, before the update
    flossing_exponents(flossing_iteration, exponent)
                                     only with gradient flossing, which comes before the first checkpoint

Its attributes record what made it, see `RunOrigin`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import DamagedResult
from neurorules.io.identity import canonical_json, short_hash
from neurorules.io.netcdf import netcdf_attributes, open_dataset, write_dataset
from neurorules.io.stale import check_made_from
from neurorules.network.parameters import Parameters, Sizes
from neurorules.options import Options
from neurorules.provenance.versions import versions

if TYPE_CHECKING:
    import torch
    import xarray as xr
    from numpy.typing import NDArray

# Stages of training that tables and figures compare.
UNTRAINED, TRAINED = "untrained", "trained"
STAGES = (UNTRAINED, TRAINED)

# Variables that every run has; a file without them is not a run.
REQUIRED_VARIABLES = ("recurrent", "accuracy", "task_loss")


@dataclass(frozen=True)
class RunOrigin:
    """What a run was made from. Two runs with equal origins are equal.

    Attributes:
        model: the model's resolved options.
        seed: the run's seed.
        learning_rate: the learning rate used in training.
        learning_rate_choice: how it was chosen from a grid, see `read_choice`; None if it was fixed.
        code: hash of the code that training can execute.
        recording: name of the recording that the task takes its trials from, or None.
        recording_sha256: checksum of the recording's file, or None.
    """

    model: Options
    seed: int
    learning_rate: float
    learning_rate_choice: Mapping[str, Any] | None
    code: str
    recording: str | None
    recording_sha256: str | None

    def attributes(self) -> dict[str, Any]:
        """Attributes of the run file, in order, with options, choice and versions as JSON."""
        choice = self.learning_rate_choice
        return {
            "model": canonical_json(self.model.as_dict()),
            "learning_rate": self.learning_rate,
            "learning_rate_choice": None if choice is None else canonical_json(choice),
            "code": self.code,
            "versions": canonical_json(versions()),
            "recording": self.recording,
            "recording_sha256": self.recording_sha256,
            "seed": self.seed,
        }

    def fingerprint(self) -> str:
        """16 hex digits that identify the origin."""
        return short_hash(self.attributes())


@dataclass(frozen=True)
class Checkpoint:
    """A network at one point in its training.

    Attributes:
        parameters: (parameter,) flat effective parameters, after applying constraints.
        accuracy: normalized accuracy on the test trials.
    """

    parameters: NDArray[Any]
    accuracy: float


def make_run(
    sizes: Sizes,
    checkpoints: Mapping[int, Checkpoint],
    history: NDArray[Any],
    flossing_exponents: NDArray[Any] | None = None,
) -> xr.Dataset:
    """A run's Dataset, without attributes.

    Args:
        sizes: numbers of inputs, units and outputs.
        checkpoints: checkpoints by number of updates completed.
        history: (3, update): task loss, mean square activity, weight of the activity penalty.
        flossing_exponents: (flossing_iteration, exponent), or None without gradient flossing.
    """
    import xarray as xr

    updates = sorted(checkpoints)
    flat = np.stack([checkpoints[update].parameters for update in updates])
    variables: dict[str, Any] = {}
    start = 0
    dimensions = sizes.dimensions()
    for name, shape in sizes.shapes().items():
        stop = start + int(np.prod(shape))
        variables[name] = (("checkpoint", *dimensions[name]), flat[:, start:stop].reshape(len(updates), *shape))
        start = stop
    variables["accuracy"] = ("checkpoint", np.array([checkpoints[update].accuracy for update in updates]))
    for name, values in zip(("task_loss", "mean_square_activity", "penalty_weight"), history, strict=True):
        variables[name] = ("update", values)
    if flossing_exponents is not None:
        variables["flossing_exponents"] = (("flossing_iteration", "exponent"), flossing_exponents)
    return xr.Dataset(variables, coords={"checkpoint": np.array(updates, np.int64)})


def write_run(path: str | Path, run: xr.Dataset, origin: RunOrigin) -> None:
    """Write a run file. Equal runs with equal origins give equal bytes.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    run.attrs = netcdf_attributes(origin.attributes())
    write_dataset(path, run)


def open_run(path: str | Path, asked: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Read a run file.

    Args:
        path: the file.
        asked: attributes that it must have, see `RunOrigin.attributes`; None to accept any.

    Raises:
        StaleResult: its attributes differ from `asked`.
        InputError: it is missing.
        DamagedResult: it cannot be read, or lacks a variable of a run.
    """
    run = open_dataset(path, "a run")
    for name in REQUIRED_VARIABLES:
        if name not in run:
            raise DamagedResult(
                "The run file is incomplete.",
                file=path,
                key=name,
                remedy="Delete this file and run the same snakemake command again to retrain the network.",
            )
    check_made_from("run", path, run.attrs, asked or {})
    return run


def is_run_of(path: str | Path, origin: RunOrigin) -> bool:
    """Whether the file exists and is a complete run with this origin.

    Raises:
        InputError: it exists but cannot be read now, so the answer is not known.
    """
    if not Path(path).exists():
        return False
    try:
        return dict(open_run(path).attrs) == netcdf_attributes(origin.attributes())
    except DamagedResult:
        return False


def checkpoint_index(run: xr.Dataset, stage: str) -> int:
    """Index of the checkpoint of a stage.

    Args:
        run: a run's Dataset.
        stage: one of STAGES.

    Raises:
        ValueError: there is no such stage.
    """
    if stage not in STAGES:
        raise ValueError(f"{stage!r} is not one of the stages {STAGES}")
    return 0 if stage == UNTRAINED else run.sizes["checkpoint"] - 1


def stages_of(run: xr.Dataset) -> tuple[str, ...]:
    """The stages of a run. For a network trained elsewhere, the untrained stage may be missing."""
    return STAGES if run["checkpoint"].values[0] == 0 else (TRAINED,)


def checkpoint_parameters(run: xr.Dataset, checkpoint: int, dtype: torch.dtype | None = None) -> Parameters:
    """The effective parameters of a run's network at a checkpoint, after applying constraints.

    Args:
        run: a run's Dataset.
        checkpoint: index of the checkpoint; negative indices count from the end.
        dtype: None means float32.
    """
    import torch

    arrays = checkpoint_arrays(run, checkpoint)
    n_units = run.sizes["unit"]
    plain = Sizes(run.sizes["task_input"], n_units, run.sizes["output"])
    per_unit = tuple(name for name in arrays if name not in plain.shapes())
    sizes = replace(plain, gates=len(arrays["recurrent"]) // n_units, per_unit=per_unit)
    return Parameters(sizes, dtype=torch.float32 if dtype is None else dtype).load(arrays)


def checkpoint_arrays(run: xr.Dataset, checkpoint: int) -> dict[str, NDArray[Any]]:
    """A run's parameters at a checkpoint as NumPy arrays, by name; see `checkpoint_parameters`."""
    parameters = [name for name, of in run.items() if of.dims[:1] == ("checkpoint",) and of.ndim > 1]
    return {str(name): run[name].values[checkpoint] for name in parameters}


def learning_rate_used(run: xr.Dataset) -> tuple[float, bool]:
    """A run's learning rate, and whether it is at the edge of the grid that it was chosen from."""
    choice = json.loads(run.attrs["learning_rate_choice"])
    rate = float(run.attrs["learning_rate"])
    # It may not be known for networks trained elsewhere. Return the same NaN object, so that equal pairs compare equal.
    return np.nan if np.isnan(rate) else rate, choice is not None and choice["at_edge"]
