"""From raw files to the one form: find, read, label, check, write."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.io.netcdf import netcdf_attributes, write_dataset
from neurorules.recordings import load_reader
from neurorules.recordings.recording import check_recording
from neurorules.recordings.sources import find_raw


def convert(entry: Mapping[str, Any], raw: Sequence[Path], code: str, output: str) -> None:
    """Read a recording's raw files and write it as netCDF.

    Args:
        entry: the recording's config: `name`, `reader`, `source`, `synthetic`, `options`.
        raw: the raw files; of a synthetic recording, the folder that they were written to.
        code: hash of the code behind the recording.
        output: the netCDF file.

    Raises:
        InputError: raw files are missing, altered, damaged or of another kind, or a condition is missing everywhere.
    """
    if entry["synthetic"]:
        raw = find_raw(entry["reader"], entry["source"], raw[0], raw[0], entry["options"])
    recording = load_reader(entry["reader"])(raw, {**entry["options"], "source": entry["source"]})
    if bool(recording.attrs["synthetic"]) != entry["synthetic"]:
        raise InputError(
            "The raw files and the config disagree on whether this recording is synthetic.",
            file=raw[0],
            key=f"recordings.{entry['name']}.synthetic",
            value=entry["synthetic"],
            remedy="Set the key to what the files are, or name the folder of the right files in raw_dir.",
        )
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
