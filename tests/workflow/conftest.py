"""Fixtures of the tests that run Snakemake."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest


@pytest.fixture(scope="module")
def two_at_a_time() -> Iterator[Executor]:
    """For many short runs of Snakemake, each in a checkout of its own; what no test waited for is not run."""
    executor = ThreadPoolExecutor(2)
    yield executor
    executor.shutdown(cancel_futures=True)
