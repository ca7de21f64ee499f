"""Lab 2025: evidence integration, condition averages in one .npz file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read the session as a recording, with conditions labelled by evidence.

    Args:
        raw: the session file.
        options: not used.

    Raises:
        InputError: the file is missing, truncated or of another kind, or its arrays do not fit together.
    """
    import xarray as xr

    (path,) = raw
    try:
        with np.load(path) as file:
            rates, time_ms, evidence = (file[name] for name in ("rates", "time_ms", "evidence"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"This is not a complete session file ({error}).",
            file=path,
            remedy="Replace it with a complete session.npz, with rates, time_ms and evidence.",
        ) from error
    if rates.ndim != 3 or rates.shape[:2] != (len(evidence), len(time_ms)):
        raise InputError(
            "The rates are not (condition, time, neuron).",
            file=path,
            key="rates",
            value=rates.shape,
            remedy=f"According to evidence and time_ms, the shape should be ({len(evidence)}, {len(time_ms)}, neuron).",
        )
    return xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates.astype(np.float64), {"units": "spikes/s"})},
        coords={
            "condition": np.arange(len(evidence)),
            "time": ("time", time_ms.astype(np.float64), {"units": "ms"}),
            "neuron": [f"unit{i:03d}" for i in range(1, rates.shape[2] + 1)],
            "evidence": ("condition", evidence),
        },
        attrs={
            "aligned_to": "stimulus onset",
            "bin_width_ms": float(np.diff(time_ms).mean()),
            "left_out": "[]",
        },
    )
