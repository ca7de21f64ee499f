"""How much size, memory and time whatever comes from outside may take: downloads and raw files of recordings.

The limits are far above what good files need, so that only a file or a server that is damaged or hostile meets them.
"""

from __future__ import annotations

MIB, GIB = 1 << 20, 1 << 30

# ---- downloads

DOWNLOAD_BYTES = 8 * GIB  # where the catalogue does not say how long the file is
DOWNLOAD_S = 4 * 3600  # all attempts together: the run time that the job asks for
SLOWEST_BYTES_PER_S = 1024
LONGEST_PAUSE_S = 120  # that a busy server may ask for

# ---- raw files

NETCDF_OBJECTS = 10_000  # variables, groups and attributes of one's own rates
RECORDING_BYTES = 2 * GIB  # of all values; 200 neurons in 1000 trials of 500 bins are a fifth of it
MEMBER_BYTES = 256 * MIB  # of one file of an archive, unpacked; the unit files of Mante 2013 have 0.1 MB


def memory_to_read(size: int) -> int:
    """Bytes of memory that reading raw files of `size` bytes together may take beyond the program's own."""
    return 2 * GIB + 20 * size


def seconds_to_read(size: int) -> int:
    """Seconds of computing that reading raw files of `size` bytes together may take."""
    return 60 + 10 * size // MIB


def seconds_to_wait(size: int) -> int:
    """Seconds that may pass meanwhile; more than it computes, as disks are slow and processors shared."""
    return 20 * seconds_to_read(size)
