"""From raw files to the one form: find, read, label, check, write."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.files import netcdf_attributes, write_dataset
from neurorules.recordings import load_reader
from neurorules.recordings.recording import check_recording
from neurorules.recordings.sources import find_raw


def convert(entry: Mapping[str, Any], raw_dir: str | None, download_dir: str, code: str, output: str) -> None:
    """Read a recording's raw files and write it as netCDF.

    Args:
        entry: the recording's config: `name`, `reader`, `source`, `options`.
        raw_dir: where raw files are looked for first.
        download_dir: where else.
        code: hash of the code behind the recording.
        output: the netCDF file.

    Raises:
        InputError: raw files are missing, altered, damaged or of another kind, or a condition is missing everywhere.
    """
    raw = find_raw(
        entry["reader"], entry["source"], Path(raw_dir) if raw_dir else None, Path(download_dir), entry["options"]
    )
    if not raw:
        raise InputError(
            "The raw files are not there any more.",
            file=raw_dir or download_dir,
            remedy="Run the same snakemake command again: it downloads what is missing.",
        )
    recording = load_reader(entry["reader"])(raw, {**entry["options"], "source": entry["source"]})
    recording.attrs = netcdf_attributes(
        {**recording.attrs, "name": entry["name"], "code": code, "made_from": dict(entry)}
    )
    check_recording(recording, output)
    write_dataset(output, recording)
    sizes, about = recording.sizes, recording.attrs
    print(
        f"{about['title']}: {sizes['neuron']} neurons, {sizes['condition']} conditions, {sizes['time']} bins of "
        f"{about['bin_width_ms']:g} ms; left out: {about['left_out']}",
        file=sys.stderr,
    )
