"""The contract of a reader, and how a reader is found by name.

A reader is one file in the parent folder, with the name of its entry in resources/recordings.yaml and

    def read(raw: Sequence[Path], options: Mapping) -> xarray.Dataset
    NOT_SIMULTANEOUS: str   optional: why its neurons were not recorded together, or why their trials cannot be matched

It gets the raw files, already verified, and the recording's `options` with its `source`. It returns the numbers and
labels of a recording (recordings/recording.py), and these attributes, which only the raw files can give:

    aligned_to, bin_width_ms, left_out      required
    time_in_bin                             optional: "edge" or "middle", the position of a time in its bin (bins.py)
    synthetic                               1 if the raw files say that they are synthetic; default 0
    part                                    optional: if only some published files are there, how many; it becomes part
                                            of the title
    others                                  kept, and preferred to the catalogue's (title, licence, citation, source)

A reader changes no file, and reports every error in a raw file as an InputError with the file's name. It runs in a
child process with limits on memory and time (io/confined.py). A reader of many files calls `reading(file)` before each,
so that a crash can be traced to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import xarray as xr

Reader = Callable[[Sequence[Path], Mapping[str, Any]], "xr.Dataset"]

READERS = Plugins("recordings.readers", "reader of recordings", "reader", members=("read", "NOT_SIMULTANEOUS"))


def load_reader(name: str) -> Reader:
    """The `read` function of a reader; no other reader is imported.

    Raises:
        InputError: no such reader.
    """
    read: Reader = READERS.load(name).read
    return read


def reason_against_simultaneous(name: str) -> str | None:
    """Why the neurons of a reader's files were not recorded together; None if they may have been."""
    reason: str | None = getattr(READERS.load(name), "NOT_SIMULTANEOUS", None)
    return reason
