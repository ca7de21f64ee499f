"""Fixtures of the tests that run Snakemake."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest


@pytest.fixture(scope="module")
def two_at_a_time() -> Iterator[Executor]:
    """Many short runs of Snakemake, each in its own checkout; runs that no test waits for are not started."""
    executor = ThreadPoolExecutor(2)
    yield executor
    executor.shutdown(cancel_futures=True)
