"""From a recording on disk to a tidy table about it; nothing here knows of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.io.tables import write_table
from neurorules.options import Options
from neurorules.recordings.recording import open_recording
from neurorules.tables.base.table_type import load_kind

if TYPE_CHECKING:
    import xarray as xr

# With fewer neurons than this a title says how many: distances to so few say little about the population.
FEW_NEURONS = 30
NO_RECORDING = "no recording"


def recording_labels(task: str, recording: xr.Dataset | None) -> dict[str, Any]:
    """Columns that say what a model was compared with, or took its trials from."""
    if recording is None:
        return {"recording": NO_RECORDING, "recording_title": task, "synthetic": 0}
    neurons = recording.sizes["neuron"]
    few = f", {neurons} neurons only" if neurons < FEW_NEURONS else ""
    return {
        "recording": recording.attrs["name"],
        "recording_title": f"{recording.attrs['title']}{few}",
        "synthetic": int(recording.attrs["synthetic"]),
    }


def describe_recording(kind: str, recording_file: str, options: Mapping[str, Any], code: str, output: str) -> None:
    """Write one kind of table of a recording alone.

    Args:
        kind: a module of this folder with OF = "recording".
        recording_file: the recording.
        options: `comparison` options.
        code: hash of the code behind the table.
        output: CSV.
    """
    recording = open_recording(recording_file)
    labels = {**recording_labels("", recording), "training_code": "", "scoring_code": code}
    write_table(output, load_kind(kind).table(recording, labels, Options(options)))
