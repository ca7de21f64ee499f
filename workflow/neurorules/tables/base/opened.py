"""What a scoring job has read and computed, shared by all its tables."""

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
    """Files that a job opens only once, and the networks of its runs. A job has one instance, or one per table.

    The attributes required of a file are checked again for every table.
    """

    def __init__(self) -> None:
        self._recordings: dict[str, xr.Dataset] = {}
        self._runs: dict[str, xr.Dataset] = {}
        self._tested: dict[tuple[str, ...], dict[int, TestedNetwork]] = {}

    def recording(self, file: str | None, asked: Mapping[str, Any] | None) -> xr.Dataset | None:
        """A recording, see `open_recording`; None if there is no file."""
        if file is None:
            return None
        if file not in self._recordings:
            self._recordings[file] = open_recording(file, asked)
        else:
            check_made_from("recording", file, self._recordings[file].attrs, asked or {})
        return self._recordings[file]

    def runs(self, files: Mapping[int, str], options: Options, asked: Mapping[str, Any]) -> dict[int, xr.Dataset]:
        """Runs by seed, checked for the required attributes, see `open_network`."""
        from neurorules.imported.network import open_network  # not needed for tables about recordings

        for seed, file in files.items():
            asked_of = {**asked, "seed": seed} if asked else None
            if file not in self._runs:
                self._runs[file] = open_network(file, options, asked_of)
            else:
                check_made_from("run", file, self._runs[file].attrs, asked_of or {})
        return {seed: self._runs[file] for seed, file in files.items()}

    def tested(self, files: Mapping[int, str]) -> dict[int, TestedNetwork]:
        """The value of `ScoredModel.tested` for a model with these run files, shared with earlier tables."""
        return self._tested.setdefault(tuple(files.values()), {})
