"""Limits on the size, memory and time of external data: downloads and raw files of recordings.

The limits are far above what good files need, so only damaged or hostile files and servers reach them.
"""

from __future__ import annotations

MIB, GIB = 1 << 20, 1 << 30

# ---- downloads

DOWNLOAD_BYTES = 8 * GIB  # if the catalogue does not give the file's length
DOWNLOAD_S = 4 * 3600  # all attempts together: the run time that the job requests
SLOWEST_BYTES_PER_S = 1024
LONGEST_PAUSE_S = 120  # the longest that a busy server may ask for

# ---- raw files

NETCDF_OBJECTS = 10_000  # variables, groups and attributes of a file of the user's own rates
RECORDING_BYTES = 2 * GIB  # of all values; 200 neurons in 1000 trials of 500 bins are a fifth of it
MEMBER_BYTES = 256 * MIB  # of one file in an archive, unpacked; the unit files of Mante 2013 have 0.1 MB


def memory_to_read(size: int) -> int:
    """Bytes of memory, beyond the program's own, for reading raw files of `size` bytes in total."""
    return 2 * GIB + 20 * size


def seconds_to_read(size: int) -> int:
    """Seconds of computing for reading raw files of `size` bytes in total."""
    return 60 + 10 * size // MIB


def seconds_to_wait(size: int) -> int:
    """Seconds of waiting for the same; more than of computing, because disks are slow and processors shared."""
    return 20 * seconds_to_read(size)
