"""Recorded neurons, each dataset read from its raw files into one form (recording.py).

To add a recording: write one file here, named after it, with `read(raw, options) -> xarray.Dataset` that keeps to the
contract in recording.py; give it an entry in resources/recordings.yaml (where its files come from, licence, citation);
and name it in the configuration with one line under `recordings`. An option of its own is
also a key of `recording.options` in workflow/schemas/config.schema.yaml.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

Reader = Callable[[Sequence[Path], Mapping[str, Any]], "xr.Dataset"]


def load_reader(name: str) -> Reader:
    """The `read` function of the recording `name`; only this recording's module is imported.

    Raises:
        InputError: no such recording in resources/recordings.yaml, or no module of that name here.
    """
    from neurorules.recordings import sources

    sources.entry(name)
    if not (Path(__file__).parent / "readers" / f"{name}.py").is_file():
        raise InputError(
            "The recording has an entry in the catalogue but no reader.",
            file=sources.CATALOGUE,
            key=name,
            remedy=f"Write workflow/neurorules/recordings/readers/{name}.py with read(raw, options).",
        )
    return importlib.import_module(f"neurorules.recordings.readers.{name}").read
