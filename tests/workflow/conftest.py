"""The study `tiny`, finished once per session, and copies of it for tests that change something."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from checkout import Checkout


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which nothing was run. Every other one comes from it, whatever happens to the working tree."""
    return Checkout.new(tmp_path_factory.mktemp("pristine") / "checkout")


@pytest.fixture(scope="session")
def finished(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The finished study, undisturbed, by two cores. Tests copy it and leave it as it is."""
    checkout = pristine.copy(tmp_path_factory.mktemp("finished") / "checkout")
    checkout.finish(cores=2)
    return checkout


@pytest.fixture
def fresh(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A checkout in which nothing was run."""
    return pristine.copy(tmp_path / "checkout")


@pytest.fixture
def checkout(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished study."""
    return finished.copy(tmp_path / "checkout")


@pytest.fixture(scope="module")
def two_at_a_time() -> Iterator[Executor]:
    """For many short runs of Snakemake, each in a checkout of its own; what no test waited for is not run."""
    executor = ThreadPoolExecutor(2)
    yield executor
    executor.shutdown(cancel_futures=True)
