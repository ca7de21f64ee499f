"""What a scoring job has read and computed, shared by all tables that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.io.stale import check_made_from
from neurorules.recordings.recording import open_recording

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.options import Options
    from neurorules.runs.evaluate import TestedNetwork


class Opened:
    """Files that are opened once in a job, and the networks of its runs. One job has one of these, or each table has.

    What is asked of a file is checked for every table.
    """

    def __init__(self) -> None:
        self._recordings: dict[str, xr.Dataset] = {}
        self._runs: dict[str, xr.Dataset] = {}
        self._tested: dict[tuple[str, ...], dict[int, TestedNetwork]] = {}

    def recording(self, file: str | None, asked: Mapping[str, Any] | None) -> xr.Dataset | None:
        """A recording, see `open_recording`; None of no file."""
        if file is None:
            return None
        if file not in self._recordings:
            self._recordings[file] = open_recording(file, asked)
        else:
            check_made_from("recording", file, self._recordings[file].attrs, asked or {})
        return self._recordings[file]

    def runs(self, files: Mapping[int, str], options: Options, asked: Mapping[str, Any]) -> dict[int, xr.Dataset]:
        """Runs by seed, each as it is asked for, see `open_network`."""
        from neurorules.imported.network import open_network  # tables of recordings have no part in it

        for seed, file in files.items():
            asked_of = {**asked, "seed": seed} if asked else None
            if file not in self._runs:
                self._runs[file] = open_network(file, options, asked_of)
            else:
                check_made_from("run", file, self._runs[file].attrs, asked_of or {})
        return {seed: self._runs[file] for seed, file in files.items()}

    def tested(self, files: Mapping[int, str]) -> dict[int, TestedNetwork]:
        """For `ScoredModel.tested` of a model of these run files: what earlier tables of it have asked for."""
        return self._tested.setdefault(tuple(files.values()), {})
