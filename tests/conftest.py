"""Fixtures shared by all tests; the study `tiny`, finished once per session, and copies of it to change."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
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
    """The folder of real recordings, laid out like `raw_dir`; tests that need it are skipped if it is absent."""
    folder = Path(os.environ.get("NEURORULES_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} does not exist (name a folder in NEURORULES_DATA)")
    return folder


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first of the processes that run the tests makes, and the others wait for."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / name
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / f"{name}.made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (base / f"{name}.made").touch()
    return folder


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which nothing was run. Every other one comes from it, whatever happens to the working tree."""
    return Checkout(made_once(tmp_path_factory, "pristine", Checkout.new))


@pytest.fixture(scope="session")
def finished(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The finished study, run without interruption on two cores. Tests copy it and do not change it."""
    return Checkout(made_once(tmp_path_factory, "finished", lambda folder: pristine.copy(folder).finish(cores=2)))


@pytest.fixture(scope="session")
def traced(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The finished study, made in a different way.

    One core, a job for each seed, jobs of several models, another hash seed, time zone and locale. Its jobs are traced:
    the folder `traces` says what ran in each, see `trace/sitecustomize.py`.
    """

    def make(folder: Path) -> None:
        checkout = pristine.copy(folder)
        checkout.configure("seeds_per_job", to=1)
        checkout.configure("models_per_job", to=2)
        traces = folder / "traces"
        traces.mkdir()
        trace = {"PYTHONPATH": str(REPOSITORY / "tests/helpers/trace"), "NEURORULES_TRACE": str(traces)}
        running = checkout.start(cores=1, PYTHONHASHSEED="1", TZ="Pacific/Auckland", LC_ALL="C", **trace)
        assert running.end().code == 0, running.said.read_text()

    return Checkout(made_once(tmp_path_factory, "traced", make))


@pytest.fixture
def fresh(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A checkout in which nothing was run."""
    return pristine.copy(tmp_path / "checkout")


@pytest.fixture
def checkout(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished study."""
    return finished.copy(tmp_path / "checkout")
