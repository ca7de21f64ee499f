"""Subnormal numbers count as 0 while an update is computed.

Errors that fade over steps, and Adam's means, become numbers below 1e-38 in float32 (1e-308 in float64), which
processors handle slowly: small networks can spend half of an update on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def subnormals_as_zero() -> Iterator[None]:
    """In this thread, on processors that can do so. They do not afterwards, whatever was set before."""
    import torch

    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
