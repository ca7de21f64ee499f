"""What a run file is: made of a training, written, read, and asked for its parameters.

A run is an xarray.Dataset with

    recurrent, input, bias, initial_state, readout, readout_bias (checkpoint, ...)
                                     parameters at each checkpoint, as the network uses them, constraints included
    checkpoint                       int64 coordinate: updates done, 0 (untrained) and the last included
    accuracy(checkpoint)             normalized accuracy on noise-free test trials
    task_loss(update), mean_square_activity(update), penalty_weight(update)
                                     of the update's own batch, before the update
    flossing_exponents(flossing_iteration, exponent)
                                     optional: with gradient flossing, which comes before the first checkpoint

attrs: model (resolved options as JSON), seed, learning_rate, learning_rate_choice (JSON, or null), code, versions,
recording and recording_sha256 of what the task takes its trials from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import DamagedResult
from neurorules.io.netcdf import open_dataset
from neurorules.network.parameters import Parameters, Sizes

if TYPE_CHECKING:
    import xarray as xr


def as_dataset(
    sizes: Sizes,
    kept: Mapping[int, tuple[np.ndarray, float]],
    history: np.ndarray,
    flossing_exponents: np.ndarray | None = None,
) -> xr.Dataset:
    """A run's content: parameters and accuracy per checkpoint, loss terms per update, exponents as of flossing."""
    import xarray as xr

    updates = sorted(kept)
    flat = np.stack([kept[u][0] for u in updates])
    dims = {
        "recurrent": ("unit", "source_unit"),
        "input": ("unit", "task_input"),
        "bias": ("unit",),
        "initial_state": ("unit",),
        "readout": ("output", "unit"),
        "readout_bias": ("output",),
    }
    variables: dict[str, Any] = {}
    start = 0
    for name, shape in sizes.shapes().items():
        stop = start + int(np.prod(shape))
        variables[name] = (("checkpoint", *dims[name]), flat[:, start:stop].reshape(len(updates), *shape))
        start = stop
    variables["accuracy"] = ("checkpoint", np.array([kept[u][1] for u in updates]))
    for name, values in zip(("task_loss", "mean_square_activity", "penalty_weight"), history, strict=True):
        variables[name] = ("update", values)
    if flossing_exponents is not None:
        variables["flossing_exponents"] = (("flossing_iteration", "exponent"), flossing_exponents)
    return xr.Dataset(variables, coords={"checkpoint": np.array(updates, np.int64)})


def open_run(path: str | Path) -> xr.Dataset:
    """Read a run file.

    Raises:
        InputError: it is missing.
        DamagedResult: it cannot be read, or lacks a variable of a run.
    """
    run = open_dataset(path, "a run")
    for name in ("recurrent", "accuracy", "task_loss"):
        if name not in run:
            raise DamagedResult(
                "The file is not a whole run.",
                file=path,
                key=name,
                remedy="Delete this file and run the same snakemake command again: it is trained anew.",
            )
    return run


def checkpoint_parameters(run: xr.Dataset, checkpoint: int, **tensor: Any) -> Parameters:
    """Parameters of a run at a checkpoint given by its index."""
    at = run.isel(checkpoint=checkpoint)
    sizes = Sizes(at.sizes["task_input"], at.sizes["unit"], at.sizes["output"])
    import torch

    names = sizes.shapes()
    return Parameters(sizes, dtype=tensor.get("dtype", torch.float32)).load({n: at[n].values for n in names})


def choice_of(attrs: Mapping[str, Any]) -> tuple[float, bool]:
    """From a run's attributes, its learning rate and whether that lies at the edge of the grid it was chosen from."""
    choice = json.loads(attrs["learning_rate_choice"])
    return float(attrs["learning_rate"]), choice is not None and choice["at_edge"]
