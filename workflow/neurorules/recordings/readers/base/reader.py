"""What every reader offers, and how one is found by name.

A reader is one file in the folder above, named as its entry in resources/recordings.yaml, with

    def read(raw: Sequence[Path], options: Mapping) -> xarray.Dataset

It gets the raw files, which are verified, and the recording's `options` with its `source`. It returns the numbers and
labels of a recording (recordings/recording.py), and as attributes what only the raw files say:

    aligned_to, bin_width_ms, left_out      needed
    time_in_bin                             optional: "edge" or "middle", where in its bin a time lies (bins.py)
    synthetic                               1 if the raw files say that they are synthetic; by default 0
    part                                    optional; where only some of the published files are there: how many. It
                                            becomes part of the title
    others                                  kept, and preferred to the catalogue's (title, licence, citation, source)

It changes no file, and every fault of a raw file is an InputError that names the file. It runs in a child process with
limits on memory and time (io/confined.py); one that reads many files calls `reading(file)` before each, so that a crash
names the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import xarray as xr

Reader = Callable[[Sequence[Path], Mapping[str, Any]], "xr.Dataset"]

READERS = Plugins("recordings.readers", "reader of recordings", "reader", members=("read",))


def load_reader(name: str) -> Reader:
    """The `read` function of a reader; only its own module is imported.

    Raises:
        InputError: there is no such reader.
    """
    read: Reader = READERS.load(name).read
    return read
