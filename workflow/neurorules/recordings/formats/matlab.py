"""MATLAB files up to version 7.2, as scipy reads them."""

from __future__ import annotations

import zlib


def damage() -> tuple[type[Exception], ...]:
    """What scipy raises on files that are cut off or damaged; NotImplementedError is its word for MATLAB 7.3."""
    from scipy.io.matlab import MatReadError

    return (
        MatReadError,
        ValueError,
        TypeError,
        OSError,
        EOFError,
        KeyError,
        IndexError,
        OverflowError,
        MemoryError,  # a size that is none
        zlib.error,
        UnboundLocalError,  # where the class of an array is unknown
    )
