"""Fixtures shared by all tests; the study `tiny`, finished once per session, and copies of it to change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.checkout import Checkout

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings, laid out as `raw_dir`; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("NEURORULES_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} does not exist (name a folder in NEURORULES_DATA)")
    return folder


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
